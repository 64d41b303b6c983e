"""SQLite: how a file is set up, and quick transactions on the event loop itself.

A transaction takes a tenth of a millisecond or two, in which next to nothing waits: a commit is a
write into the system's cache, but for the first one after the write-ahead log was brought in, which
has the log's head written to the disk. Handing it to a thread and back takes several times as long,
and more where both want Python's interpreter at once. What does wait is done by a thread: for the
lock where another process holds it, and for the disk when the log is brought into the file.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, Executable, create_engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from bot.storage.redacted_errors import redacted_error
from bot.storage.single import Found, written

WRITES = "moa_writes"
"""The execution option of a connection whose transactions change something."""

BUSY_S = 15
"""Seconds that a thread waits for SQLite's lock; the loop does not wait at all."""

LOG_PAGES = 1_000
"""Pages of 4 kB in the write-ahead log after which SQLite brings it into the file; its default."""

LOG_WRITES = 250
"""Transactions on the loop after which a thread does that: each writes a few pages."""

LONGEST_LOG = 16 * 1024 * 1024
"""Bytes; a longer one is brought into the file to its end, and made shorter again."""

BRING_LOG_IN = "PRAGMA wal_checkpoint(PASSIVE)"

BEGIN_READING, BEGIN_WRITING = "BEGIN", "BEGIN IMMEDIATE"

BASIC_CODE = 0xFF
"""The bits of SQLite's error codes that name the kind (https://www.sqlite.org/rescode.html)."""

