"""Limits, checked before any model call: who is refused, the notice, and the cost."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.errors import Trouble
from bot.limits import BudgetStatus, BudgetUse, Limits, estimate, next_day, next_month, reached
from bot.playground.state.models import Channel, User
from bot.slack.ui.blocks import AGAIN
from bot.slack.ui.strings.home import HOME_ADMIN_BUTTON
from bot.slack.ui.strings.troubles import TROUBLES
from bot.slack.ui.usage import usage_lines
from bot.storage.tables import runs, spending
from moa import Plan, Price, Profile, Prompt
from moa.engine.model_request import MAX_OUTPUT_RESERVE, PROPOSER_OUTPUT_TOKENS
from moa.providers.scripted import ScriptedModel
from tests.models.replies import Reply
from tests.slack.home_actions import EVENTS, ended, home, workspace_settings
from tests.stage import Stage, on_stage


def limited(**limits: object) -> str:
    """Return `[limits]` for the end of a `moa.toml`."""
    return "\n[limits]\n" + "".join(f"{name} = {value}\n" for name, value in limits.items())


async def troubles(stage: Stage) -> list[str | None]:
    """Return the troubles of all questions in the run store, in order."""
    await ended(stage)
    query = select(runs.c.trouble).order_by(runs.c.created_at, runs.c.id)
    async with stage.bot.database.connect() as connection:
        return [*(await connection.execute(query)).scalars()]


async def costs(stage: Stage) -> list[float]:
    """Return the cost of each answered question."""
    await ended(stage)
    query = select(runs.c.cost_usd).where(runs.c.state == "answered")
    async with stage.bot.database.connect() as connection:
        return [*(await connection.execute(query)).scalars()]


async def refused(stage: Stage, ts: str, trouble: Trouble, channel: Channel | None = None) -> None:
    """Check that a question was refused with the right text, and that no model was called."""
    asked = len(stage.models.questions)
    told = stage.slack.render(await stage.replied(ts, channel=channel))
    assert TROUBLES[trouble] in told
    assert len(stage.models.questions) == asked


SPENT = {"per_person_day_usd": 0.0001}
"""A budget that the first question uses up."""


async def test_a_person_over_budget_is_refused_and_pays_nothing(tmp_path: Path) -> None:
    """The notice names the limit, when it resets and who can raise it."""
    async with on_stage(tmp_path, extra=limited(**SPENT)) as stage:
        await stage.replied(await stage.ask("The first one?"))
        spent = await costs(stage)
        again = await stage.ask("And a second?")
        await refused(stage, again, "person_budget")
        assert await troubles(stage) == [None, "person_budget"]
        assert await costs(stage) == spent
        other = await stage.ask("Is it only Ana?", user=stage.ben)
        assert "The answer of writer-1." in stage.slack.render(await stage.replied(other))


async def test_only_the_asker_sees_a_commands_refusal(tmp_path: Path) -> None:
    """The same limits apply to commands, and other people see no refusal."""
    async with on_stage(tmp_path, extra=limited(**SPENT)) as stage:
        await stage.replied(await stage.ask("The first one?"))
        before = len(stage.slack.messages(stage.general))
        await stage.slack.command(stage.ana, stage.general, "/moa", "And a second?")
        told = TROUBLES["person_budget"]
        await stage.slack.wait_for(
            lambda: any(
                told in stage.slack.render(m)
                for m in stage.slack.ephemerals(stage.ana, stage.general)
            )
        )
        assert len(stage.slack.messages(stage.general)) == before


async def test_a_channels_budget_applies_to_everyone_in_it(tmp_path: Path) -> None:
    """Another person is refused there too, and is answered elsewhere."""
    async with on_stage(tmp_path, extra=limited(per_channel_day_usd=0.0001)) as stage:
        await stage.replied(await stage.ask("The first one?"))
        await refused(stage, await stage.ask("And mine?", user=stage.ben), "channel_budget")
        direct = stage.slack.dm(stage.ben)
        ts = await stage.slack.post(stage.ben, direct, "And here?")
        shown = stage.slack.render(await stage.replied(ts, channel=direct))
        assert "The answer of writer-1." in shown


async def test_a_workspaces_budget_applies_everywhere(tmp_path: Path) -> None:
    """It applies to everybody in every channel."""
    async with on_stage(tmp_path, extra=limited(per_workspace_month_usd=0.0001)) as stage:
        await stage.replied(await stage.ask("The first one?"))
        direct = stage.slack.dm(stage.ben)
        ts = await stage.slack.post(stage.ben, direct, "And mine?")
        await refused(stage, ts, "workspace_budget", direct)


async def test_one_question_may_be_too_expensive(tmp_path: Path) -> None:
    """A pipeline's expected cost with this thread is checked before any call."""
    async with on_stage(tmp_path, extra=limited(per_run_usd=0.002)) as stage:
        await refused(stage, await stage.ask("What is the risk?"), "run_budget")
        assert await costs(stage) == []


