"""Opens the database, runs transactions, and waits while the database is briefly unavailable."""

from __future__ import annotations

import asyncio
import select
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import (
    DisconnectionError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

from bot.errors import ConfigurationError, Postponed
from bot.logs import OutageLog
from bot.storage.database_url import explain, read_url
from bot.storage.error_redaction import redact_errors
from bot.storage.migrate import upgrade
from bot.storage.sqlite import BEGIN, check_file, set_up, warn_of_readers

CONNECTIONS = 8
"""The most connections of a process; many processes share one Postgres server."""

KEEPALIVES = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""How libpq detects a server that vanished: on idle connections by keepalives (intervals in
seconds, and their count), on others by data not acknowledged for these milliseconds (by default 15
minutes). Source: https://www.postgresql.org/docs/current/libpq-connect.html
"""

PATIENCE_S = 60.0
"""How long a running question waits for an unavailable database. A restart takes seconds."""

RELEASE_S = 5.0
"""Seconds to wait at the end for connections in use."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0

TRANSIENT = (OperationalError, InterfaceError, NoConnectionFree, sqlite3.OperationalError)
"""Errors that may pass: no connection, a server that restarts, a locked or full disk. The last one
comes from the driver itself when a transaction begins."""

READ_ONLY = "25006"
"""The SQLSTATE of a write to a server that accepts none. After a failover, that may be the old
primary; then another connection leads to the new one."""

T = TypeVar("T")


class DatabaseAway(Postponed, SQLAlchemyError):
    """The database is unavailable: there is no connection, or its disk is locked or full."""


class Database:
    """A database with up-to-date tables.

    All methods that connect raise `DatabaseAway` for errors that may pass. The first such error is
    logged as `database_away`, and the first success after it as `database_back`.

    Args:
        engine: connects to the database.
        autocommit: an engine whose statements are transactions by themselves. On SQLite, `engine`
            is one, unless its execution option `BEGIN` is set.
        is_new: whether the tables were just created.
    """

    def __init__(
        self, engine: AsyncEngine, autocommit: AsyncEngine, *, is_new: bool = False
    ) -> None:
        self.engine = engine
        self.is_new = is_new
        self.outage = OutageLog("database")
        self._in_use = 0
        self._unused = asyncio.Event()
        self._unused.set()
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._autocommit = autocommit
        # An engine's options are set once, a connection's at every use.
        self._transactions = engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})
        # SQLite allows one writer at a time. Waiting here is fair; SQLite's own wait polls.
        lock = asyncio.Lock()
        self._writer: AbstractAsyncContextManager[Any] = lock if self._is_sqlite else nullcontext()

    @property
    def file(self) -> Path | None:
        """SQLite's file; None for Postgres."""
        return Path(str(self.engine.url.database)) if self._is_sqlite else None

    @property
    def dsn(self) -> str:
        """The URL without a driver, as libpq expects it. It contains the password."""
        url = self.engine.url
        plain = url.set(drivername=url.get_backend_name(), query={**KEEPALIVES, **url.query})
        return plain.render_as_string(hide_password=False)

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[AsyncConnection, None]:
        """Open a connection without a transaction: each statement sees the latest commit."""
        async with self._open(self._autocommit) as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[AsyncConnection, None]:
        """Open a connection whose reads all see the same moment."""
        options = {BEGIN: "BEGIN"} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        async with self._open(self.engine) as connection:
            # Not an option of an engine: if it were cancelled while the level is set, the pool
            # would not get its connection back.
            yield await connection.execution_options(**options)

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection, None]:
        """Open a transaction for writing, committed at the end, or rolled back after an error."""
        opened = self._open(self._transactions)
        async with self._writer, opened as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def single(self) -> AsyncGenerator[AsyncConnection, None]:
        """Open a connection for one writing statement, which is a transaction by itself."""
        async with self._writer, self.connect() as connection:
            yield connection

    async def patiently(
        self, work: Callable[[AsyncConnection], Awaitable[T]], *, single: bool = False
    ) -> T:
        """Run a transaction, retrying for `PATIENCE_S` while the database is unavailable.

        Args:
            work: the statements. They run twice if the response to a commit was lost.
            single: whether only one of the statements writes.
        """
        opened = self.single if single else self.begin
        try:
            return await self._transaction(work, opened)
        except DatabaseAway:
            trying = AsyncRetrying(
                retry=retry_if_exception_type(DatabaseAway),
                wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S),
                stop=stop_after_delay(PATIENCE_S),
                reraise=True,
            )
            return await trying(self._transaction, work, opened)

    async def _transaction(
        self,
        work: Callable[[AsyncConnection], Awaitable[T]],
        opened: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
    ) -> T:
        async with opened() as connection:
            return await work(connection)

    @asynccontextmanager
    async def _open(self, engine: AsyncEngine) -> AsyncGenerator[AsyncConnection, None]:
        self._in_use += 1
        self._unused.clear()
        try:
            with self._transient_errors():
                async with engine.connect() as connection:
                    yield connection
        finally:
            self._in_use -= 1
            if not self._in_use:
                self._unused.set()

    @contextmanager
    def _transient_errors(self) -> Generator[None, None, None]:
        try:
            yield
        except (*TRANSIENT, InternalError) as error:
            if isinstance(error, InternalError) and not _is_read_only(error.orig):
                raise
            self.outage.start(error)
            raise DatabaseAway(type(error).__name__) from error
        self.outage.end()

    async def dispose(self) -> None:
        """Close all connections. One that is in use would stay open, so wait for its release."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RELEASE_S):
                await self._unused.wait()
        await self.engine.dispose()
        await self._autocommit.dispose()


async def open_database(url: str) -> Database:
    """Open a database and upgrade its tables.

    Args:
        url: `sqlite:///path` or `postgresql://user:password@host/name`.

    Raises:
        ConfigurationError: the URL is invalid or the database can't be used. The message contains
            neither the password nor the query.
    """
    parsed = read_url(url)
    engine, autocommit = _engines(parsed)
    try:
        if parsed.get_backend_name() == "sqlite":
            check_file(parsed)
        async with engine.connect() as connection:
            await connection.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})
            is_new = await connection.run_sync(upgrade)
        warn_of_readers(parsed)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        await engine.dispose()
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError from None  # SQLAlchemy may report that as its own error
        raise ConfigurationError(explain(parsed, error)) from None
    except BaseException:  # a start that is cancelled
        await engine.dispose()
        raise
    return Database(engine, autocommit, is_new=is_new)


def _engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """Return an engine for transactions and one for single statements.

    Postgres' connections are either for transactions or for single statements: switching one back
    and forth takes four turns of the event loop, though no round trip.
    """
    if url.get_backend_name() == "sqlite":
        engine = _engine(url, pool_size=CONNECTIONS)
        set_up(engine.sync_engine)
        return engine, engine
    options = {"pool_size": CONNECTIONS // 2, "connect_args": KEEPALIVES}
    engines = _engine(url, **options), _engine(url, **options, isolation_level="AUTOCOMMIT")
    for engine in engines:
        event.listen(engine.sync_engine, "checkout", _replace_closed)
        event.listen(engine.sync_engine, "handle_error", _replace_read_only)
    return engines


def _engine(url: URL, **options: Any) -> AsyncEngine:
    # Parameters contain questions and answers, and errors end up in logs.
    engine = create_async_engine(url, hide_parameters=True, max_overflow=0, **options)
    redact_errors(engine.sync_engine)
    return engine


def _replace_read_only(context: ExceptionContext) -> None:
    """Make the pool replace connections to a server that accepts no writes."""
    if _is_read_only(context.original_exception):
        context.is_disconnect = True


def _is_read_only(error: BaseException | None) -> bool:
    return getattr(error, "sqlstate", None) == READ_ONLY


def _replace_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Make the pool replace a connection that the server has closed, for example by a restart.

    A pre-ping would detect this too, but accounts for a fifth of all round trips. If there is
    something to read on an idle connection, the server has said goodbye.
    """
    raw: psycopg.AsyncConnection[Any] = connection.driver_connection
    if not raw.closed:
        idle = select.poll()
        idle.register(raw.fileno(), select.POLLIN)
        if not idle.poll(0):
            return
    raise DisconnectionError("the server has closed it")
