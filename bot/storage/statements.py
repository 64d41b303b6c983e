"""What is run for each question, built once: building a statement costs as much as running it.

To Postgres each statement is a round trip, so that there several are made one where a transaction
has several (`claiming`, `paying`, `finishing`); on SQLite they are quick, and cannot be joined.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    String,
    Table,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.ports import DELETED
from bot.storage.tables import IS_LIVE, answers, posts, runs

HANDICAP_S = {"user": 2, "channel": 2, "team": 1}
"""By how much each unfinished question of the same person, channel and workspace puts a new one
back in the queue. So whoever asks much waits for themselves, and nobody waits for ever."""

ANSWER_KEYS = ("run_id", "layer", "position")
ENDED = ("state", "trouble", "finished_at")


class Statements:
    """The statements of the journal. Parameters have the names of their columns.

    Those that find a row take `of` for its run's id, and `only` for the attempt that must count.
    """

    def __init__(self) -> None:
        of, only = runs.c.id == bindparam("of"), bindparam("only")
        mine = (of, runs.c.attempt == only, IS_LIVE)
        self.put_post = insert(posts).values(every(posts) | {"position": _next_position()})
        self.run = select(runs).where(of)
        self.mine = select(runs).where(*mine)
        waits = runs.c.state == "waiting"
        self.begin = update(runs).where(*mine, waits).values(state="running").returning(runs)
        self.renew = update(runs).where(*mine).values(attempt=runs.c.attempt + 1)
        # Whoever stops it afterwards, a question that was deleted stays so.
        kept = case((runs.c.stop_by == DELETED, DELETED), else_=bindparam("by", type_=String))
        self.ask_to_stop = update(runs).where(of, IS_LIVE).values(stop_by=kept)
        self.end = (
            update(runs)
            .where(of)
            .values({name: bindparam(name) for name in ENDED} | {"response_url": None})
            .returning(runs.c.stop_by)
        )
        self.place = _place(of)
        self.answers = (
            select(answers)
            .where(answers.c.run_id == bindparam("of"))
            .order_by(answers.c.layer, answers.c.position)
        )
        self.posts = (
            select(posts.c.ts).where(posts.c.run_id == bindparam("of")).order_by(posts.c.position)
        )


def put_answer(dialect: str, prefix: str = "") -> Any:
    """Put an answer in its place; `prefix` stands before the names of the parameters."""
    return in_its_place(own(dialect)(answers).values(every(answers, prefix)))


def new_run() -> dict[str, Any]:
    """The columns of a run that begins to wait: a parameter each, its turn put back."""
    return every(runs) | {"turn": _turn()}


def every(table: Table, prefix: str = "") -> dict[str, Any]:
    """A parameter for each column that the database does not fill in by itself."""
    columns = [column for column in table.c if column is not table.autoincrement_column]
    return {c.name: bindparam(prefix + c.name, type_=c.type) for c in columns}


def own(dialect: str) -> Any:
    """The database's own `insert`, which knows what to do on a conflict."""
    return postgresql.insert if dialect == "postgresql" else sqlite.insert


@cache
def put_keys(count: int) -> Executable:
    """Put the keys of one `run_id` (`key0`, `key1`, …) where they are free; counts the rows put.

    As text, since SQLAlchemy builds an insert of several rows anew at each use.
    """
    rows = ", ".join(f"(:key{number}, :run_id)" for number in range(count))
    new = f"INSERT INTO claims (key, run_id) VALUES {rows} ON CONFLICT DO NOTHING"  # noqa: S608
    return text(new)


def in_its_place(new: Any) -> Any:
    """Have an insert of answers replace those that are there."""
    news = {c.name: new.excluded[c.name] for c in answers.c if c.name not in ANSWER_KEYS}
    return new.on_conflict_do_update(index_elements=ANSWER_KEYS, set_=news)


def _turn() -> ColumnElement[int]:
    """Now, in seconds, put back by the unfinished questions of the same origin."""
    live = runs.alias()
    handicap: ColumnElement[int] = sum(
        (
            case((live.c[name] == bindparam(name), seconds), else_=0)
            for name, seconds in HANDICAP_S.items()
        ),
        start=literal(0),
    )
    # The workspace is no condition: an index on it would be taken for that of the live runs.
    unfinished = select(func.coalesce(func.sum(handicap), 0)).where(live.c.finished_at.is_(None))
    return unfinished.scalar_subquery() + bindparam("turn")


def _next_position() -> ColumnElement[int]:
    count = select(func.count() + 1).select_from(posts).where(posts.c.run_id == bindparam("run_id"))
    return count.scalar_subquery()


def _place(of: ColumnElement[bool]) -> Executable:
    other = runs.alias()
    live = other.c.finished_at.is_(None)
    earlier = select(func.count()).where(
        live, other.c.state == "waiting", other.c.turn < runs.c.turn
    )
    running = select(func.count()).where(live, other.c.state == "running")
    return select(
        runs.c.attempt, runs.c.turn, earlier.scalar_subquery(), running.scalar_subquery()
    ).where(of, runs.c.state == "waiting")
