"""What each call brought and cost: an answer, a line of the ledger, and what a day adds up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Float, String, bindparam, case, exists, insert, select

from bot.storage.rows import answer_row, ledger_row
from bot.storage.statements import every, own, put_answer
from bot.storage.tables import ledger, runs, spending
from moa import Answer, Call

DAY = "%Y-%m-%d"

OF_ANSWER = "answer_"
"""Stands before the names of an answer's parameters: a line of the ledger has the same names."""


class Paying:
    """The statements that keep calls: each its own on SQLite, all in one on Postgres.

    To Postgres every statement is a round trip; on SQLite they are quick, and cannot be joined.

    Attributes:
        at_one_go: whether storing a call takes one statement.
    """

    def __init__(self, dialect: str) -> None:
        self.at_one_go = dialect == "postgresql"
        line = insert(ledger).values(every(ledger)).inline()
        answer, spend = put_answer(dialect, OF_ANSWER), _add_to_day(dialect)
        self._answer: Any = answer
        self._paid: list[Any] = [spend, line]
        self._all: list[Any] = [answer, spend, line]
        if self.at_one_go:
            self._paid = [line.add_cte(spend.cte("spent"))]
            self._all = [line.add_cte(answer.cte("answered"), spend.cte("spent"))]

    def record(self, connection: Connection, run_id: str, answer: Answer, call: Call) -> None:
        """Store an answer as it comes, and what was paid for it."""
        row = answer_row(run_id, answer, call.role)
        given = {OF_ANSWER + name: value for name, value in row.items()}
        if call.attempt:
            _run(connection, self._all, given | _paid(run_id, call))
        else:  # it was recorded, and paid for, before
            _run(connection, [self._answer], given)

    def charge(self, connection: Connection, run_id: str, call: Call) -> None:
        """Store what was paid for a call that brought no answer of its own."""
        if call.attempt:
            _run(connection, self._paid, _paid(run_id, call))


def _run(connection: Connection, statements: Sequence[Any], given: Mapping[str, Any]) -> None:
    for statement in statements:
        connection.execute(statement, given)


def _paid(run_id: str, call: Call) -> dict[str, Any]:
    day = datetime.now(UTC).strftime(DAY)
    return {**ledger_row(run_id, call), "of": run_id, "day": day, "cost": call.cost_usd or 0.0}


def _add_to_day(dialect: str) -> Any:
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
    new = own(dialect)(spending).from_select([*key, *sums], row)
    added = {name: spending.c[name] + new.excluded[name] for name in sums}
    return new.on_conflict_do_update(index_elements=key, set_=added)
