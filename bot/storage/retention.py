"""Deletes stored data: by age in the background, and of a workspace or a person on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Column, ColumnElement, Delete, Table, and_, delete, func, select

from bot.storage.database import Database
from bot.storage.rows import day_of
from bot.storage.tables import (
    IS_LIVE,
    ballots,
    brainstorms,
    feedback,
    ideas,
    preferences,
    runs,
    spending,
)

log = structlog.get_logger(__name__)

ENFORCE_EVERY_S = 600.0
"""Seconds between two deletions of expired data."""

AT_ONCE = 500
"""Runs to delete in one transaction, so that questions don't wait for the whole deletion."""


@dataclass(frozen=True, slots=True)
class DeletionScope:
    """The data to delete: everything that meets all the given conditions.

    Attributes:
        team: only this workspace's data.
        user: only data of questions that this person asked.
        before: only data from before this time.
    """

    team: str | None = None
    user: str | None = None
    before: datetime | None = None

    @property
    def runs(self) -> ColumnElement[bool]:
        """Return the condition on `runs`."""
        conditions = [*_owned(runs, self), *_older(runs.c.created_at, self)]
        return and_(True, *conditions)  # noqa: FBT003 - SQL's TRUE, in case there are no conditions


class Retention:
    """Deletes runs with everything that belongs to them: answers, calls, posts, claims, feedback.

    Unfinished runs are kept, because a worker may be working on them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def purge(self, scope: DeletionScope) -> AsyncGenerator[Sequence[str], None]:
        """Delete ended runs a few hundred at a time, and yield the deleted ids each time."""
        while gone := await self._delete_some(scope):
            yield gone

    @asynccontextmanager
    async def enforced(self, days: int) -> AsyncGenerator[None, None]:
        """Delete data older than this many days, every ten minutes until exit."""
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
            except Exception as error:  # noqa: BLE001 - the last line of defence of a task that must not end
                log.warning("retention_failed", error=type(error).__name__)

    async def delete_older(self, days: int) -> None:
        """Delete everything older than this many days."""
        scope = DeletionScope(before=ago(days))
        count = 0
        async for gone in self.purge(scope):
            count += len(gone)
        await self.forget(scope)
        if count:
            log.info("purged", runs=count, older_than_days=days)

    async def ended(self, scope: DeletionScope) -> int:
        """Return how many runs `purge` would delete."""
        query = select(func.count()).where(scope.runs, runs.c.finished_at.is_not(None))
        async with self._database.connect() as connection:
            return await connection.scalar(query) or 0

    async def live(self, scope: DeletionScope) -> int:
        """Return how many runs were kept because they are unfinished."""
        query = select(func.count()).where(scope.runs, IS_LIVE)
        async with self._database.connect() as connection:
            return await connection.scalar(query) or 0

    async def forget(self, scope: DeletionScope) -> None:
        """Delete the other data of a workspace or a person: brainstorms, choices, spending.

        With an age, this covers only brainstorms and spending, and never days of this month, which
        budgets count.
        """
        if scope == DeletionScope():
            return
        async with self._database.begin() as connection:
            for statement in _brainstorm_deletions(scope):
                await connection.execute(statement)
            await connection.execute(delete(spending).where(*_spent(scope)))
            if scope.before is not None:
                return
            await connection.execute(
                delete(preferences).where(*_owned(preferences, scope, person="id"))
            )
            if scope.user is not None:
                await connection.execute(delete(feedback).where(*_said(scope)))

    async def _delete_some(self, scope: DeletionScope) -> Sequence[str]:
        """Delete up to `AT_ONCE` ended runs. Other processes may delete others at the same time."""
        ended = select(runs.c.id).where(scope.runs, runs.c.finished_at.is_not(None))
        ended = ended.limit(AT_ONCE).with_for_update(skip_locked=True)
        async with self._database.begin() as connection:
            gone = (await connection.scalars(ended)).all()
            if gone:
                await connection.execute(delete(runs).where(runs.c.id.in_(gone)))
        return gone


def ago(days: float) -> datetime:
    """Return the time this many days ago, or the earliest possible one if that is out of range."""
    try:
        return datetime.now(UTC) - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _owned(
    table: Table, scope: DeletionScope, *, person: str = "user"
) -> list[ColumnElement[bool]]:
    ids = {"team": scope.team, person: scope.user}
    return [table.c[name] == value for name, value in ids.items() if value is not None]


def _older(column: Column[datetime], scope: DeletionScope) -> list[ColumnElement[bool]]:
    return [] if scope.before is None else [column < scope.before]


def _spent(scope: DeletionScope) -> list[ColumnElement[bool]]:
    conditions = _owned(spending, scope)
    if scope.before is not None:
        this_month = datetime.now(UTC).replace(day=1)
        conditions.append(spending.c.day < day_of(min(scope.before, this_month)))
    return conditions


def _said(scope: DeletionScope) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [feedback.c.user == scope.user]
    if scope.team is not None:
        theirs = select(runs.c.id).where(runs.c.team == scope.team)
        conditions.append(feedback.c.run_id.in_(theirs))
    return conditions


def _brainstorm_deletions(scope: DeletionScope) -> list[Delete]:
    """Return the statements that delete brainstorms, and a person's ideas and dots in others'.

    Brainstorms without a result are kept, because people are still working on them. A person's
    ideas and dots in them are deleted all the same.
    """
    finished = [brainstorms.c.phase.in_(("result", "closed")), *_owned(brainstorms, scope)]
    finished += _older(brainstorms.c.created_at, scope)
    statements = [delete(brainstorms).where(*finished)]
    if scope.user is None:
        return statements
    in_team = _owned(brainstorms, DeletionScope(team=scope.team))
    team_brainstorms = select(brainstorms.c.id).where(*in_team)
    own_ideas = [
        ideas.c.author == scope.user,
        ~ideas.c.is_model,
        ideas.c.brainstorm_id.in_(team_brainstorms),
    ]
    own_dots = [ballots.c.user == scope.user, ballots.c.brainstorm_id.in_(team_brainstorms)]
    return [
        *statements,
        delete(ideas).where(*own_ideas, *_older(ideas.c.created_at, scope)),
        delete(ballots).where(*own_dots, *_older(ballots.c.changed_at, scope)),
    ]
