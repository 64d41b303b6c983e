"""Opening the database: its URL read, its file made safe, its tables brought up to date."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

import structlog
from sqlalchemy import Connection, Executable, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

from bot.errors import ConfigurationError, Postponed
from bot.storage.migrate import upgrade
from bot.storage.postgres import KEPT, Kept, replace_lost
from bot.storage.redacted_errors import redact_values
from bot.storage.single import Found
from bot.storage.sqlite import WRITES, Quick, set_up

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",  # as many hosting services write it
}

CONNECTIONS = KEPT + 4
"""To Postgres: those of quick transactions, a worker's lock, offers to it, what takes longer."""

KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""Seconds, and how many: a connection whose other end vanished while it was at rest is noticed."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0

PASSING = (OperationalError, InterfaceError, NoneFree)
"""Trouble that may pass: no connection, a server that restarts, a locked or full disk."""

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)


Work = Callable[[Connection], T]
"""What is done within one transaction. It may be done again from the start."""


class DatabaseAway(Postponed, SQLAlchemyError):
    """The database cannot be used now: there is no connection, its disk is locked or full."""


class Database:
    """A database whose tables are up to date.

    What happens for each question goes through `look` and `change`, a statement each, and through
    `read` and `write`, which have ways of their own with each kind of database (see
    `bot.storage.sqlite` and `bot.storage.postgres`). What may take longer has `survey`, `connect`
    and `begin`.
    """

    def __init__(self, engine: AsyncEngine, quick: Quick | Kept) -> None:
        self.engine = engine
        self._quick = quick

    @property
    def dialect(self) -> str:
        """The kind of database: "sqlite" or "postgresql"."""
        return self.engine.dialect.name

    @property
    def file(self) -> Path | None:
        """SQLite's file; None for a database that several machines can work on."""
        return Path(str(self.engine.url.database)) if self._is_sqlite else None

    @property
    def _is_sqlite(self) -> bool:
        return isinstance(self._quick, Quick)

    async def read(self, work: Work[T]) -> T:
        """Look something up in a few quick statements, each of which sees what is committed.

        Raises:
            DatabaseAway: when that cannot be done now.
        """
        return await self._patiently(0.0, self._quick.read, work)

    async def survey(self, work: Work[T]) -> T:
        """Look something up that may take its time; all statements see the same moment.

        Raises:
            DatabaseAway: when that cannot be done now.
        """
        try:
            async with self.engine.connect() as connection:
                if not self._is_sqlite:  # on SQLite a transaction always sees one moment
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                return await connection.run_sync(work)
        except PASSING as error:
            raise DatabaseAway(type(error).__name__) from error

    async def write(self, work: Work[T], *, patience_s: float = 0.0) -> T:
        """Change something in a quick transaction: all of it or, after an error, nothing.

        Args:
            work: the statements.
            patience_s: for how long trouble that may pass (no connection, a locked or full disk) is
                met by trying again. What was committed although the answer was lost is then done
                twice.

        Raises:
            DatabaseAway: when it cannot be used, for all that patience.
        """
        return await self._patiently(patience_s, self._quick.write, work)

    async def look(self, statement: Executable, given: Mapping[str, Any]) -> Found:
        """Look something up by a single statement that is kept (see `bot.storage.single`).

        Raises:
            DatabaseAway: when that cannot be done now.
        """
        return await self._patiently(0.0, self._quick.look, statement, given)

    async def change(
        self, statement: Executable, given: Mapping[str, Any], *, patience_s: float = 0.0
    ) -> Found:
        """Change something by a single statement that is kept; otherwise as `write`."""
        return await self._patiently(patience_s, self._quick.change, statement, given)

    async def _patiently(
        self,
        patience_s: float,
        act: Callable[P, Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        try:
            return await act(*args, **kwargs)
        except PASSING as error:
            if not patience_s:
                raise DatabaseAway(type(error).__name__) from error
            log.warning("database_trouble", error=type(error).__name__)
        trying = AsyncRetrying(
            retry=retry_if_exception_type(PASSING),
            wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S),
            stop=stop_after_delay(patience_s),
            reraise=True,
        )
        try:
            return await trying(act, *args, **kwargs)
        except PASSING as error:
            raise DatabaseAway(type(error).__name__) from error

    def connect(self) -> AsyncConnection:
        """For reading what may take its time: an async context manager."""
        return self.engine.connect()

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection, None]:
        """For writing step by step: a transaction, committed at the end and undone by an error."""
        turn = self._quick.turn if isinstance(self._quick, Quick) else nullcontext()
        async with self.engine.connect() as connection:
            await connection.execution_options(**{WRITES: True})
            async with turn, connection.begin():
                yield connection

    async def dispose(self) -> None:
        """Close its connections."""
        await self._quick.close()
        await self.engine.dispose()


async def open_database(url: str) -> Database:
    """A database whose tables are up to date.

    Args:
        url: `sqlite:///path` or `postgresql://user:password@host/name`.

    Raises:
        ConfigurationError: when the URL cannot be read or the database cannot be used, in words
            that name neither password nor query.
    """
    parsed = read_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite:
        _try_file(parsed)
    engine = create_async_engine(
        parsed,
        hide_parameters=True,  # they hold questions and answers, and errors get into logs
        pool_size=CONNECTIONS,
        max_overflow=0,
        connect_args={} if is_sqlite else KEEPALIVES,
    )
    redact_values(engine.sync_engine)
    quick: Quick | Kept
    if is_sqlite:
        set_up(engine.sync_engine)
        quick = Quick(parsed)
    else:
        replace_lost(engine.sync_engine)
        quick = Kept(engine)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(**{WRITES: True})
            await connection.run_sync(upgrade)
    except (SQLAlchemyError, OSError) as error:
        await Database(engine, quick).dispose()
        raise ConfigurationError(_explained(parsed, error)) from None
    return Database(engine, quick)


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
    if not parsed.database:
        raise ConfigurationError(
            "DATABASE_URL names a server, and no database on it. Write "
            "postgresql://user:password@host/name."
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


def _explained(url: URL, error: Exception) -> str:
    host = url.host or url.query.get("host") or "localhost"  # the second one by a socket's folder
    is_file = url.get_backend_name() == "sqlite"
    place = url.database if is_file else f"{host}/{url.database}"
    check = (
        "its folder exists and can be written to"
        if is_file
        else "the server runs and its user may create tables there"
    )
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    words = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    words = _without_password(words, url, cause)
    return f"The database {place} cannot be used: {words}. Check DATABASE_URL, and that {check}."


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
