"""Usage limits and budgets (`[limits]` in `moa.toml`), checked before any model is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from pydantic import Field, field_validator

from bot.errors import Trouble, Unanswerable
from bot.ports import Run
from bot.preferences import Preferences, WorkspaceChoice
from moa import Plan, Profile, Prompt, Usage
from moa.engine.model_request import MAX_OUTPUT_RESERVE, output_cap
from moa.pipeline.strict_model import StrictModel
from moa.pipeline.token_budget import prompt_tokens

QUESTIONS_AN_HOUR = 120
"""The default hourly limit. Two a minute is more than a person can read, and less than a script
sends."""

HOUR = timedelta(hours=1)

REFUSALS: tuple[Trouble, ...] = (
    "person_budget",
    "channel_budget",
    "workspace_budget",
    "run_budget",
    "hourly_limit",
    "too_many_at_once",
)
"""The reasons for refusing a question. A refused question calls no model and costs nothing."""


Count = int | Literal["unlimited"]


class Limits(StrictModel):
    """`[limits]` in `moa.toml`. Amounts are in US dollars; None means no limit.

    Days and months are in UTC. A call whose price is unknown counts as $0.

    Attributes:
        per_run_usd: the highest estimated cost of one question.
        per_person_day_usd, per_channel_day_usd: the daily budget of a person across all channels,
            and of a channel across all people.
        per_workspace_month_usd: the workspace's monthly budget.
        questions_per_person_hour: questions per person in any hour.
        at_once_per_person: questions per person in progress or queued at the same time.
    """

    per_run_usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    per_person_day_usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    per_channel_day_usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    per_workspace_month_usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    questions_per_person_hour: Count = QUESTIONS_AN_HOUR
    at_once_per_person: Count = "unlimited"

    @field_validator("questions_per_person_hour", "at_once_per_person")
    @classmethod
    def _is_count(cls, value: Count) -> Count:
        if value != "unlimited" and value < 1:
            raise ValueError('must be at least 1, or "unlimited"')
        return value

    @property
    def usage_needed(self) -> Literal["nothing", "hour", "all"]:
        """Which usage must be looked up before a question is answered."""
        amounts = (self.per_person_day_usd, self.per_channel_day_usd, self.per_workspace_month_usd)
        if self.at_once_per_person != "unlimited" or any(a is not None for a in amounts):
            return "all"
        return "nothing" if self.questions_per_person_hour == "unlimited" else "hour"

    def tightened(self, chosen: WorkspaceChoice) -> Limits:
        """Return these limits combined with a workspace's own; the smaller value wins."""
        return self.model_copy(
            update={
                name: _smaller(getattr(self, name), getattr(chosen, name))
                for name in ("per_person_day_usd", "per_workspace_month_usd")
            }
        )


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """Usage that counts against the limits.

    Attributes:
        person_day_usd, channel_day_usd, workspace_month_usd: spent, plus the estimated cost of
            questions in progress.
        person_month_usd: what the person spent this month.
        person_month_questions: the person's questions this month that called a model.
        person_hour: the person's questions in the last hour that weren't refused.
        hour_since: when the first of those was asked.
        person_at_once: the person's unfinished questions.
    """

    person_day_usd: float = 0.0
    channel_day_usd: float = 0.0
    workspace_month_usd: float = 0.0
    person_month_usd: float = 0.0
    person_month_questions: int = 0
    person_hour: int = 0
    hour_since: datetime | None = None
    person_at_once: int = 0


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """A person's limits and their usage so far."""

    limits: Limits
    use: BudgetUse


@dataclass(frozen=True, slots=True)
class PipelineStats:
    """Medians of a pipeline's latest runs. `cost_usd` is None if no cost is known."""

    runs: int
    seconds: float
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """Questions and cost in a channel."""

    channel: str
    questions: int
    cost_usd: float


class Spending(Protocol):
    """Reads usage across all processes of the bot."""

    async def use(
        self, team: str, user: str, channel: str | None, now: datetime, *, before: str | None = None
    ) -> BudgetUse:
        """Return the usage of a person and a channel; with `before`, only what precedes that run.

        Without a channel, the channel's usage is 0.
        """
        ...

    async def hour(self, team: str, user: str, now: datetime, *, before: str) -> BudgetUse:
        """Return the usage of the last hour's questions only, which is a fast query."""
        ...

    async def measured(self, team: str, pipelines: Iterable[str]) -> Mapping[str, PipelineStats]:
        """Return statistics of these pipelines' latest runs; pipelines never used are left out."""
        ...

    async def by_channel(self, team: str, now: datetime, limit: int) -> Sequence[ChannelUse]:
        """Return this month's most expensive channels, the most expensive first."""
        ...


