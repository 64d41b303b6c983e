"""Spending and usage, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.limits import ChannelUse
from bot.ports import Question
from bot.storage.database import Database, open_database
from bot.storage.runs import StoredRunStore
from bot.storage.spend_queries import StoredSpending
from bot.storage.tables import runs as runs_table
from bot.storage.tables import spending as table
from moa import Answer, Call, Outcome

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")
CALL = Call("gpt", "proposer", 1, 1, 1, "used", 0.0, 1.5, cost_usd=0.25)
ANSWER = Answer("gpt", 1, 1, "used", "Because.", cost_usd=0.25)


@pytest.fixture
async def opened(database: str) -> AsyncGenerator[Database, None]:
    opened = await open_database(database)
    yield opened
    await opened.dispose()


@pytest.fixture
def runs(opened: Database) -> StoredRunStore:
    return StoredRunStore(opened)


@pytest.fixture
def spending(opened: Database) -> StoredSpending:
    return StoredSpending(opened)


async def ask(
    runs: StoredRunStore, key: str, *, user: str = "U1", channel: str = "C1", team: str = "T1"
) -> str:
    """Return the id of a person's run."""
    question = replace(QUESTION, team=team, channel=channel, user=user, ts=key)
    run_id = await runs.claim(question, [key], "balanced")
    assert run_id is not None
    return run_id


async def answer(runs: StoredRunStore, run_id: str, cost_usd: float | None, seconds: float) -> None:
    """Finish a run with one call."""
    call = replace(CALL, cost_usd=cost_usd)
    await runs.record(run_id, replace(ANSWER, cost_usd=cost_usd), call)
    outcome = Outcome("Reply.", "complete", "balanced", (), None, (call,), seconds)
    await runs.finish(run_id, outcome)
    await runs.delivered(run_id)


async def test_each_call_is_paid_for_once(
    runs: StoredRunStore, spending: StoredSpending, opened: Database
) -> None:
    """Retries and failures cost as well; a restored answer adds nothing."""
    run_id = await ask(runs, "1")
    await runs.charge(run_id, replace(CALL, state="failed"))
    await runs.record(run_id, ANSWER, replace(CALL, attempt=2))
    await runs.record(run_id, ANSWER, replace(CALL, attempt=0))
    await runs.charge(run_id, replace(CALL, role="analyst", cost_usd=None))
    async with opened.connect() as connection:
        rows = (await connection.execute(select(table))).all()
    assert [(r.team, r.channel, r.user, r.questions, r.cost_usd) for r in rows] == [
        ("T1", "C1", "U1", 1, 0.5)
    ]
    use = await spending.use("T1", "U1", "C1", datetime.now(UTC))
    assert (use.person_month_questions, use.person_month_usd) == (1, 0.5)


async def test_a_question_without_model_calls_is_not_counted(
    runs: StoredRunStore, spending: StoredSpending
) -> None:
    """Refused questions, and those that ended before any call, are neither counted nor charged."""
    await runs.fail(await ask(runs, "1"), "person_budget")
    await runs.fail(await ask(runs, "2"), "thread_gone")
    use = await spending.use("T1", "U1", "C1", datetime.now(UTC))
    assert (use.person_month_questions, use.person_month_usd) == (0, 0.0)
    assert use.person_hour == 1, "a refused question doesn't count toward the hourly limit"
    assert use.person_at_once == 0


async def test_usage_is_counted_by_person_channel_and_workspace(
    runs: StoredRunStore, spending: StoredSpending
) -> None:
    """A question counts only for its own person, channel and workspace."""
    places = (("U1", "C1", "T1"), ("U1", "C2", "T1"), ("U2", "C1", "T1"), ("U1", "C1", "T2"))
    for number, (user, channel, team) in enumerate(places):
        run_id = await ask(runs, str(number), user=user, channel=channel, team=team)
        await answer(runs, run_id, 1.0, 2.0)
    use = await spending.use("T1", "U1", "C1", datetime.now(UTC))
    assert (use.person_day_usd, use.channel_day_usd, use.workspace_month_usd) == (2.0, 2.0, 3.0)
    assert (use.person_hour, use.person_month_usd) == (2, 2.0)
    assert (await spending.use("T1", "U1", None, datetime.now(UTC))).channel_day_usd == 0


