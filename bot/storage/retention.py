"""Deletes stored data: by age in the background, and a workspace or a person on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Table, and_, delete, func, select

from bot.storage.brainstorm_retention import forgotten_brainstorms
from bot.storage.database import Database
from bot.storage.tables import IS_LIVE, feedback, preferences, runs, spending

log = structlog.get_logger(__name__)

ENFORCE_EVERY_S = 600.0
"""Seconds between two deletions of what is too old."""

AT_ONCE = 500
"""Runs that are deleted in one transaction, so that questions need not wait for the whole."""


@dataclass(frozen=True, slots=True)
class DeletionScope:
    """What is to be deleted: everything that fits all that is given.

    Attributes:
        team: of this workspace only.
        user: asked by this person only.
        before: claimed before this moment only.
    """

    team: str | None = None
    user: str | None = None
    before: datetime | None = None

    @property
    def runs(self) -> ColumnElement[bool]:
        """The condition on `runs`."""
        conditions = [
            *([] if self.team is None else [runs.c.team == self.team]),
            *([] if self.user is None else [runs.c.user == self.user]),
            *([] if self.before is None else [runs.c.created_at < self.before]),
        ]
        return and_(True, *conditions)  # noqa: FBT003 - SQL's TRUE, for when nothing is given


class Retention:
    """Deletes runs with everything that hangs on them: answers, ledger, posts, claims, feedback.

    Runs that have not ended are left alone: a worker has them in hand.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def purge(self, whose: DeletionScope) -> AsyncGenerator[Sequence[str], None]:
        """Delete ended runs a few hundred at a time, and yield the ids deleted each time."""
        while gone := await self._delete_some(whose):
            yield gone

    @asynccontextmanager
    async def enforced(self, days: int) -> AsyncGenerator[None, None]:
        """Delete data older than this many days, every ten minutes while this is entered."""
        task = asyncio.create_task(self._enforce(days), name="retention")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _enforce(self, days: int) -> None:
        while True:
            await asyncio.sleep(ENFORCE_EVERY_S)
            try:
                await self.delete_older(days)
            except Exception as error:  # noqa: BLE001 - the outermost edge of a task that must not end
                log.warning("retention_failed", error=type(error).__name__)

    async def delete_older(self, days: int) -> None:
        """Delete everything older than this many days."""
        whose = DeletionScope(before=ago(days))
        count = 0
        async for gone in self.purge(whose):
            count += len(gone)
        await self.forget(whose)
        if count:
            log.info("purged", runs=count, older_than_days=days)

    async def ended(self, whose: DeletionScope) -> int:
        """Return how many runs `purge` would delete."""
        query = select(func.count()).where(whose.runs, runs.c.finished_at.is_not(None))
        async with self._database.connect() as connection:
            return await connection.scalar(query) or 0

    async def live(self, whose: DeletionScope) -> int:
        """Return how many runs were kept because they have not ended."""
        query = select(func.count()).where(whose.runs, IS_LIVE)
        async with self._database.connect() as connection:
            return await connection.scalar(query) or 0

    async def forget(self, whose: DeletionScope) -> None:
        """Delete what else there is of a workspace or a person: brainstorms, choices, spending.

        With an age it is only brainstorms and what they spent, and of that no day of this month:
        budgets count it.
        """
        if whose == DeletionScope():
            return
        async with self._database.begin() as connection:
            for statement in forgotten_brainstorms(whose.team, whose.user, whose.before):
                await connection.execute(statement)
            await connection.execute(delete(spending).where(*_spent(whose)))
            if whose.before is not None:
                return
            await connection.execute(delete(preferences).where(*_owned(preferences, whose, "id")))
            if whose.user is not None:
                await connection.execute(delete(feedback).where(*_said(whose)))

    async def _delete_some(self, whose: DeletionScope) -> Sequence[str]:
        """Delete up to `AT_ONCE` ended runs; other processes may delete others at the same time."""
        ended = select(runs.c.id).where(whose.runs, runs.c.finished_at.is_not(None))
        ended = ended.limit(AT_ONCE).with_for_update(skip_locked=True)
        async with self._database.begin() as connection:
            gone = (await connection.scalars(ended)).all()
            if gone:
                await connection.execute(delete(runs).where(runs.c.id.in_(gone)))
        return gone


def ago(days: float) -> datetime:
    """Return the moment this many days ago; the earliest possible one if that is out of range."""
    try:
        return datetime.now(UTC) - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _owned(table: Table, whose: DeletionScope, person: str) -> list[ColumnElement[bool]]:
    columns = table.c
    conditions: list[ColumnElement[bool]] = []
    if whose.team is not None:
        conditions.append(columns.team == whose.team)
    if whose.user is not None:
        conditions.append(columns[person] == whose.user)
    return conditions


def _spent(whose: DeletionScope) -> list[ColumnElement[bool]]:
    conditions = _owned(spending, whose, "user")
    if whose.before is not None:
        this_month = datetime.now(UTC).replace(day=1)
        conditions.append(spending.c.day < min(whose.before, this_month).date().isoformat())
    return conditions


def _said(whose: DeletionScope) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [feedback.c.user == whose.user]
    if whose.team is not None:
        theirs = select(runs.c.id).where(runs.c.team == whose.team)
        conditions.append(feedback.c.run_id.in_(theirs))
    return conditions
