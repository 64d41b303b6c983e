"""Reads spending totals (`bot.limits.Spending`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.limits import HOUR, REFUSALS, BudgetUse, ChannelUse, PipelineStats
from bot.storage.database import Database
from bot.storage.rows import aware, day_of
from bot.storage.tables import (
    BRAINSTORM_IS_OPEN,
    IS_LIVE,
    brainstorms,
    ledger,
    runs,
    spending,
)

MEASURED_RUNS = 100
"""The number of a pipeline's latest runs that its speed and cost are measured by."""

USUAL_RUNS = 300
"""The number of latest runs that the expected cost of unfinished questions is based on."""


class StoredSpending:
    """`bot.limits.Spending` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def use(
        self, team: str, user: str, channel: str | None, now: datetime, *, before: str | None = None
    ) -> BudgetUse:
        """Return what a person and a channel used; with `before`, only what precedes that run."""
        # In one snapshot: when a call is paid for, its cost moves from expected to spent.
        async with self._database.snapshot() as connection:
            return await _use(connection, _Asker(team, user, channel, now, before))

    async def hour(self, team: str, user: str, now: datetime, *, before: str) -> BudgetUse:
        """Return a person's questions of the last hour that precede that run."""
        query = _hour(_Asker(team, user, None, now, before))
        async with self._database.connect() as connection:
            found = (await connection.execute(query)).one()
        return BudgetUse(person_hour=found.questions, hour_since=found.since and aware(found.since))

    async def measured(self, team: str, pipelines: Iterable[str]) -> Mapping[str, PipelineStats]:
        """Return the medians of these pipelines' latest runs. Unused pipelines are left out."""
        names = [*pipelines]
        async with self._database.snapshot() as connection:
            found = {name: (await connection.execute(_latest(team, name))).all() for name in names}
        return {name: _measured(rows) for name, rows in found.items() if rows}

    async def by_channel(self, team: str, now: datetime, limit: int) -> Sequence[ChannelUse]:
        """Return this month's most expensive channels, the most expensive first."""
        cost, questions = func.sum(spending.c.cost_usd), func.sum(spending.c.questions)
        query = (
            select(spending.c.channel, questions.label("questions"), cost.label("cost_usd"))
            .where(spending.c.team == team, spending.c.day >= _month(now))
            .group_by(spending.c.channel)
            .order_by(cost.desc(), questions.desc(), spending.c.channel)
            .limit(limit)
        )
        async with self._database.connect() as connection:
            found = (await connection.execute(query)).all()
        return [ChannelUse(row.channel, row.questions, row.cost_usd) for row in found]


@dataclass(frozen=True, slots=True)
class _Asker:
    """The person, channel and time to count for, ahead of a given run."""

    team: str
    user: str
    channel: str | None
    now: datetime
    before: str | None


async def _use(connection: AsyncConnection, asker: _Asker) -> BudgetUse:
    user, channel = asker.user, asker.channel
    spent = (await connection.execute(_spent(asker))).one()
    hour = (await connection.execute(_hour(asker))).one()
    live = await _live(connection, asker)
    typical = await _typical(connection) if live else {}
    expected = [(row, max(typical.get(row.pipeline, 0.0) - row.paid, 0.0)) for row in live]
    expected += [(row, row.expected) for row in await connection.execute(_reserved(asker))]
    by_person = sum(cost for row, cost in expected if row.user == user)
    in_channel = sum(cost for row, cost in expected if row.channel == channel)
    return BudgetUse(
        person_day_usd=spent.person_day + by_person,
        channel_day_usd=spent.channel_day + in_channel,
        workspace_month_usd=spent.workspace_month + sum(cost for _, cost in expected),
        person_month_usd=spent.person_month,
        person_month_questions=spent.person_questions,
        person_hour=hour.questions,
        hour_since=hour.since and aware(hour.since),
        person_at_once=sum(row.user == user for row in live),
    )


async def _live(connection: AsyncConnection, asker: _Asker) -> Sequence[Any]:
    """Return a workspace's unfinished runs, each with the amount already paid for it."""
    paid = select(func.coalesce(func.sum(ledger.c.cost_usd), 0.0))
    paid = paid.where(ledger.c.run_id == runs.c.id).scalar_subquery().label("paid")
    query = select(runs.c.team, runs.c.user, runs.c.channel, runs.c.pipeline, paid)
    # Filtered by state alone: few runs are unfinished, and with the workspace as well, SQLite would
    # scan all runs ever asked there.
    query = query.where(IS_LIVE, *_earlier(asker.before))
    return [row for row in await connection.execute(query) if row.team == asker.team]