NAMED = SQLiteDialect_pysqlite(paramstyle="named")
"""Parameters go to the driver by their names."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Quick:
    """A SQLite file, open for the loop, and once more for a thread that may wait.

    Attributes:
        turn: held by whoever writes. SQLite has one writer at a time anyhow, and who finds it taken
            would look again and again.
    """

    def __init__(self, url: URL) -> None:
        self.turn = asyncio.Lock()
        self._here = _engine(url, busy_s=0, log_pages=0, begins=False)
        self._log = Path(f"{url.database}-wal")
        self._there = _engine(url, busy_s=BUSY_S, log_pages=LOG_PAGES)
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._kept: tuple[Connection, sqlite3.Connection] | None = None
        self._written = 0
        self._tidying: asyncio.Task[None] | None = None

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Look something up; all statements see the same moment."""
        return await self._done(work, BEGIN_READING, writes=False)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Change something in a transaction, in turn."""
        return await self._in_turn(work, BEGIN_WRITING)

    async def look(self, statement: Executable, given: Mapping[str, Any]) -> Found:
        """Look something up by a single statement that is kept (see `written`)."""
        return await self._done(partial(run, statement, given), None, writes=False)

    async def change(self, statement: Executable, given: Mapping[str, Any]) -> Found:
        """Change something by a single statement that is kept, in turn (see `written`)."""
        return await self._in_turn(partial(run, statement, given), None)

    async def _in_turn(self, work: Callable[[Connection], T], begin: str | None) -> T:
        async with self.turn:
            done = await self._done(work, begin, writes=True)
        self._written += 1
        if self._written >= LOG_WRITES and self._tidying is None:
            self._written = 0
            self._tidying = asyncio.create_task(self._tidy_log(), name="sqlite log")
        return done

    async def close(self) -> None:
        """Close the file."""
        if self._tidying:
            await self._tidying
        self._let_go()
        self._here.dispose()
        await self._in_thread(self._there.dispose)
        self._thread.shutdown(wait=False)

    async def _done(self, work: Callable[[Connection], T], begin: str | None, *, writes: bool) -> T:
        """At once; where another process holds SQLite's lock, as soon as it is free."""
        try:
            return self._at_once(work, begin)
        except OperationalError as error:
            if not _is_taken(error):
                raise
        return await self._in_thread(lambda: self._patiently(work, writes=writes))

    def _at_once(self, work: Callable[[Connection], T], begin: str | None) -> T:
        connection, raw = self._connection()
        if begin:
            _tell(raw, begin)
        try:
            done = work(connection)
            if begin:
                _tell(raw, "COMMIT")
        except BaseException:
            # What an error leaves of SQLAlchemy's connection is not looked into.
            self._let_go()
            raise
        return done

    def _connection(self) -> tuple[Connection, sqlite3.Connection]:
        """The one that is kept, and SQLite's own, by which transactions are begun and ended.

        For SQLAlchemy all is one transaction without an end: its own way of beginning and ending
        one costs as much as a statement each.
        """
        if self._kept:
            return self._kept
        connection = self._here.connect()
        self._kept = connection, _driver(connection)
        return self._kept

    def _patiently(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        with (
            self._there.connect().execution_options(**{WRITES: writes}) as connection,
            connection.begin(),
        ):
            return work(connection)

    def _let_go(self) -> None:
        if self._kept:
            connection, raw = self._kept
            self._kept = None
            with suppress(sqlite3.Error):
                raw.rollback()
            connection.close()

    async def _tidy_log(self) -> None:
        """Bring the log into the file, beside others' work.

        A log is only begun anew when nothing was left in it. Where somebody always writes in the
        meantime it grows, and once in a long while the rest is brought in on the loop.
        """
        try:
            await self._in_thread(self._bring_log_in)
            if self._log.stat().st_size > LONGEST_LOG and not self.turn.locked():
                _, raw = self._connection()
                raw.execute(BRING_LOG_IN)
        except (sqlite3.Error, SQLAlchemyError, OSError) as error:
            log.warning("log_not_brought_in", error=type(error).__name__)
        finally:
            self._tidying = None

    def _bring_log_in(self) -> None:
        connection = self._there.raw_connection()  # SQLAlchemy would begin a transaction for it
        try:
            connection.cursor().execute(BRING_LOG_IN)
        finally:
            connection.close()

    async def _in_thread(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)


def set_up(
    engine: Engine, *, busy_s: float = BUSY_S, log_pages: int = LOG_PAGES, begins: bool = True
) -> None:
    """Have an engine use the write-ahead log, so that readers and the writer need not wait.

    Args:
        engine: of SQLite, not yet connected.
        busy_s: seconds to wait for SQLite's lock.
        log_pages: in the log, after which a commit brings it into the file; 0 for never.
        begins: whether SQLAlchemy's transactions are SQLite's.
    """

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={int(busy_s * 1000)}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={log_pages}")
        cursor.execute(f"PRAGMA journal_size_limit={LONGEST_LOG}")
        cursor.close()
        connection.isolation_level = None  # transactions are begun by `_begin`

    event.listen(engine, "connect", prepare)
    if begins:
        event.listen(engine, "begin", _begin)


def _engine(url: URL, *, busy_s: float, log_pages: int, begins: bool = True) -> Engine:
    engine = create_engine(
        url.set(drivername="sqlite"),
        hide_parameters=True,
        connect_args={"check_same_thread": False},
        poolclass=StaticPool,
    )
    set_up(engine, busy_s=busy_s, log_pages=log_pages, begins=begins)
    return engine


def _begin(connection: Connection) -> None:
    """A writer takes the lock as it begins: it cannot be had any more once it has read."""
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql(BEGIN_WRITING if writes else BEGIN_READING)


def run(statement: Executable, given: Mapping[str, Any], connection: Connection) -> Found:
    """Run a statement that is kept (see `written`), by itself or as one of a transaction."""
    single = written(statement, NAMED)
    try:
        cursor = _driver(connection).execute(single.text, single.given(given))
        rows = single.rows(cursor.fetchall())  # all of them, which ends the statement
    except sqlite3.Error as error:
        raise redacted_error(error, single.text, connection.dialect) from error
    return Found(rows, cursor.rowcount)


def _driver(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _tell(raw: sqlite3.Connection, statement: str) -> None:
    """Begin or end a transaction. Raises OperationalError, as SQLAlchemy would."""
    try:
        raw.execute(statement)
    except sqlite3.OperationalError as error:
        raise OperationalError(statement, None, error) from error


def _is_taken(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & BASIC_CODE in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
