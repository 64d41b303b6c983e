"""Deleting leaves nothing in any table: a new table cannot be forgotten.

The rows are made from the columns, so that a table which is added later takes part.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Column, DateTime, Text, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database, open_database
from bot.storage.erasure import erase
from bot.storage.retention import DeletionScope, Retention
from bot.storage.runs import StoredRunStore
from bot.storage.tables import ledger, metadata
from moa import Answer, Call

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
SECRET = "the words of a person"

SAID: dict[str, Any] = {
    "team": "T1",
    "user": "U1",
    "author": "U1",
    "preferences.id": "U1",
    "is_model": False,
    "phase": "closed",
    "day": "2025-01-01",
}
"""What the condition of a deletion asks for, by column, or by table and column."""

SHARED = {"brainstorms", "brainstorm_calls", "brainstorm_questions", "ideas", "ballots"}
"""Tables that a deleted question has nothing to do with."""


def value(column: Column[Any]) -> object:
    """Return something that fits a column."""
    for key in (str(column), column.name):
        if key in SAID:
            return SAID[key]
    if column.foreign_keys or column.name == "id":
        return "1"
    if isinstance(column.type, DateTime):
        return LONG_AGO
    return SECRET if isinstance(column.type, Text) else column.type.python_type(1)


async def filled(database: Database) -> None:
    """Store one row in every table: a question, a brainstorm, and all that hangs on them."""
    async with database.begin() as connection:
        for table in metadata.sorted_tables:
            given = [column for column in table.columns if column.autoincrement is not True]
            row = {column.name: value(column) for column in given}
            await connection.execute(insert(table).values(row))


async def kept(database: Database) -> list[str]:
    """Return the tables that still have rows."""
    async with database.connect() as connection:
        counts = {
            table.name: await connection.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
        }
    return [name for name, count in counts.items() if count]


@pytest.mark.parametrize("whose", [DeletionScope(team="T1"), DeletionScope(user="U1")], ids=str)
async def test_a_purge_leaves_no_row_in_any_table(opened: Database, whose: DeletionScope) -> None:
    """Neither of a workspace nor of a person who asked, began and wrote everything."""
    await filled(opened)
    assert len(await kept(opened)) == len(metadata.tables)
    retention = Retention(opened)
    assert [ids async for ids in retention.purge(whose)] == [["1"]]
    await retention.forget(whose)
    assert await kept(opened) == []


async def test_a_deleted_question_leaves_no_words_in_any_table(opened: Database) -> None:
    """Columns of free text are empty or gone wherever a question has rows; costs stay."""
    await filled(opened)
    async with opened.begin() as connection:
        await erase(connection, "1", LONG_AGO)
    assert await with_words(opened) <= SHARED | {"preferences"}


async def test_a_worker_that_was_cut_off_adds_no_words(opened: Database) -> None:
    """It may have an answer, or a provider's reason, when its question was erased elsewhere."""
    await filled(opened)
    async with opened.begin() as connection:
        await erase(connection, "1", LONG_AGO)
    late = StoredRunStore(opened)
    answer = Answer("red", 1, 2, "used", text=SECRET, seconds=1.0)
    call = Call("red", "proposer", 1, 2, 1, "failed", 0.0, 1.0, cost_usd=0.5, reason=SECRET)
    await late.record("1", answer, call)
    await late.charge("1", call)
    assert await with_words(opened) <= SHARED | {"preferences"}
    async with opened.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(ledger)) == 3


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize("first", ["storing", "erasing"])
@pytest.mark.parametrize("what", ["answer", "call"])
async def test_words_that_arrive_during_a_deletion_do_not_stay(
    opened: Database, database: str, first: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the two transactions, the second waits for the first. SQLite has one writer at a time."""
    await filled(opened)
    answer = Answer("red", 1, 2, "used", text=SECRET, seconds=1.0)
    call = Call("red", "proposer", 1, 2, 1, "failed", 0.0, 1.0, cost_usd=0.5, reason=SECRET)
    begin, written, commit = opened.begin, asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def begin_and_wait() -> AsyncGenerator[AsyncConnection, None]:
        async with begin() as connection:
            yield connection
            written.set()
            await commit.wait()

    async def store(runs: StoredRunStore) -> None:
        await (runs.record("1", answer, call) if what == "answer" else runs.charge("1", call))

    async def delete(runs: StoredRunStore) -> None:
        await runs.fail("1", "thread_gone", attempt=1)

    other = await open_database(database)
    steps = [store, delete] if first == "storing" else [delete, store]
    try:
        monkeypatch.setattr(opened, "begin", begin_and_wait)
        earlier = asyncio.create_task(steps[0](StoredRunStore(opened)))
        await written.wait()
        later = asyncio.create_task(steps[1](StoredRunStore(other)))
        await asyncio.wait([later], timeout=0.3)
        commit.set()
        await asyncio.gather(earlier, later)
        assert await with_words(other) <= SHARED | {"preferences"}
    finally:
        await other.dispose()


async def with_words(database: Database) -> set[str]:
    """Return the tables where a person's words are left."""
    found: set[str] = set()
    async with database.connect() as connection:
        for table in metadata.sorted_tables:
            texts = [column for column in table.columns if isinstance(column.type, Text)]
            rows = await connection.execute(select(*texts)) if texts else ()
            found |= {table.name for row in rows if SECRET in row}
    return found
