"""SQLite: a lock held by another process, errors, and the size of the write-ahead log."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import ConfigurationError
from bot.ports import Question
from bot.storage.database import DatabaseAway, open_database
from bot.storage.runs import StoredRunStore
from bot.storage.sqlite import exclusive

MEGABYTE = 1024 * 1024
NO_FILE = "SELECT missing FROM nothing"


def question(number: int) -> Question:
    """Return one of many questions, each with a different text."""
    ts = f"{number}.000100"
    return Question("T1", "C1", "U1", ts, ts, f"Question {number}? " + "words " * 200, "mention")


async def stored(run_store: StoredRunStore, number: int) -> str | None:
    """Claim a question."""
    return await run_store.claim(question(number), (f"message:{number}",), "balanced")


async def test_a_lock_of_another_process_blocks_only_writes(tmp_path: Path) -> None:
    """While a write waits, the event loop runs and reads work."""
    database = await open_database(f"sqlite:///{tmp_path / 'bot.db'}")
    run_store = StoredRunStore(database)
    first = await stored(run_store, 1)
    assert first is not None
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [asyncio.create_task(stored(run_store, number)) for number in (2, 3)]
        for _ in range(20):
            run = await run_store.get(first)
            assert run is not None
            await asyncio.sleep(0.01)
        assert not any(task.done() for task in waiting)
        other.execute("ROLLBACK")
    assert all(await asyncio.gather(*waiting))
    await database.dispose()


async def test_a_transaction_works_after_an_error(tmp_path: Path) -> None:
    """A broken transaction is rolled back, and the file can be used as before."""
    database = await open_database(f"sqlite:///{tmp_path / 'bot.db'}")

    async def breaks() -> None:
        async with database.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO preferences VALUES ('T', 'workspace', 'T', '{}', 'U', 0)"
            )
            await connection.exec_driver_sql(NO_FILE)

    with pytest.raises(SQLAlchemyError):
        await breaks()
    async with database.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM preferences")) == 0
    assert await stored(StoredRunStore(database), 1)
    await database.dispose()


async def test_the_write_ahead_log_does_not_grow_forever(tmp_path: Path) -> None:
    """It is checkpointed while questions come in, however many they are."""
    database = await open_database(f"sqlite:///{tmp_path / 'bot.db'}")
    run_store = StoredRunStore(database)
    for number in range(1_000):
        run_id = await stored(run_store, number)
        assert run_id
        await run_store.fail(run_id, "internal")
        await asyncio.sleep(0.001)  # as the service does for a question
    assert (tmp_path / "bot.db-wal").stat().st_size < 24 * MEGABYTE
    await database.dispose()
    with closing(sqlite3.connect(tmp_path / "bot.db")) as other:
        assert other.execute("SELECT count(*) FROM runs").fetchone() == (1_000,)


async def test_a_lock_that_stays_counts_as_a_database_that_is_away(tmp_path: Path) -> None:
    """A write that can't begin ends as `DatabaseAway`, and the next one works."""
    file = tmp_path / "bot.db"
    database = await open_database(f"sqlite:///{file}")
    await database.dispose()  # so that all connections are new, and impatient
    event.listen(database.engine.sync_engine, "connect", shorten_lock_wait)
    run_store = StoredRunStore(database)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseAway):
            await stored(run_store, 1)
        other.execute("ROLLBACK")
    assert await stored(run_store, 1)
    await database.dispose()


def shorten_lock_wait(connection: Any, _record: object) -> None:
    """Have SQLite wait 10 ms for a lock."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10")
    cursor.close()


def test_a_second_process_on_a_file_is_refused(tmp_path: Path) -> None:
    """The message names the file and the remedy; after the first process ends, one can start."""
    file = tmp_path / "bot.db"
    refused = pytest.raises(ConfigurationError, match=r"Another moa-bot .*bot\.db.*DATABASE_URL")
    with exclusive(file), refused, exclusive(file):
        pass
    with exclusive(file):
        pass


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    """A lock file that cannot be created gets a clear message."""
    (tmp_path / "folder").touch()
    refused = pytest.raises(ConfigurationError, match="can't be locked")
    with refused, exclusive(tmp_path / "folder" / "bot.db"):
        pass
