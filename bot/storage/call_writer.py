"""What each call brought and cost: an answer, a line of the ledger, and what a day adds up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Float, String, bindparam, case, exists, insert, select

from bot.storage.database import Database
from bot.storage.rows import answer_row, ledger_row
from bot.storage.sqlite import run
from bot.storage.statements import every, own, put_answer
from bot.storage.tables import ledger, runs, spending
from moa import Answer, Call

DAY = "%Y-%m-%d"

OF_ANSWER, OF_CALL = "answer_", "call_"
"""Stand before the names of parameters: the tables have columns of the same names."""


class CallStatements(NamedTuple):
    """What keeps a call. The last two go together."""

    answer: Any
    spend: Any
    line: Any


def statements(dialect: str) -> CallStatements:
    """The statements that keep a call; see `paid_answer` for their parameters."""
    line = insert(ledger).values(every(ledger, OF_CALL)).inline()
    return CallStatements(put_answer(dialect, OF_ANSWER), _add_to_day(dialect), line)


def paid_answer(run_id: str, answer: Answer, call: Call) -> dict[str, Any]:
    """The parameters for an answer and what was paid for it."""
    return _answer(run_id, answer, call) | _paid(run_id, call)


class CallWriter:
    """Keeps calls: by a statement for each table on SQLite, by one for all on Postgres."""

    def __init__(self, database: Database, patience_s: float) -> None:
        self._database = database
        self._patience_s = patience_s
        answer, spend, line = statements(database.dialect)
        self._answer: Any = answer
        self._paid: list[Any] = [spend, line]
        self._all: list[Any] = [answer, spend, line]
        if database.dialect == "postgresql":
            self._paid = [line.add_cte(spend.cte("spent"))]
            self._all = [line.add_cte(answer.cte("answered"), spend.cte("spent"))]

    async def record(self, run_id: str, answer: Answer, call: Call) -> None:
        """Store an answer as it comes, and what was paid for it."""
        if call.attempt:
            await self._run(self._all, paid_answer(run_id, answer, call))
        else:  # it was recorded, and paid for, before
            await self._run([self._answer], _answer(run_id, answer, call))

    async def charge(self, run_id: str, call: Call) -> None:
        """Store what was paid for a call that brought no answer of its own."""
        if call.attempt:
            await self._run(self._paid, _paid(run_id, call))

    async def _run(self, statements: Sequence[Any], given: Mapping[str, Any]) -> None:
        if len(statements) == 1:
            await self._database.change(statements[0], given, patience_s=self._patience_s)
            return

        def keep(connection: Connection) -> None:
            for statement in statements:
                run(statement, given, connection)

        await self._database.write(keep, patience_s=self._patience_s)


def _answer(run_id: str, answer: Answer, call: Call) -> dict[str, Any]:
    return {OF_ANSWER + name: v for name, v in answer_row(run_id, answer, call.role).items()}


def _paid(run_id: str, call: Call) -> dict[str, Any]:
    line = {OF_CALL + name: value for name, value in ledger_row(run_id, call).items()}
    day = datetime.now(UTC).strftime(DAY)
    return {**line, "of": run_id, "day": day, "cost": call.cost_usd or 0.0}


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