class Budgets:
    """Checks questions against the limits."""

    def __init__(self, limits: Limits, spending: Spending, preferences: Preferences) -> None:
        self.limits = limits
        self._spending = spending
        self._preferences = preferences

    async def admit(self, run: Run) -> None:
        """Check the limits before any model is called.

        Questions count in the order in which they were asked, and the estimated cost of earlier
        ones counts as spent. If several arrive at once, the same ones are refused no matter which
        worker starts first.

        Raises:
            Unanswerable: a limit is reached.
        """
        if run.recorded:
            return  # Already admitted by an earlier attempt, with some calls paid for.
        question = run.question
        limits = await self._limits(question.team)
        team, user, now = question.team, question.user, datetime.now(UTC)
        match limits.usage_needed:
            case "nothing":
                return
            case "hour":
                use = await self._spending.hour(team, user, now, before=run.id)
            case "all":
                use = await self._spending.use(team, user, question.channel, now, before=run.id)
        if trouble := reached(limits, use):
            raise Unanswerable(trouble)

    def afford(self, run: Run, plan: Plan, thread: Prompt) -> None:
        """Check the estimated cost of a run whose prompt is known.

        Raises:
            Unanswerable: the estimate exceeds the limit per question.
        """
        limit = self.limits.per_run_usd
        if limit is not None and not run.recorded and estimate(plan, thread) > limit:
            raise Unanswerable("run_budget")

    async def admit_cost(self, team: str, user: str, channel: str, cost_usd: float) -> None:
        """Check that something that may cost this much fits every budget.

        Raises:
            Unanswerable: a limit is reached, or would be exceeded.
        """
        limits = await self._limits(team)
        use = await self._spending.use(team, user, channel, datetime.now(UTC))
        if trouble := reached(limits, use) or exceeded(limits, use, cost_usd):
            raise Unanswerable(trouble)

    async def left(self, team: str, user: str, channel: str) -> float | None:
        """Return what is left of the smallest budget in US dollars; None without a budget."""
        limits = await self._limits(team)
        use = await self._spending.use(team, user, channel, datetime.now(UTC))
        budgets = _budgets(limits, use)
        return min((most - used for _, used, most in budgets if most is not None), default=None)

    async def status(self, team: str, user: str, channel: str | None = None) -> BudgetStatus:
        """Return a person's limits and their usage so far."""
        use = await self._spending.use(team, user, channel, datetime.now(UTC))
        return BudgetStatus(await self._limits(team), use)

    async def _limits(self, team: str) -> Limits:
        return self.limits.tightened((await self._preferences.choices(team)).workspace)


def reached(limits: Limits, use: BudgetUse) -> Trouble | None:
    """Return the first limit that has been reached, or None."""
    checks: tuple[tuple[Trouble, float, float | None], ...] = (
        ("too_many_at_once", use.person_at_once, _count(limits.at_once_per_person)),
        ("hourly_limit", use.person_hour, _count(limits.questions_per_person_hour)),
        *_budgets(limits, use),
    )
    return next((name for name, used, limit in checks if limit is not None and used >= limit), None)


def exceeded(limits: Limits, use: BudgetUse, cost_usd: float) -> Trouble | None:
    """Return the first budget that this cost would exceed, or None."""
    for name, used, limit in _budgets(limits, use):
        if limit is not None and used + cost_usd > limit:
            return name
    return None


def _budgets(limits: Limits, use: BudgetUse) -> tuple[tuple[Trouble, float, float | None], ...]:
    return (
        ("person_budget", use.person_day_usd, limits.per_person_day_usd),
        ("channel_budget", use.channel_day_usd, limits.per_channel_day_usd),
        ("workspace_budget", use.workspace_month_usd, limits.per_workspace_month_usd),
    )


def estimate(plan: Plan, thread: Prompt) -> float:
    """Estimate a run's cost in US dollars, on the safe side.

    Assumes that every model reasons and writes up to its limits, and that each later model reads
    all of it. Ignores retries and a second aggregator. A model without a known price costs nothing.
    """
    input_tokens, answer_tokens, cost = prompt_tokens(thread), 0, 0.0
    for layer in plan.layers:
        profiles = [seat.model.profile for seat in layer.seats]
        outputs = [output_cap(p, "proposer") or 0 for p in profiles]
        calls = zip(profiles, outputs, strict=True)
        cost += sum(
            _price(profile, input_tokens + answer_tokens, output) for profile, output in calls
        )
        answer_tokens = sum(outputs)
    aggregator, analyst = plan.aggregators[0].profile, plan.analyst
    output = output_cap(aggregator, "aggregator") or MAX_OUTPUT_RESERVE
    cost += _price(aggregator, input_tokens + answer_tokens, output)
    if analyst:
        output = output_cap(analyst.profile, "analyst") or MAX_OUTPUT_RESERVE
        cost += _price(analyst.profile, input_tokens + answer_tokens, output)
    return cost


def next_day(now: datetime) -> datetime:
    """Return when the daily budget resets: the next midnight UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(1)


def next_month(now: datetime) -> datetime:
    """Return when the monthly budget resets: the first day of next month, UTC."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(32)).replace(day=1)


def _price(profile: Profile, input_tokens: int, output_tokens: int) -> float:
    input_tokens = min(input_tokens, profile.context_window)
    output_tokens += profile.reasoning_tokens  # reasoning is billed as output
    return profile.cost(Usage(input_tokens=input_tokens, output_tokens=output_tokens)) or 0.0


def _count(limit: Count) -> int | None:
    return None if limit == "unlimited" else limit


def _smaller(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)
