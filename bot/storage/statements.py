"""What is run for each question, built once: building a statement costs as much as running it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Float,
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
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.tables import IS_LIVE, answers, claims, ledger, posts, runs, spending

HANDICAP_S = {"user": 2, "channel": 2, "team": 1}
"""By how much each unfinished question of the same person, channel and workspace puts a new one
back in the queue. So whoever asks much waits for themselves, and nobody waits for ever."""

ANSWER_KEYS = ("run_id", "layer", "position")


FINISHED = ("reply", "status", "notes", "seconds", "cost_usd", "disagreement")
ENDED = ("state", "trouble", "finished_at")


class Statements:
    """The statements of the journal. Parameters have the names of their columns.

    Those that find a row take `of` for its run's id, and `only` for the attempt that must count.
    """

    def __init__(self, dialect: str) -> None:
        self._insert: Any = (postgresql if dialect == "postgresql" else sqlite).insert
        of, only, live = runs.c.id == bindparam("of"), bindparam("only"), IS_LIVE
        mine = (of, runs.c.attempt == only, live)
        self.put_run = insert(runs).values(_all(runs) | {"turn": _turn()})
        self.put_key: Executable = (
            self._insert(claims)
            .on_conflict_do_nothing()
            .execution_options(preserve_rowcount=True)  # 0 tells that the key was taken
        )
        self.put_answer: Executable = self._upsert_answer()
        self.put_line = insert(ledger).values(_all(ledger, "id"))
        self.spend: Executable = self._add_to_day()
        self.put_post = insert(posts).values(_all(posts) | {"position": _next_position()})
        self.run = select(runs).where(of)
        self.mine = select(runs).where(*mine)
        self.begin = update(runs).where(*mine).values(state="running")
        self.renew = update(runs).where(*mine).values(attempt=runs.c.attempt + 1)
        self.finish = (
            update(runs)
            .where(of, runs.c.attempt == only)
            .values({name: bindparam(name) for name in FINISHED})
        )
        self.end = (
            update(runs)
            .where(of)
            .values({name: bindparam(name) for name in ENDED} | {"response_url": None})
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

    def _upsert_answer(self) -> Executable:
        new = self._insert(answers).values(_all(answers))
        news = {c.name: new.excluded[c.name] for c in answers.c if c.name not in ANSWER_KEYS}
        upsert: Executable = new.on_conflict_do_update(index_elements=ANSWER_KEYS, set_=news)
        return upsert

    def _add_to_day(self) -> Executable:
        """Add a call's `cost` to its `day`; a run counts as a question with its first call."""
        is_first = ~exists().where(ledger.c.run_id == bindparam("of"))
        row = select(
            runs.c.team,
            bindparam("day", type_=String),
            runs.c.channel,
            runs.c.user,
            case((is_first, 1), else_=0),
            bindparam("cost", type_=Float),
        ).where(runs.c.id == bindparam("of"))
        key, sums = ["team", "day", "channel", "user"], ["questions", "cost_usd"]
        new = self._insert(spending).from_select([*key, *sums], row)
        added = {name: spending.c[name] + new.excluded[name] for name in sums}
        upsert: Executable = new.on_conflict_do_update(index_elements=key, set_=added)
        return upsert


def _all(table: Table, *without: str) -> dict[str, Any]:
    return {c.name: bindparam(c.name, type_=c.type) for c in table.c if c.name not in without}


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
