"""Reads a run's calls (`bot.ports.CallLog`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from bot.storage.database import Database
from bot.storage.rows import read_value
from bot.storage.tables import ledger
from moa import Call


class StoredCallLog:
    """`bot.ports.CallLog` on a database. `bot.storage.runs` writes the calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, run_id: str) -> Sequence[Call]:
        """Return a run's calls across all attempts, in the order in which they ended."""
        query = select(ledger).where(ledger.c.run_id == run_id).order_by(ledger.c.id)
        async with self._database.connect() as connection:
            return [read_value(Call, row) for row in await connection.execute(query)]
