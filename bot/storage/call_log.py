"""Reads a run's calls (`bot.ports.CallLog`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from bot.storage.database import Database
from bot.storage.rows import read_usage
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
            return [_call(row) for row in await connection.execute(query)]


def _call(row: Row[Any]) -> Call:
    return Call(
        model=row.model,
        role=row.role,
        layer=row.layer,
        position=row.position,
        attempt=row.attempt,
        state=row.state,
        started=row.started,
        ended=row.ended,
        first_token=row.first_token,
        error_kind=row.error_kind,
        usage=read_usage(row),
        cost_usd=row.cost_usd,
        reason=row.reason,
    )
