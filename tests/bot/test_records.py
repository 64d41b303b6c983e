"""Lists in the run store and deletions, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from bot.storage.call_log import StoredCallLog
from bot.storage.database import Database
from bot.storage.feedback import StoredFeedback
from bot.storage.question_history import StoredHistory
from bot.storage.retention import DeletionScope, Retention
from bot.storage.run_listing import latest_runs
from bot.storage.runs import StoredRunStore
from bot.storage.tables import metadata, runs
from tests.bot.test_storage import ANSWER, CALL, QUESTION

LATE = replace(CALL, position=2, state="late", attempt=2, usage=None, cost_usd=None)


@pytest.fixture
def run_store(opened: Database) -> StoredRunStore:
    return StoredRunStore(opened)


async def asked(
    run_store: StoredRunStore, ts: str, *, user: str = "U1", team: str = "T1", ends: bool = True
) -> str:
    """Return the id of a person's run with one answer and one post."""
    question = replace(QUESTION, ts=ts, thread_ts=ts, user=user, team=team)
    run_id = await run_store.claim(question, (f"message:{team}:{ts}",), "balanced")
    assert run_id is not None
    await run_store.record(run_id, ANSWER, CALL)
    await run_store.posted(run_id, f"{ts}1")
    if ends:
        await run_store.delivered(run_id)
    return run_id


async def set_age(opened: Database, run_id: str, days: int) -> None:
    """Change the claim time of a run to this many days ago."""
    moment = datetime.now(UTC) - timedelta(days=days)
    async with opened.begin() as connection:
        await connection.execute(update(runs).where(runs.c.id == run_id).values(created_at=moment))


async def sizes(opened: Database) -> dict[str, int]:
    """Return the number of rows of each table that has any."""
    async with opened.connect() as connection:
        found = {
            name: await connection.scalar(select(func.count()).select_from(table))
            for name, table in metadata.tables.items()
        }
    return {name: size for name, size in found.items() if size}


async def test_a_persons_latest_questions_come_newest_first(
    opened: Database, run_store: StoredRunStore
) -> None:
    """The list contains only that person's questions in that workspace, up to the limit."""
    for number in range(3):
        run_id = await asked(run_store, f"{number}.0001")
        await set_age(opened, run_id, days=3 - number)
    await asked(run_store, "8.0001", user="U2")
    await asked(run_store, "9.0001", team="T2")
    found = await StoredHistory(opened).latest("T1", "U1", 2)
    assert [earlier.ts for earlier in found] == ["2.0001", "1.0001"]
    assert found[0].state == "answered"
    assert found[0].created_at.tzinfo is not None


async def test_a_thread_with_a_question_is_known(
    opened: Database, run_store: StoredRunStore
) -> None:
    """Workspace, channel and thread all count: the same ts elsewhere is another thread."""
    await asked(run_store, "1.0001")
    history = StoredHistory(opened)
    assert await history.was_asked_in("T1", "C1", "1.0001")
    assert not await history.was_asked_in("T2", "C1", "1.0001")
    assert not await history.was_asked_in("T1", "C2", "1.0001")
    assert not await history.was_asked_in("T1", "C1", "1.0002")


async def test_the_call_log_is_read_as_it_was_written(
    opened: Database, run_store: StoredRunStore
) -> None:
    """Every call is listed in order of its end; unknown values stay unknown, never 0."""
    run_id = await asked(run_store, "1.0001")
    await run_store.charge(run_id, LATE)
    assert await StoredCallLog(opened).of(run_id) == [CALL, LATE]


async def test_an_operator_lists_the_latest_runs(
    opened: Database, run_store: StoredRunStore
) -> None:
    """The newest come first; a filter lists only unfinished runs."""
    old, live, new = (
        await asked(run_store, "1.0001"),
        await asked(run_store, "2.0001", ends=False),
        await asked(run_store, "3.0001"),
    )
    for run_id, days in ((old, 3), (live, 2), (new, 1)):
        await set_age(opened, run_id, days)
    assert [run.id for run in await latest_runs(opened, limit=2)] == [new, live]
    assert [run.id for run in await latest_runs(opened, state="live")] == [live]
    assert [run.id for run in await latest_runs(opened, state="answered")] == [new, old]


async def test_the_latest_feedback_on_a_reply_counts(
    opened: Database, run_store: StoredRunStore
) -> None:
    """A person has one rating and one best answer, no matter how often and fast they click."""
    run_id = await asked(run_store, "1.0001")
    feedback = StoredFeedback(opened)
    await asyncio.gather(*(feedback.judge(run_id, "U1", "helpful", "") for _ in range(5)))
    await feedback.judge(run_id, "U1", "not_helpful", "Too long.\x00")
    await asyncio.gather(*(feedback.choose_best(run_id, "U1", "1-1") for _ in range(5)))
    await feedback.choose_best(run_id, "U1", "1-2")
    assert await feedback.best_of(run_id, "U1") == "1-2"
    assert await feedback.best_of(run_id, "U2") is None
    assert (await sizes(opened))["feedback"] == 2
    await feedback.clear_best(run_id, "U1", "1-2")
    assert await feedback.best_of(run_id, "U1") is None


async def test_old_runs_are_deleted_with_everything_that_belongs_to_them(
    opened: Database, run_store: StoredRunStore
) -> None:
    """Answers, calls, posts, claims and feedback go too; recent and unfinished runs stay."""
    old, live, young = (
        await asked(run_store, "1.0001"),
        await asked(run_store, "2.0001", ends=False),
        await asked(run_store, "3.0001"),
    )
    await StoredFeedback(opened).judge(old, "U1", "helpful", "")
    await set_age(opened, old, days=91)
    await set_age(opened, live, days=91)
    await set_age(opened, young, days=89)
    await Retention(opened).delete_older(days=90)
    assert await run_store.get(old) is None
    left = {"runs": 2, "claims": 2, "answers": 2, "ledger": 2, "posts": 2}
    assert await sizes(opened) == left | {"spending": 1}
    assert [unfinished.run_id for unfinished in await run_store.unfinished()] == [live]


async def test_a_persons_data_is_deleted_on_demand(
    opened: Database, run_store: StoredRunStore
) -> None:
    """Their questions, feedback and spending are deleted; other people's stay."""
    hers, his = await asked(run_store, "1.0001"), await asked(run_store, "2.0001", user="U2")
    await StoredFeedback(opened).judge(his, "U1", "helpful", "")
    await StoredFeedback(opened).judge(his, "U2", "helpful", "")
    retention, whose = Retention(opened), DeletionScope(team="T1", user="U1")
    gone = [run_id async for some in retention.purge(whose) for run_id in some]
    await retention.forget(whose)
    assert gone == [hers]
    assert await retention.live(whose) == 0
    names = ("runs", "claims", "answers", "ledger", "posts", "spending", "feedback")
    assert await sizes(opened) == dict.fromkeys(names, 1)
