"""The queue statistics of the run store, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.ports import Question, QueueStats
from bot.storage.database import Database, open_database
from bot.storage.runs import StoredRunStore
from bot.storage.tables import runs as table


@pytest.fixture
async def opened(database: str) -> AsyncGenerator[Database, None]:
    opened = await open_database(database)
    yield opened
    await opened.dispose()


async def claimed(opened: Database, number: int, *, age_s: float) -> str:
    """Return the id of a question asked this long ago."""
    ts = f"{number}.000100"
    question = Question("T1", "C1", "U1", ts, ts, "Why?", "mention")
    run_id = await StoredRunStore(opened).claim(question, (ts,), "balanced")
    assert run_id is not None
    asked_at = datetime.now(UTC) - timedelta(seconds=age_s)
    async with opened.begin() as connection:
        aged = update(table).where(table.c.id == run_id).values(created_at=asked_at)
        await connection.execute(aged)
    return run_id


async def test_the_queue_is_counted_by_state_with_the_oldest_of_each(opened: Database) -> None:
    """Ended runs are not counted; a run's age is the time since the question was asked."""
    runs = StoredRunStore(opened)
    ages = {"waiting": (30.0, 300.0), "running": (60.0, 600.0), "over": (9_000.0, 9_000.0)}
    ids = {
        state: [await claimed(opened, i, age_s=age) for i, age in enumerate(two, start)]
        for start, (state, two) in zip((1, 3, 5), ages.items(), strict=True)
    }
    for run_id in (*ids["running"], *ids["over"]):
        await runs.begin(run_id)
    answered, failed = ids["over"]
    await runs.delivered(answered)
    await runs.fail(failed, "internal")
    queue = await runs.queue()
    assert (queue.waiting, queue.running) == (2, 2)
    assert 300 <= queue.oldest_waiting_s < 590
    assert 600 <= queue.oldest_running_s < 890


async def test_a_clock_set_back_gives_no_negative_age(opened: Database) -> None:
    """A question from the future has the age 0."""
    await claimed(opened, 1, age_s=-600.0)
    assert await StoredRunStore(opened).queue() == QueueStats(1, 0, 0.0, 0.0)


async def test_an_empty_queue_is_reported_as_empty(opened: Database) -> None:
    """Nothing waits, and there is no oldest run."""
    assert await StoredRunStore(opened).queue() == QueueStats(0, 0, 0.0, 0.0)
