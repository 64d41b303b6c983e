"""Deleting what was stored: by age in the background, and for a workspace or a person on demand."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select

from bot.storage.database import Database, Work
from bot.storage.tables import IS_LIVE, feedback, preferences, runs, spending

T = TypeVar("T")

log = structlog.get_logger(__name__)

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
        """Delete ended runs, some hundred at a time; gives the ids that are gone each time."""
        while gone := await self._changed(lambda connection: _delete(connection, whose)):
            yield gone

    def keeping(self, days: int) -> Callable[[], Awaitable[None]]:
        """What deletes everything that is older than so many days, whenever it is called."""

        async def tidy() -> None:
            whose = DeletionScope(before=ago(days))
            count = 0
            async for gone in self.purge(whose):
                count += len(gone)
            await self.forget(whose)
            if count:
                log.info("purged", runs=count, older_than_days=days)

        return tidy

    async def live(self, whose: DeletionScope) -> int:
        """How many runs are left because they have not ended."""
        query = select(func.count()).where(whose.runs, IS_LIVE)
        return await self._database.survey(lambda connection: connection.scalar(query) or 0)

    async def forget(self, whose: DeletionScope) -> None:
        """Delete what else names a workspace or a person: choices, feedback, what they spent.

        With an age it is only what they spent, and of that no day of this month: budgets count it.
        """
        if whose == DeletionScope():
            return

        def store(connection: Connection) -> None:
            connection.execute(delete(spending).where(*_spent(whose)))
            if whose.before is not None:
                return
            connection.execute(delete(preferences).where(*_owned(preferences, whose, "id")))
            if whose.user is not None:
                connection.execute(delete(feedback).where(*_said(whose)))

        await self._changed(store)

    async def _changed(self, work: Work[T]) -> T:
        """A transaction that may take its time: questions that come in meanwhile wait for it."""
        async with self._database.begin() as connection:
            return await connection.run_sync(work)


def ago(days: float) -> datetime:
    """So many days before now; the first moment that there is when they are too many."""
    try:
        return datetime.now(UTC) - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _delete(connection: Connection, whose: DeletionScope) -> Sequence[str]:
    ended = select(runs.c.id).where(whose.runs, runs.c.finished_at.is_not(None)).limit(AT_ONCE)
    gone = connection.execute(ended).scalars().all()
    if gone:
        connection.execute(delete(runs).where(runs.c.id.in_(gone)))
    return gone


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