async def test_a_new_day_and_a_new_month_start_at_zero(
    runs: StoredRunStore, spending: StoredSpending, opened: Database
) -> None:
    """A day's budget resets at midnight UTC, a month's on the first."""
    await answer(runs, await ask(runs, "1"), 1.0, 2.0)
    async with opened.begin() as connection:
        await connection.execute(update(table).values(day="2026-05-31"))
    day = timedelta(days=1)
    now = datetime(2026, 5, 31, 23, 59, tzinfo=UTC)
    use = await spending.use("T1", "U1", "C1", now)
    assert (use.person_day_usd, use.workspace_month_usd) == (1.0, 1.0)
    use = await spending.use("T1", "U1", "C1", now - day)
    assert (use.person_day_usd, use.workspace_month_usd) == (0.0, 1.0)
    use = await spending.use("T1", "U1", "C1", now + day)
    assert (use.person_day_usd, use.channel_day_usd, use.workspace_month_usd) == (0.0, 0.0, 0.0)


async def test_questions_in_progress_count_with_their_usual_cost(
    runs: StoredRunStore, spending: StoredSpending
) -> None:
    """A pipeline's usual cost counts as spent, minus what has been paid already."""
    await answer(runs, await ask(runs, "1"), 1.0, 2.0)
    await answer(runs, await ask(runs, "2", user="U2"), None, 2.0)
    first = await ask(runs, "3")
    await runs.begin(first)
    await runs.record(first, ANSWER, CALL)
    later = await ask(runs, "4", user="U2")
    now = datetime.now(UTC)
    use = await spending.use("T1", "U1", "C1", now)
    assert (use.person_day_usd, use.channel_day_usd) == (2.0, 3.0)
    before = await spending.use("T1", "U1", "C1", now, before=first)
    assert before.workspace_month_usd == 1.25, "its own cost doesn't count"
    assert before.person_at_once == 0
    before = await spending.use("T1", "U2", "C1", now, before=later)
    assert before.workspace_month_usd == 2.0, "earlier questions count, paid or not"


async def test_only_earlier_questions_count_against_a_question(
    runs: StoredRunStore, spending: StoredSpending
) -> None:
    """Each of many concurrent questions has its own rank, so exactly as many pass as fit."""
    asked = [await ask(runs, str(number)) for number in range(5)]
    now = datetime.now(UTC)
    uses = [await spending.use("T1", "U1", "C1", now, before=run_id) for run_id in asked]
    assert [use.person_at_once for use in uses] == [0, 1, 2, 3, 4]
    assert [use.person_hour for use in uses] == [0, 1, 2, 3, 4]


async def test_the_last_hour_is_a_sliding_window(
    runs: StoredRunStore, spending: StoredSpending, opened: Database
) -> None:
    """A question counts for an hour after it was asked."""
    now = datetime.now(UTC)
    for number, minutes in enumerate((61, 59, 1)):
        run_id = await ask(runs, str(number))
        async with opened.begin() as connection:
            moved = update(runs_table).where(runs_table.c.id == run_id)
            at = now - timedelta(minutes=minutes)
            await connection.execute(moved.values(created_at=at))
    use = await spending.use("T1", "U1", None, now)
    assert use.person_hour == 2
    assert use.hour_since == now - timedelta(minutes=59)


async def test_pipelines_are_measured_by_their_latest_runs(
    runs: StoredRunStore, spending: StoredSpending
) -> None:
    """Medians of answered runs are used; an unknown cost is left out, not counted as 0."""
    for number, (cost, seconds) in enumerate(((1.0, 2.0), (3.0, 4.0), (None, 90.0))):
        await answer(runs, await ask(runs, str(number)), cost, seconds)
    await runs.fail(await ask(runs, "failed"), "no_answer")
    found = await spending.measured("T1", ["balanced", "deep"])
    assert [*found] == ["balanced"]
    one = found["balanced"]
    assert (one.runs, one.seconds, one.cost_usd) == (3, 4.0, 2.0)
    assert await spending.measured("T2", ["balanced"]) == {}


async def test_the_channels_with_the_highest_cost_come_first(
    runs: StoredRunStore, spending: StoredSpending
) -> None:
    """The list has their question counts, and at most as many channels as requested."""
    for number, (channel, cost) in enumerate((("C1", 1.0), ("C2", 5.0), ("C3", 0.1), ("C1", 1.0))):
        await answer(runs, await ask(runs, str(number), channel=channel), cost, 1.0)
    found = await spending.by_channel("T1", datetime.now(UTC), 2)
    assert found == [ChannelUse("C2", 1, 5.0), ChannelUse("C1", 2, 2.0)]
