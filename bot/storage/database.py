"""Opening the database: its URL read, its file made safe, its tables brought up to date."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

from bot.errors import ConfigurationError, Postponed
from bot.storage.hiding import hide_values
from bot.storage.migrating import upgrade

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
BUSY_SECONDS = 15
WRITES = "moa_writes"

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0

PASSING = (OperationalError, InterfaceError)
"""Trouble that may pass: no connection, a server that restarts, a locked or full disk."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


Work = Callable[[Connection], T]
"""What is done within one transaction. It may be done again from the start."""


class DatabaseAway(Postponed, SQLAlchemyError):
    """The database cannot be used now: there is no connection, its disk is locked or full."""


class Database:
    """A database whose tables are up to date.

    What happens for each question goes through `read` and `write`: on SQLite in one thread of its
    own, a whole transaction a visit, which costs a fifth of a visit for each statement. SQLite has
    one writer at a time anyhow, and who finds it taken polls for it; so writers wait in turn here.
    """

    def __init__(self, engine: AsyncEngine, quick: Engine | None) -> None:
        self.engine = engine
        self._quick = quick
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._turn = asyncio.Lock()

    @property
    def dialect(self) -> str:
        """The kind of database: "sqlite" or "postgresql"."""
        return self.engine.dialect.name

    @property
    def file(self) -> Path | None:
        """SQLite's file; None for a database that several machines can work on."""
        return Path(str(self.engine.url.database)) if self._quick else None

    async def read(self, work: Work[T], *, one_moment: bool = False) -> T:
        """Look something up, in a few quick statements.

        Args:
            work: the statements.
            one_moment: whether all of them must see the same state. On SQLite they always do; on
                Postgres each one sees what was committed before it, unless it is asked for more.

        Raises:
            DatabaseAway: when that cannot be done now.
        """
        try:
            return await self._looked_up(work, one_moment=one_moment)
        except PASSING as error:
            raise DatabaseAway(type(error).__name__) from error

    async def write(self, work: Work[T], *, patience_s: float = 0.0) -> T:
        """Change something in a transaction: all of it or, after an error, nothing.

        Args:
            work: the statements.
            patience_s: for how long trouble that may pass (no connection, a locked or full disk) is
                met by trying again. What was committed although the answer was lost is then done
                twice.

        Raises:
            DatabaseAway: when it cannot be used, for all that patience.
        """
        try:
            return await self._written(work)
        except PASSING as error:
            if not patience_s:
                raise DatabaseAway(type(error).__name__) from error
            log.warning("database_trouble", error=type(error).__name__)
        try:
            return await self._insisted(work, patience_s)
        except PASSING as error:
            raise DatabaseAway(type(error).__name__) from error

    async def _insisted(self, work: Work[T], patience_s: float) -> T:
        trying = AsyncRetrying(
            retry=retry_if_exception_type(PASSING),
            wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S),
            stop=stop_after_delay(patience_s),
            reraise=True,
        )
        return await trying(self._written, work)

    def connect(self) -> AsyncConnection:
        """For reading what may take its time: an async context manager."""
        return self.engine.connect()

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection, None]:
        """For writing step by step: a transaction, committed at the end and undone by an error."""
        turn = self._turn if self._quick else nullcontext()
        async with turn, self.engine.connect() as connection:
            await connection.execution_options(**{WRITES: True})
            async with connection.begin():
                yield connection

    async def dispose(self) -> None:
        """Close its connections."""
        await self.engine.dispose()
        if self._quick:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._quick.dispose)
        self._thread.shutdown(wait=False)

    async def _looked_up(self, work: Work[T], *, one_moment: bool) -> T:
        if self._quick:
            return await self._in_thread(self._quick, work, writes=False)
        async with self.engine.connect() as connection:
            if one_moment:
                await connection.execution_options(isolation_level="REPEATABLE READ")
            return await connection.run_sync(work)

    async def _written(self, work: Work[T]) -> T:
        if self._quick:
            async with self._turn:
                return await self._in_thread(self._quick, work, writes=True)
        async with self.engine.connect() as connection, connection.begin():
            return await connection.run_sync(work)

    async def _in_thread(self, engine: Engine, work: Work[T], *, writes: bool) -> T:
        def whole() -> T:
            with (
                engine.connect().execution_options(**{WRITES: writes}) as connection,
                connection.begin(),
            ):
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, whole)


