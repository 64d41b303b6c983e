"""Passing a run on to another worker (`bot.ports.Relay`), by a notification of Postgres.

Source: https://www.postgresql.org/docs/current/sql-notify.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database, DatabaseAway

NOTIFY = select(func.pg_notify(bindparam("channel"), bindparam("run_id")))


class PostgresRelay:
    """`bot.ports.Relay` for one worker: each has a channel, and listens to its own."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        self._worker = worker

    async def pass_on(self, run_id: str, worker: str) -> None:
        """Tell a worker of a run. Raises DatabaseAway when that cannot be done now."""
        await self._database.change(NOTIFY, {"channel": _channel(worker), "run_id": run_id})

    async def heed(self, take: Callable[[str], None]) -> None:
        """Have runs taken as they are passed on to this worker, for as long as it can hear of them.

        Raises:
            DatabaseAway: when the connection is lost, by which it does.
        """
        try:
            async with self._database.connect() as connection:
                try:
                    await self._listen(connection, take)
                finally:
                    await connection.invalidate()  # back in the pool it would go on listening
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            raise DatabaseAway(type(error).__name__) from error

    async def _listen(self, connection: AsyncConnection, take: Callable[[str], None]) -> None:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        raw: Any = (await connection.get_raw_connection()).driver_connection
        driver: psycopg.AsyncConnection[Any] = raw
        channel = sql.Identifier(_channel(self._worker))
        await driver.execute(sql.SQL("LISTEN {}").format(channel))
        async for notification in driver.notifies():
            take(notification.payload)


def _channel(worker: str) -> str:
    return f"moa_worker_{worker}"