async def test_questions_within_an_hour_are_counted(tmp_path: Path) -> None:
    """A question beyond the limit is refused, and doesn't count for the next hour."""
    async with on_stage(
        tmp_path, extra=limited(questions_per_person_hour=2), default="single"
    ) as stage:
        for text in ("One?", "Two?"):
            await stage.replied(await stage.ask(text))
        for text in ("Three?", "Four?"):
            await refused(stage, await stage.ask(text), "hourly_limit")
        told = await stage.slack.command(stage.ana, stage.general, "/moa", "budget")
        assert "Questions this hour: 0 of 2 left · resets <!date^" in str(told.payload)


async def test_questions_at_once_are_counted(tmp_path: Path) -> None:
    """While one is running, the next one is refused. Retried later, it is answered."""
    gate = asyncio.Event()
    slow = {"writer-1": Reply("At last.", gate=gate)}
    extra = limited(at_once_per_person=1)
    async with on_stage(tmp_path, models=slow, extra=extra, default="single") as stage:
        first = await stage.ask("One?")
        await stage.models.asked(1)
        second = await stage.ask("Two?")
        await refused(stage, second, "too_many_at_once")
        gate.set()
        await stage.replied(first)
        await ended(stage)
        await stage.slack.click(stage.ana, stage.replies(second)[0], AGAIN)
        assert "At last." in stage.slack.render(await stage.replied(second, 2))


@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
async def test_simultaneous_questions_stay_within_a_budget(tmp_path: Path, database: str) -> None:
    """The expected cost of running questions is reserved, so they can't exceed a budget."""
    async with on_stage(tmp_path, database=database, default="single") as stage:
        await stage.replied(await stage.ask("Number 00?"))
        [cost] = await costs(stage)
    budget = 5.5 * cost
    extra = limited(per_workspace_month_usd=f"{budget:.9f}")
    async with on_stage(tmp_path, database=database, extra=extra, default="single") as stage:
        stage.slack.rate_limits.enabled = False
        asked = [f"Number {number:02}?" for number in range(1, 31)]
        for name in "CDEFGH":  # a second local Slack reuses event numbers: skip those of the first
            stage.slack.add_user(name)
        people = [stage.ana, stage.ben]
        ts = await asyncio.gather(
            *(stage.ask(text, user=people[n % 2]) for n, text in enumerate(asked))
        )
        await asyncio.gather(*(stage.replied(one) for one in ts))
        spent = await costs(stage)
        assert len(spent) == 6
        assert sum(spent) <= budget + cost
        assert (await troubles(stage)).count("workspace_budget") == 25
        async with stage.bot.database.connect() as connection:
            stored = (await connection.execute(select(spending.c.cost_usd))).scalars().all()
        assert sum(stored) == pytest.approx(sum(spent))


async def test_the_smaller_of_two_budgets_applies(tmp_path: Path) -> None:
    """Admins can set less than `moa.toml` allows, but never more."""
    extra = limited(per_person_day_usd=5)
    async with on_stage(tmp_path, extra=extra, events=EVENTS) as stage:
        await _set_budget(stage, stage.slack.add_user("Boss", admin=True), "2.5")
        told = await stage.slack.command(stage.ana, stage.general, "/moa", "budget")
        assert "You, today: $2.50 of $2.50 left" in str(told.payload)


async def _set_budget(stage: Stage, admin: User, usd: str) -> None:
    await home(stage, admin, shows=HOME_ADMIN_BUTTON)
    view = await workspace_settings(stage, admin)
    done = await stage.slack.submit(admin, view, {"per_person_day_usd": usd})
    assert done.acknowledged
    assert not done.errors


