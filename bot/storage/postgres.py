"""Postgres: connections that are kept, and whether the server still holds their other end.

To take a connection from SQLAlchemy's pool for each look, begin a transaction and give it back
costs more than the look. So what happens for each question uses a few that are never given back,
and of which each statement is a transaction by itself until one is begun.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.pq import ConnStatus
from sqlalchemy import Connection, Engine, Executable, event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.storage.redacted_errors import redacted_error
from bot.storage.single import Found, written

KEPT = 8
"""Connections. A transaction takes two milliseconds or so, in which one of them is not free."""

BY_INDEX = b"SET enable_seqscan = off"
"""What is planned while a table is small would read all of it, and is kept as it grows: until the
server has counted the rows anew, a minute later. All that is looked up here has an index."""

LAST_WORDS = 3
"""What is read of a connection that has something to say: a notice, why it ends, its end."""

T = TypeVar("T")


class One(NamedTuple):
    """A connection, for SQLAlchemy all in one transaction without an end, and psycopg's own."""

    connection: AsyncConnection
    raw: psycopg.AsyncConnection[Any]
    cursor: psycopg.AsyncCursor[Any]


class Kept:
    """A few connections for quick transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._room = asyncio.Semaphore(KEPT)
        self._free: list[One] = []

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Look something up; each statement sees what is committed."""
        async with self._one() as one:
            return await one.connection.run_sync(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Change something in a transaction."""
        async with self._one() as one:
            await self._tell(one, b"BEGIN")
            done = await one.connection.run_sync(work)
            await self._tell(one, b"COMMIT")
            return done

    async def look(self, statement: Executable, given: Mapping[str, Any]) -> Found:
        """Look something up by a single statement that is kept (see `written`)."""
        return await self.change(statement, given)

    async def change(self, statement: Executable, given: Mapping[str, Any]) -> Found:
        """Change something by a single statement that is kept (see `written`)."""
        single = written(statement, self._engine.dialect)
        async with self._one() as one:
            cursor = await self._tell(one, single.text.encode(), single.given(given))
            rows = await cursor.fetchall() if cursor.description else ()
            return Found(single.rows(rows), cursor.rowcount)

    async def close(self) -> None:
        """Close them."""
        free, self._free = self._free, []
        for one in free:
            await _let_go(one)

    @asynccontextmanager
    async def _one(self) -> AsyncGenerator[One, None]:
        """One of them. After an error what was begun is undone."""
        async with self._room:
            one = await self._there()
            try:
                yield one
            except BaseException as error:
                # To its end even where the task was cancelled, and is once more.
                await asyncio.shield(asyncio.create_task(self._undo(one, error)))
                raise
            self._free.append(one)

    async def _undo(self, one: One, error: BaseException) -> None:
        """Go back to before an error; a connection that may have been lost with it is given up."""
        if isinstance(error, Exception) and not isinstance(error, SQLAlchemyError):
            with suppress(SQLAlchemyError, OSError):
                await self._tell(one, b"ROLLBACK")
                self._free.append(one)
                return
        await _let_go(one)

    async def _there(self) -> One:
        """The one that was used last, unless the server has closed it; else a new one."""
        while self._free:
            one = self._free.pop()
            if is_there(one.raw):
                return one
            await _let_go(one)
        connection = await self._engine.connect()
        try:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            raw: Any = (await connection.get_raw_connection()).driver_connection
            one = One(connection, raw, raw.cursor())
            await self._tell(one, BY_INDEX)
        except BaseException:
            await asyncio.shield(asyncio.create_task(connection.close()))
            raise
        return one

    async def _tell(
        self, one: One, statement: bytes, given: Mapping[str, Any] | None = None
    ) -> psycopg.AsyncCursor[Any]:
        """Have psycopg run a statement. Raises what SQLAlchemy would."""
        try:
            return await one.cursor.execute(statement, given)
        except psycopg.Error as error:
            raise redacted_error(error, statement.decode(), self._engine.dialect) from error


def replace_lost(engine: Engine) -> None:
    """Have connections replaced that the server has closed, as it does when it is restarted.

    Pinging each one before its use would cost a round trip each time. A connection at rest that
    has been closed can be read from: its end is there. One whose server vanished without a word
    cannot be told from a good one, and fails when it is used.
    """
    event.listen(engine, "checkout", _check)


def is_there(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server has not closed a connection at rest; what it has said is read."""
    if connection.closed:
        return False
    ours = connection.pgconn
    waiting = select.poll()
    waiting.register(ours.socket, select.POLLIN)
    try:
        for _ in range(LAST_WORDS):
            if not waiting.poll(0):
                break
            ours.consume_input()
    except psycopg.OperationalError:
        return False
    return ours.status == ConnStatus.OK


def _check(connection: Any, _record: object, _proxy: object) -> None:
    if not is_there(connection.driver_connection):
        raise DisconnectionError("the server has closed it")


async def _let_go(one: One) -> None:
    """Close a connection, whereby the server undoes what was begun; in the pool it would be odd."""
    with suppress(SQLAlchemyError, psycopg.Error, OSError):
        await one.connection.invalidate()
    with suppress(SQLAlchemyError, psycopg.Error, OSError):
        await one.connection.close()
