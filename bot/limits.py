"""What may be asked and spent (`[limits]` in `moa.toml`), checked before any model is called."""

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
"""Two a minute, a whole hour long, is more than a person can read, and less than a script sends."""

HOUR = timedelta(hours=1)

REFUSALS: tuple[Trouble, ...] = (
    "person_budget",
    "channel_budget",
    "workspace_budget",
    "run_budget",
    "hourly_limit",
    "too_many_at_once",
)
"""The troubles of questions that were refused, which ask no model and cost nothing."""


Count = int | Literal["unlimited"]


class Limits(StrictModel):
    """`[limits]` in `moa.toml`. Amounts are US dollars; what is left out is not limited.

    Days and months are those of UTC. A call whose price is unknown counts as no dollars.

    Attributes:
        per_run_usd: what one question may be expected to cost.
        per_person_day_usd, per_channel_day_usd: what may be spent a day, wherever a person asks
            and whoever asks in a channel.
        per_workspace_month_usd: what may be spent a month by all together.
        questions_per_person_hour: questions of one person within any hour.
        at_once_per_person: questions of one person that are worked on or wait at the same time.
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
    def looks_at(self) -> Literal["nothing", "hour", "all"]:
        """What has to be looked up of what went before a question."""
        amounts = (self.per_person_day_usd, self.per_channel_day_usd, self.per_workspace_month_usd)
        if self.at_once_per_person != "unlimited" or any(a is not None for a in amounts):
            return "all"
        return "nothing" if self.questions_per_person_hour == "unlimited" else "hour"

    def tightened(self, chosen: WorkspaceChoice) -> Limits:
        """The limits of a workspace whose admins have chosen some: whichever is smaller holds."""
        return self.model_copy(
            update={
                name: _smaller(getattr(self, name), getattr(chosen, name))
                for name in ("per_person_day_usd", "per_workspace_month_usd")
            }
        )


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """What counts against the limits.

    Attributes:
        person_day_usd, channel_day_usd, workspace_month_usd: what was spent, and what questions
            that are worked on are expected to cost yet.
        person_month_usd: what the person spent this month.
        person_month_questions: the person's questions this month for which a model was called.
        person_hour: the person's questions of the last hour that were not refused.
        hour_since: when the first of these was asked.
        person_at_once: those that have not ended.
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
    """The limits that hold for somebody, and what they have used of them."""

    limits: Limits
    use: BudgetUse


@dataclass(frozen=True, slots=True)
class PipelineStats:
    """What a pipeline's latest runs took: medians. `cost_usd` is None where none was known."""

    runs: int
    seconds: float
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """What was asked and spent in a channel."""

    channel: str
    questions: int
    cost_usd: float


class Spending(Protocol):
    """Knows what was spent, for all processes of the bot."""

    async def use(
        self, team: str, user: str, channel: str | None, now: datetime, *, before: str | None = None
    ) -> BudgetUse:
        """What counts for a person and a channel now; with `before`, ahead of that run alone.

        Without a channel nothing is spent in it.
        """
        ...

    async def hour(self, team: str, user: str, now: datetime, *, before: str) -> BudgetUse:
        """The same of the last hour's questions alone, which is found quickly."""
        ...

    async def measured(self, team: str, pipelines: Iterable[str]) -> Mapping[str, PipelineStats]:
        """What the latest runs of these pipelines took there; those never used are left out."""
        ...

    async def by_channel(self, team: str, now: datetime, most: int) -> Sequence[ChannelUse]:
        """What this month's costliest channels have used, the costliest first."""
        ...