async def open_database(url: str) -> Database:
    """A database whose tables are up to date.

    Args:
        url: `sqlite:///path` or `postgresql://user:password@host/name`.

    Raises:
        ConfigurationError: when the URL cannot be read or the database cannot be used, in words
            that name neither password nor query.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite":
        _try_file(parsed)
    engine = create_async_engine(
        parsed,
        pool_pre_ping=parsed.get_backend_name() == "postgresql",
        hide_parameters=True,  # they hold questions and answers, and errors get into logs
    )
    hide_values(engine.sync_engine)
    quick = _in_step(engine) if parsed.get_backend_name() == "sqlite" else None
    try:
        async with engine.connect() as connection:
            await connection.execution_options(**{WRITES: True})
            await connection.run_sync(upgrade)
    except (SQLAlchemyError, OSError) as error:
        await engine.dispose()
        raise ConfigurationError(_explained(parsed, error)) from None
    return Database(engine, quick)


def _in_step(engine: AsyncEngine) -> Engine:
    """Set SQLite up, and open the same file once more for use in a thread of its own."""
    quick = create_engine(
        engine.url.set(drivername="sqlite"),
        hide_parameters=True,
        connect_args={"check_same_thread": False},
        poolclass=StaticPool,
    )
    for one in (engine.sync_engine, quick):
        event.listen(one, "connect", _prepare_sqlite)
        event.listen(one, "begin", _begin_sqlite)
    return quick


def read_url(url: str) -> URL:
    """The URL with the driver that is used for its database.

    Raises:
        ConfigurationError: when it is not a URL, or of a database that is not supported.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise ConfigurationError(
            "DATABASE_URL is not a database address. Write sqlite:///path/to/file.db or "
            "postgresql://user:password@host/name."
        ) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigurationError(
            "DATABASE_URL names no file. What is only in memory would be lost with the process: "
            "write sqlite:///path/to/file.db."
        )
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise ConfigurationError(
            f"DATABASE_URL names {parsed.get_backend_name()}, which is not supported. Use sqlite "
            "or postgresql."
        )
    return parsed.set(drivername=driver)


def _try_file(url: URL) -> None:
    """Open the file once by itself: a driver's thread that fails to reports it in its own way."""
    connection = None
    try:
        connection = sqlite3.connect(url.database or ":memory:")
        connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise ConfigurationError(_explained(url, error)) from None
    finally:
        if connection is not None:
            connection.close()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Write-ahead log, so that readers and the writer do not wait for each other."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.close()
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock as it begins: it cannot be had any more once it has read."""
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _explained(url: URL, error: Exception) -> str:
    host = url.host or url.query.get("host") or "localhost"  # the second one by a socket's folder
    place = url.database if url.get_backend_name() == "sqlite" else f"{host}/{url.database}"
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    words = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    words = _without_password(words, url, cause)
    return (
        f"The database {place} cannot be used: {words}. Check DATABASE_URL, and that its folder "
        "exists and can be written to (or that the server is running)."
    )


def _without_password(words: str, url: URL, cause: BaseException) -> str:
    """A driver's words with `:password@` made unreadable.

    Where the password stands in them in any other way, only the error's kind is told: a short
    password may be a word of the message, and blotting out single words would make it a riddle.
    """
    for password in filter(None, (url.password, url.query.get("password"))):
        for form in {str(password), quote(str(password), safe="")}:
            words = words.replace(f":{form}@", ":***@")
            if re.search(rf"(?<!\w){re.escape(form)}(?!\w)", words):
                return type(cause).__name__
    return words
