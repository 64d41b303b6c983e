"""The SQL of the run store: the same statements for SQLite and Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    String,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.rows import dialect
from bot.storage.tables import IS_LIVE, answers, claims, ledger, posts, runs, spending

HANDICAP_S = {"user": 2, "channel": 2, "team": 1}
"""Seconds by which each unfinished question of the same person, channel and workspace delays a new
one in the queue. Heavy users queue behind themselves, and nobody waits for ever."""

ANSWER_KEY = ("run_id", "layer", "position")
DAY_KEY = ("team", "day", "channel", "user")


def put_run(row: Mapping[str, Any]) -> Executable:
    """Store a new run. Its `turn` is delayed by unfinished questions of the same origin."""
    live = runs.alias()
    handicap: ColumnElement[int] = sum(
        (
            case((live.c[name] == row[name], seconds), else_=0)
            for name, seconds in HANDICAP_S.items()
        ),
        start=literal(0),
    )
    # Not filtered by workspace: the planner would take that index over the one of live runs.
    delay = select(func.coalesce(func.sum(handicap), 0)).where(live.c.finished_at.is_(None))
    return insert(runs).values({**row, "turn": delay.scalar_subquery() + row["turn"]})


def put_keys(connection: AsyncConnection, run_id: str, keys: Sequence[str]) -> Executable:
    """Claim keys for a run; returns those that were free."""
    rows = [{"key": key, "run_id": run_id} for key in keys]
    put = dialect(connection).insert(claims).values(rows).on_conflict_do_nothing()
    return put.returning(claims.c.key)


def begin_run(run_id: str) -> Executable:
    """Begin an attempt at a run that has not ended; returns its row.

    The number of an attempt grows whenever an earlier one had begun, which fences that one off.
    """
    began_before = case((runs.c.state == "running", 1), else_=0)
    return (
        update(runs)
        .where(runs.c.id == run_id, IS_LIVE)
        .values(state="running", attempt=runs.c.attempt + began_before)
        .returning(runs)
    )


def answers_of(run_id: str) -> Select[Any]:
    """A run's answers by layer and position."""
    query = select(answers).where(answers.c.run_id == run_id)
    return query.order_by(answers.c.layer, answers.c.position)


def posts_of(run_id: str) -> Select[Any]:
    """The ts of a run's messages, in the order in which they were posted."""
    return select(posts.c.ts).where(posts.c.run_id == run_id).order_by(posts.c.position)


def put_post(run_id: str, ts: str) -> Executable:
    """Store the ts of one more message of a run."""
    count = select(func.count() + 1).select_from(posts).where(posts.c.run_id == run_id)
    return insert(posts).values(run_id=run_id, ts=ts, position=count.scalar_subquery())


def put_answers(connection: AsyncConnection) -> Executable:
    """Store answers, in place of those at the same positions."""
    new = dialect(connection).insert(answers)
    changed = {c.name: new.excluded[c.name] for c in answers.c if c.name not in ANSWER_KEY}
    return new.on_conflict_do_update(index_elements=ANSWER_KEY, set_=changed)


def add_spending(connection: AsyncConnection, run_id: str, day: str, cost_usd: float) -> Executable:
    """Add a call's cost to its day. A run counts as a question with its first call."""
    is_first = ~exists().where(ledger.c.run_id == run_id)
    row = select(
        runs.c.team,
        bindparam("day", day, type_=String),
        runs.c.channel,
        runs.c.user,
        case((is_first, 1), else_=0),
        literal(cost_usd),
    ).where(runs.c.id == run_id)
    sums = ("questions", "cost_usd")
    new = dialect(connection).insert(spending).from_select([*DAY_KEY, *sums], row)
    added = {name: spending.c[name] + new.excluded[name] for name in sums}
    return new.on_conflict_do_update(index_elements=DAY_KEY, set_=added)


def queue_position(run_id: str) -> Select[Any]:
    """A waiting run's turn, how many wait with an earlier one, and how many runs are running."""
    other = runs.alias()
    live = other.c.finished_at.is_(None)
    earlier = select(func.count()).where(
        live, other.c.state == "waiting", other.c.turn < runs.c.turn
    )
    running = select(func.count()).where(live, other.c.state == "running")
    return select(runs.c.turn, earlier.scalar_subquery(), running.scalar_subquery()).where(
        runs.c.id == run_id, runs.c.state == "waiting"
    )


def in_thread(team: str, channel: str, thread_ts: str) -> Sequence[ColumnElement[bool]]:
    """The conditions on the runs of a thread."""
    return (runs.c.team == team, runs.c.channel == channel, runs.c.thread_ts == thread_ts)