class Budgets:
    """Holds questions to the limits."""

    def __init__(self, limits: Limits, spending: Spending, preferences: Preferences) -> None:
        self.limits = limits
        self._spending = spending
        self._preferences = preferences

    async def admit(self, run: Run) -> None:
        """Let a question through to the models.

        Questions count in the order in which they were asked, and what those before this one are
        expected to cost counts as spent. So of many at once, those that a limit leaves no room for
        are refused, whichever worker begins which first.

        Raises:
            Unanswerable: when a limit is reached, with what the asker is told.
        """
        if run.recorded:
            return  # It was let through before, and a part of it is paid for.
        question = run.question
        limits = await self._limits(question.team)
        team, user, now = question.team, question.user, datetime.now(UTC)
        match limits.looks_at:
            case "nothing":
                return
            case "hour":
                use = await self._spending.hour(team, user, now, before=run.id)
            case "all":
                use = await self._spending.use(team, user, question.channel, now, before=run.id)
        if trouble := reached(limits, use):
            raise Unanswerable(trouble)

    def afford(self, run: Run, plan: Plan, thread: Prompt) -> None:
        """Let a run through whose prompt is known.

        Raises:
            Unanswerable: when it is expected to cost more than one question may.
        """
        most = self.limits.per_run_usd
        if most is not None and not run.recorded and estimate(plan, thread) > most:
            raise Unanswerable("run_budget")

    async def standing(self, team: str, user: str, channel: str | None = None) -> BudgetStatus:
        """The limits that hold for somebody, and what they have used of them by now."""
        use = await self._spending.use(team, user, channel, datetime.now(UTC))
        return BudgetStatus(await self._limits(team), use)

    async def _limits(self, team: str) -> Limits:
        return self.limits.tightened((await self._preferences.choices(team)).workspace)


def reached(limits: Limits, use: BudgetUse) -> Trouble | None:
    """The limit that leaves no room for one more question; None when all do."""
    counted: tuple[tuple[Trouble, float, float | None], ...] = (
        ("too_many_at_once", use.person_at_once, _count(limits.at_once_per_person)),
        ("hourly_limit", use.person_hour, _count(limits.questions_per_person_hour)),
        ("person_budget", use.person_day_usd, limits.per_person_day_usd),
        ("channel_budget", use.channel_day_usd, limits.per_channel_day_usd),
        ("workspace_budget", use.workspace_month_usd, limits.per_workspace_month_usd),
    )
    return next((name for name, used, most in counted if most is not None and used >= most), None)


def estimate(plan: Plan, thread: Prompt) -> float:
    """What a run is expected to cost, in US dollars: an estimate on the safe side.

    Every model is taken to think and write as much as it is given room for, and each later one to
    read all that was written. Retries and a second aggregator are not counted, and a model without
    a known price costs nothing.
    """
    asked, answers, cost = prompt_tokens(thread), 0, 0.0
    for layer in plan.layers:
        profiles = [seat.model.profile for seat in layer.seats]
        outputs = [output_cap(p, "proposer") or 0 for p in profiles]
        calls = zip(profiles, outputs, strict=True)
        cost += sum(_price(profile, asked + answers, output) for profile, output in calls)
        answers = sum(outputs)
    writer, analyst = plan.aggregators[0].profile, plan.analyst
    output = output_cap(writer, "aggregator") or MAX_OUTPUT_RESERVE
    cost += _price(writer, asked + answers, output)
    if analyst:
        output = output_cap(analyst.profile, "analyst") or MAX_OUTPUT_RESERVE
        cost += _price(analyst.profile, asked + answers, output)
    return cost


def next_day(now: datetime) -> datetime:
    """When a day's budget is free again: the next midnight in UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(1)


def next_month(now: datetime) -> datetime:
    """When a month's budget is free again: the first day of the next month in UTC."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(32)).replace(day=1)


def _price(profile: Profile, read: int, written: int) -> float:
    read = min(read, profile.context_window)
    written += profile.reasoning_tokens  # thoughts are paid for like words
    return profile.cost(Usage(input_tokens=read, output_tokens=written)) or 0.0


def _count(most: Count) -> int | None:
    return None if most == "unlimited" else most


def _smaller(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)
