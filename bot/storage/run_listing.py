"""Lists runs, and the calls of one run, for operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from bot.storage.database import Database
from bot.storage.rows import aware
from bot.storage.tables import IS_LIVE, ledger, runs

UNDER_WAY = ("live", "waiting", "running")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in a list, without anyone's words."""

    id: str
    created_at: datetime
    state: str
    trouble: str | None
    pipeline: str
    surface: str
    team: str
    channel: str
    user: str
    seconds: float | None
    cost_usd: float | None
    attempt: int


@dataclass(frozen=True, slots=True)
class CallLine:
    """One line of a run's ledger. Times are in seconds since the run's start.

    `estimated`: the provider did not count all tokens, so that they and the cost are estimates.
    """

    role: str
    layer: int
    model: str
    attempt: int
    state: str
    error_kind: str | None
    started: float
    first_token: float | None
    ended: float
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    estimated: bool
    reason: str | None


class RunListing:
    """Reads runs for an operator."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def runs(self, *, state: str | None = None, limit: int = 20) -> Sequence[RunSummary]:
        """The latest runs.

        Args:
            state: only those in this state; "live" for all that have not ended.
            limit: how many at most.
        """
        query = select(*(runs.c[name] for name in RunSummary.__slots__))
        query = query.order_by(runs.c.created_at.desc()).limit(limit)
        if state is not None:
            # Said twice for those under way, so that their index is used among many that ended.
            query = query.where(*([IS_LIVE] if state in UNDER_WAY else []))
            query = query.where(*([] if state == "live" else [runs.c.state == state]))
        async with self._database.connect() as connection:
            return [_listed(row) for row in await connection.execute(query)]

    async def ledger(self, run_id: str) -> Sequence[CallLine]:
        """Return a run's calls in order, with tokens and cost."""
        query = select(*(ledger.c[name] for name in CallLine.__slots__))
        query = query.where(ledger.c.run_id == run_id).order_by(ledger.c.id)
        async with self._database.connect() as connection:
            return [CallLine(*row) for row in await connection.execute(query)]


def _listed(row: Row[Any]) -> RunSummary:
    found = RunSummary(*row)
    return replace(found, created_at=aware(found.created_at))