@pytest.mark.parametrize(
    ("limits", "use", "trouble"),
    [
        ({}, BudgetUse(9e9, 9e9, 9e9, person_hour=119, person_at_once=999), None),
        ({}, BudgetUse(person_hour=120), "hourly_limit"),
        ({"questions_per_person_hour": "unlimited"}, BudgetUse(person_hour=10**6), None),
        ({"at_once_per_person": 2}, BudgetUse(person_at_once=2), "too_many_at_once"),
        ({"per_person_day_usd": 1.0}, BudgetUse(person_day_usd=0.99), None),
        ({"per_person_day_usd": 1.0}, BudgetUse(person_day_usd=1.0), "person_budget"),
        ({"per_channel_day_usd": 1.0}, BudgetUse(channel_day_usd=1.5), "channel_budget"),
        ({"per_workspace_month_usd": 1.0}, BudgetUse(workspace_month_usd=1.5), "workspace_budget"),
    ],
)
def test_which_limit_is_reached(limits: Any, use: BudgetUse, trouble: Trouble | None) -> None:
    """Only configured limits apply, except that questions per hour have a default."""
    assert reached(Limits(**limits), use) == trouble


def test_days_and_months_end_in_utc() -> None:
    """This includes the end of a year, and February in a leap year."""
    night = datetime(2027, 12, 31, 23, 30, tzinfo=UTC)
    assert next_day(night) == next_month(night) == datetime(2028, 1, 1, tzinfo=UTC)
    assert next_month(datetime(2028, 1, 31, tzinfo=UTC)) == datetime(2028, 2, 1, tzinfo=UTC)
    assert next_day(datetime(2028, 2, 28, 5, tzinfo=UTC)) == datetime(2028, 2, 29, tzinfo=UTC)


def test_an_estimate_counts_every_layer_and_its_input() -> None:
    """Each later layer reads the answers of the previous one, the aggregator those of the last."""
    model = _priced(Price(1.0, 10.0), most=100)
    free = ScriptedModel(Profile("free"), [])
    thread = Prompt.of("Why?")
    asked = estimate(Plan.of(aggregator=model), thread) * 1e6 - 1000
    layers = Plan.of([model, model], [model, free], aggregator=model)
    read = 2 * asked + (asked + 200) + (asked + 100 + PROPOSER_OUTPUT_TOKENS)
    assert estimate(layers, thread) == pytest.approx((read + 4 * 1000) / 1e6)
    alone = Plan.of(aggregator=_priced(Price(0.0, 1.0)))
    assert estimate(alone, thread) == pytest.approx(MAX_OUTPUT_RESERVE / 1e6)


def test_an_estimate_counts_reasoning() -> None:
    """Reasoning costs output tokens of its own model, and no other model reads it."""
    profile = Profile("m", max_output_tokens=100, cost=Price(1.0, 10.0).of)
    thread = Prompt.of("Why?")
    plain, thinking = (
        ScriptedModel(replace(profile, reasoning_tokens=spare), []) for spare in (0, 5_000)
    )
    before = estimate(Plan.of([plain, plain], aggregator=plain), thread)
    after = estimate(Plan.of([thinking, thinking], aggregator=thinking), thread)
    assert (after - before) * 1e6 == pytest.approx(3 * 5_000 * 10)


def test_an_estimate_counts_the_cap_of_each_role() -> None:
    """A model that proposes briefly and writes at length has both caps counted."""
    profile = Profile("m", proposer_max_output_tokens=100, cost=Price(0.0, 1.0).of)
    model = ScriptedModel(replace(profile, aggregator_max_output_tokens=3_000), [])
    cost = estimate(Plan.of([model], aggregator=model), Prompt.of("Why?"))
    assert cost * 1e6 == pytest.approx(3_100)


def _priced(price: Price, most: int | None = None) -> ScriptedModel:
    return ScriptedModel(Profile("priced", max_output_tokens=most, cost=price.of), [])


def test_hidden_costs_are_shown_as_percentages() -> None:
    """No text contains an amount of money."""
    limits = Limits(per_person_day_usd=4.0, per_run_usd=1.0, per_workspace_month_usd=10.0)
    standing = BudgetStatus(limits, BudgetUse(1.0, 0.0, 10.0, 7.0, 3))
    lines = usage_lines(standing, datetime(2026, 5, 3, 12, tzinfo=UTC), costs_shown=False)
    assert "$" not in re.sub(r"<!date[^>]*>", "", "\n".join(lines))
    assert "You, today: 75% left" in lines
    assert lines[2].startswith("The workspace, this month: 0% left · resets <!date^1780272000^")
