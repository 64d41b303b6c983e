"""Which workers live. One that dies is noticed by what it held: a lock that its death frees."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import ConfigurationError

log = structlog.get_logger(__name__)

LOCKS = 0x6D6F61
"""The first of the two numbers of our advisory locks ("moa"); the second is the worker's."""

LEADER = 0
"""The second number of the lock that the leader holds."""

NAME_BITS = 31

LOOK_S = 5.0
"""Seconds that a look may take: a connection whose other end has vanished never answers."""

KEEPALIVE = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
"""Postgres settings, all set to 2: a machine that vanished is noticed after some 6 s."""


class Membership(Protocol):
    """One worker's place among the others."""

    worker: str
    """This worker's name: no other has or had it."""

    is_alone: bool
    """Whether there can be no other worker."""

    sure_after_s: float
    """Seconds without being seen that mean a worker's death: it may only have lost its connection,
    and is then back with its next look."""

    async def look(self) -> ClusterView:
        """Who lives now."""
        ...

    async def leave(self) -> None:
        """Stop being there."""
        ...


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What one look showed.

    Attributes:
        workers: the names of all that live; None when it could not be seen.
        leads: whether this worker is the one that takes runs from dead ones.
    """

    workers: frozenset[str] | None
    leads: bool


def new_name() -> str:
    """A worker's name: a number that a Postgres lock can carry."""
    return str(secrets.randbits(NAME_BITS - 1) + 1)


class SingleProcess:
    """The one process of an SQLite file, by a lock file beside it.

    Raises:
        ConfigurationError: when another process has the file.
    """

    is_alone = True
    sure_after_s = 0.0

    def __init__(self, database: Path) -> None:
        self.worker = new_name()
        self._lock = FileLock(f"{database}.lock", blocking=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise ConfigurationError(
                f"Another moa-bot is working on {database}. Stop it first, or set DATABASE_URL to "
                "a Postgres database, on which any number can work together."
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"{database}.lock cannot be locked ({error.strerror}). Check that its folder can "
                "be written to."
            ) from None

    async def look(self) -> ClusterView:
        """Only this one."""
        return ClusterView(frozenset({self.worker}), leads=True)

    async def leave(self) -> None:
        """Free the lock file."""
        self._lock.release()


class PostgresMembership:
    """One of many processes on a Postgres database, each with an advisory lock of its session.

    Source: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """

    is_alone = False
    sure_after_s = 2.5

    def __init__(self, engine: AsyncEngine) -> None:
        self.worker = new_name()
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._is_there = False
        self._leads = False

    async def look(self) -> ClusterView:
        """Who holds a lock. After a lost connection this worker's own is taken anew, at once."""
        for _ in range(2):
            try:
                async with asyncio.timeout(LOOK_S):
                    return await self._look()
            except (SQLAlchemyError, OSError) as error:  # OSError holds TimeoutError as well
                log.warning("presence_lost", error=type(error).__name__)
                await self.leave()
        return ClusterView(None, leads=False)

    async def leave(self) -> None:
        """Give the locks up with their connection."""
        connection, self._connection = self._connection, None
        self._is_there = self._leads = False
        if connection:
            with suppress(SQLAlchemyError, OSError):
                await connection.invalidate()
            with suppress(SQLAlchemyError, OSError):
                await connection.close()

    async def _look(self) -> ClusterView:
        connection = self._connection or await self._enter()
        # Where a lost connection is not yet given up by the server, it holds our lock, and that
        # would go with it one day: so we ask for it until it is this connection's.
        self._is_there = self._is_there or await self._locked(connection, int(self.worker))
        self._leads = self._leads or await self._locked(connection, LEADER)
        held = await connection.execute(
            text(
                "SELECT objid::text FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND classid = :locks AND objsubid = 2 AND objid <> :leader AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            {"locks": LOCKS, "leader": LEADER},
        )
        return ClusterView(frozenset(held.scalars()), leads=self._leads)

    async def _enter(self) -> AsyncConnection:
        connection = await self._engine.connect()
        self._connection = connection
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        for setting in KEEPALIVE:
            await connection.execute(
                text("SELECT set_config(:name, '2', false)"), {"name": setting}
            )
        return connection

    async def _locked(self, connection: AsyncConnection, number: int) -> bool:
        query = text("SELECT pg_try_advisory_lock(:locks, :number)")
        return bool(await connection.scalar(query, {"locks": LOCKS, "number": number}))
