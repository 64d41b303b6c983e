"""Lists runs for operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from bot.storage.database import Database
from bot.storage.rows import aware
from bot.storage.tables import IS_LIVE, runs

UNFINISHED_STATES = ("live", "waiting", "running")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in a list, without any texts."""

    id: str
    created_at: datetime
    state: str
    trouble: str | None
    pipeline: str
    seconds: float | None
    cost_usd: float | None


async def latest_runs(
    database: Database, *, state: str | None = None, limit: int = 20
) -> Sequence[RunSummary]:
    """Return the latest runs.

    Args:
        database: where they are stored.
        state: only runs in this state; "live" for all unfinished ones.
        limit: the most runs to return.
    """
    query = select(*(runs.c[name] for name in RunSummary.__slots__))
    query = query.order_by(runs.c.created_at.desc()).limit(limit)
    if state is not None:
        # Unfinished states get both conditions, so that the index of live runs is used.
        query = query.where(*([IS_LIVE] if state in UNFINISHED_STATES else []))
        query = query.where(*([] if state == "live" else [runs.c.state == state]))
    async with database.connect() as connection:
        return [_listed(row) for row in await connection.execute(query)]


def _listed(row: Row[Any]) -> RunSummary:
    found = RunSummary(*row)
    return replace(found, created_at=aware(found.created_at))