def _reserved(asker: _Asker) -> Select[Any, Any, Any]:
    """Select what brainstorms with working models will usually still cost."""
    expected = brainstorms.c.reserved_usd - brainstorms.c.cost_usd
    return select(brainstorms.c.user, brainstorms.c.channel, expected.label("expected")).where(
        brainstorms.c.team == asker.team, text(BRAINSTORM_IS_OPEN), expected > 0
    )


def _spent(asker: _Asker) -> Any:
    """Select the totals of this month and of today as one row."""
    today = spending.c.day == day_of(asker.now)
    by_person, in_channel = spending.c.user == asker.user, spending.c.channel == asker.channel

    def total(column: Any, *where: ColumnElement[bool]) -> Any:
        summed = func.sum(column)
        return func.coalesce(summed.filter(and_(*where)) if where else summed, 0)

    return select(
        total(spending.c.cost_usd, today, by_person).label("person_day"),
        total(spending.c.cost_usd, today, in_channel).label("channel_day"),
        total(spending.c.cost_usd).label("workspace_month"),
        total(spending.c.cost_usd, by_person).label("person_month"),
        total(spending.c.questions, by_person).label("person_questions"),
    ).where(spending.c.team == asker.team, spending.c.day >= _month(asker.now))


def _hour(asker: _Asker) -> Any:
    """Select how many questions of the last hour count, and since when."""
    not_refused = or_(runs.c.trouble.is_(None), runs.c.trouble.not_in(REFUSALS))
    oldest = func.min(runs.c.created_at)
    return select(func.count().label("questions"), oldest.label("since")).where(
        runs.c.team == asker.team,
        runs.c.user == asker.user,
        runs.c.created_at > asker.now - HOUR,
        not_refused,
        *_earlier(asker.before),
    )


def _earlier(run_id: str | None) -> Sequence[ColumnElement[bool]]:
    """Return the condition that a run was asked before another one; none without another one."""
    if run_id is None:
        return ()
    other = runs.alias()
    asked = select(other.c.created_at).where(other.c.id == run_id).scalar_subquery()
    same_moment = and_(runs.c.created_at == asked, runs.c.id < run_id)
    return (or_(runs.c.created_at < asked, same_moment),)


async def _typical(connection: AsyncConnection) -> Mapping[str, float]:
    """Return the expected cost of a run of each pipeline. Pipelines not yet measured are left out.

    Uses the latest replies of all pipelines. Finding more runs of a rare pipeline would mean
    reading the whole history.
    """
    latest = (
        select(runs.c.pipeline, runs.c.cost_usd)
        .where(runs.c.state == "answered")
        .order_by(runs.c.created_at.desc())
        .limit(USUAL_RUNS)
        .subquery()
    )
    usual = func.avg(latest.c.cost_usd).label("usual")
    query = select(latest.c.pipeline, usual).group_by(latest.c.pipeline)
    rows = await connection.execute(query)
    return {row.pipeline: row.usual for row in rows if row.usual is not None}


def _measured(rows: Sequence[Any]) -> PipelineStats:
    costs = _known(rows)
    seconds = median(row.seconds for row in rows)
    return PipelineStats(len(rows), seconds, median(costs) if costs else None)


def _latest(team: str, pipeline: str) -> Select[Any, Any]:
    """Select `seconds` and `cost_usd` of a pipeline's latest answered runs."""
    return (
        select(runs.c.seconds, runs.c.cost_usd)
        .where(
            runs.c.state == "answered",
            runs.c.team == team,
            runs.c.pipeline == pipeline,
            runs.c.seconds.is_not(None),
        )
        .order_by(runs.c.created_at.desc())
        .limit(MEASURED_RUNS)
    )


def _known(rows: Iterable[Any]) -> list[float]:
    return [row.cost_usd for row in rows if row.cost_usd is not None]


def _month(now: datetime) -> str:
    return now.strftime("%Y-%m-01")
