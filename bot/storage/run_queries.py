"""The SQL of the run store: the same statements for SQLite and Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    Float,
    Select,
    String,
    Table,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from bot.ports import DELETED
from bot.storage.erasure import IS_ERASED
from bot.storage.rows import upsert
from bot.storage.tables import IS_LIVE, answers, claims, ledger, posts, runs, spending

DELAY_S = {"user": 2, "channel": 2, "team": 1}
"""Seconds by which each unfinished question of the same person, channel and workspace delays a new
one in the queue. Heavy users queue behind themselves, and nobody waits forever."""

ANSWER_KEY = ("run_id", "layer", "position")
DAY_KEY = ("team", "day", "channel", "user")

# Statements that run for each question are built once: building one takes longer than running it.
RUN_ID = bindparam("run_id")


def _delay() -> ColumnElement[int]:
    """Return the delay of a new question, from the unfinished ones of the same origin."""
    live = runs.alias()
    handicap: ColumnElement[int] = sum(
        (
            case((live.c[name] == bindparam(f"origin_{name}"), seconds), else_=0)
            for name, seconds in DELAY_S.items()
        ),
        start=literal(0),
    )
    # No filter by workspace: the planner would prefer that index to the one of live runs.
    delay = select(func.coalesce(func.sum(handicap), 0)).where(live.c.finished_at.is_(None))
    return delay.scalar_subquery()


PUT_RUN = insert(runs).values(turn=_delay() + bindparam("asked_s"))
"""Stores a new run."""


def new_run(row: Mapping[str, Any], asked_s: int) -> Mapping[str, Any]:
    """Return the parameters of `PUT_RUN`. `asked_s` are seconds since the turns' epoch."""
    return {**row, "asked_s": asked_s, **{f"origin_{name}": row[name] for name in DELAY_S}}


@cache
def put_keys(dialect: str) -> Executable:
    """Claim keys for a run, and return the ones that were free."""
    return upsert(dialect)(claims).on_conflict_do_nothing().returning(claims.c.key)


BEGIN_RUN = (
    update(runs)
    .where(runs.c.id == RUN_ID, IS_LIVE)
    .values(state="running", attempt=runs.c.attempt + case((runs.c.state == "running", 1), else_=0))
    .returning(runs)
)
"""Begins an attempt at an unfinished run and returns its row. If an earlier attempt had begun, the
attempt number grows, which fences off the earlier attempt."""


ANSWERS_OF = (
    select(answers).where(answers.c.run_id == RUN_ID).order_by(answers.c.layer, answers.c.position)
)
"""A run's answers by layer and position."""

POSTS_OF = select(posts.c.ts).where(posts.c.run_id == RUN_ID).order_by(posts.c.position)
"""The ts of a run's messages, in the order in which they were posted."""

PUT_POST = insert(posts).values(
    position=select(func.count() + 1)
    .select_from(posts)
    .where(posts.c.run_id == bindparam("of_run"))
    .scalar_subquery()
)
"""Stores the ts of one more message of a run."""


_IS_ERASED_RUN = exists().where(runs.c.id == RUN_ID, IS_ERASED)


def _parameters(table: Table, names: Iterable[str]) -> list[BindParameter[Any]]:
    """Return a parameter for each of these columns."""
    return [bindparam(name, type_=table.c[name].type) for name in names]


@cache
def put_answers(dialect: str) -> Executable:
    """Store answers of an unfinished run, replacing those at the same positions.

    A worker that was cut off may still have some when its run is answered or erased elsewhere. The
    run's row is locked, so that one of them waits for the other.
    """
    names = [column.name for column in answers.c]
    row = select(*_parameters(answers, names)).where(runs.c.id == RUN_ID, IS_LIVE)
    row = row.with_for_update(read=True, of=runs)
    new = upsert(dialect)(answers).from_select(names, row)
    changed = {c.name: new.excluded[c.name] for c in answers.c if c.name not in ANSWER_KEY}
    return new.on_conflict_do_update(index_elements=ANSWER_KEY, set_=changed)


@cache
def add_spending(dialect: str) -> Executable:
    """Add a call's `cost` to its `on_day`. A run counts as a question with its first call.

    Locks the run's row, so that the run isn't erased before its call is stored.
    """
    row = select(
        runs.c.team,
        bindparam("on_day", type_=String),
        runs.c.channel,
        runs.c.user,
        case((~exists().where(ledger.c.run_id == RUN_ID), 1), else_=0),
        bindparam("cost", type_=Float),
    ).where(runs.c.id == RUN_ID)
    row = row.with_for_update(read=True, of=runs)
    sums = ("questions", "cost_usd")
    new = upsert(dialect)(spending).from_select([*DAY_KEY, *sums], row)
    added = {name: spending.c[name] + new.excluded[name] for name in sums}
    return new.on_conflict_do_update(index_elements=DAY_KEY, set_=added)


def request_stop(run_id: str, user: str) -> Executable:
    """Store who stopped a run. If its question was deleted, that remains the reason."""
    kept = case((runs.c.stop_by == DELETED, DELETED), else_=literal(user, String))
    return update(runs).where(runs.c.id == run_id, IS_LIVE).values(stop_by=kept)


def _put_call() -> Executable:
    names = [column.name for column in ledger.c if column.name not in {"id", "reason"}]
    reason = bindparam("reason", type_=ledger.c.reason.type)
    kept = case((_IS_ERASED_RUN, None), else_=reason)
    return insert(ledger).from_select([*names, "reason"], select(*_parameters(ledger, names), kept))


PUT_CALL = _put_call()
"""Adds a call to the call log. In an erased run it has no reason, which may quote the question."""


def _queue_position() -> Select[Any, int, int]:
    other = runs.alias()
    live = other.c.finished_at.is_(None)
    earlier = select(func.count()).where(
        live, other.c.state == "waiting", other.c.turn < runs.c.turn
    )
    running = select(func.count()).where(live, other.c.state == "running")
    return select(runs.c.turn, earlier.scalar_subquery(), running.scalar_subquery()).where(
        runs.c.id == RUN_ID, runs.c.state == "waiting"
    )


QUEUE_POSITION = _queue_position()
"""A waiting run's turn, how many runs wait with an earlier turn, and how many are running."""

FINISH_RUN = update(runs).where(runs.c.id == RUN_ID, runs.c.attempt == bindparam("of_attempt"))
"""Stores the outcome of an attempt, unless a newer one has begun."""

END_RUN = FINISH_RUN.returning(runs.c.stop_by)
"""Stores how an attempt ended a run, unless a newer one has begun."""


def in_thread(team: str, channel: str, thread_ts: str) -> Sequence[ColumnElement[bool]]:
    """Return the conditions on the runs of a thread."""
    return (runs.c.team == team, runs.c.channel == channel, runs.c.thread_ts == thread_ts)
