"""How a run came out: its reply and all that is told of it, stored before the reply is complete."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Executable,
    Text,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from bot.ports import Paid
from bot.storage import call_writer
from bot.storage.database import Database
from bot.storage.disagreements import disagreement_text
from bot.storage.rows import answer_row, storable
from bot.storage.sqlite import run
from bot.storage.statements import in_its_place, put_answer
from bot.storage.tables import answers, runs
from moa import Outcome

FINISHED = ("reply", "status", "notes", "seconds", "cost_usd", "disagreement")


class OutcomeWriter:
    """Stores outcomes: one statement on Postgres, where each is a round trip."""

    def __init__(self, database: Database, patience_s: float) -> None:
        self._database = database
        self._patience_s = patience_s
        of, only = runs.c.id == bindparam("of"), bindparam("only")
        finish = update(runs).where(of, runs.c.attempt == only)
        self._finish = finish.values({name: bindparam(name) for name in FINISHED})
        self._put_answer: Executable = put_answer(database.dialect)
        self._pay = call_writer.statements(database.dialect)
        self._whole = _whole(self._finish)
        self._whole_paid = self._whole.add_cte(
            self._pay.answer.cte("answered"),
            self._pay.spend.cte("spent"),
            self._pay.line.cte("line"),
        )

    async def finish(self, run_id: str, outcome: Outcome, attempt: int, last: Paid | None) -> bool:
        """Whether the outcome was stored: not where another attempt counts. `last` is in any case.

        Args:
            run_id: the run.
            outcome: as the pipeline gave it, its answers labelled.
            attempt: the only one that may store it.
            last: an answer with its call that is stored with it.
        """
        values = {
            "reply": storable(outcome.reply),
            "status": outcome.status,
            "notes": json.dumps(outcome.notes),
            "seconds": outcome.seconds,
            "cost_usd": outcome.cost_usd,
            "disagreement": disagreement_text(outcome.disagreement),
        }
        paid = call_writer.paid_answer(run_id, *last) if last else {}
        given = {**values, **paid, "of": run_id, "only": attempt}
        rows = [answer_row(run_id, answer, "proposer") for answer in outcome.answers]
        if self._database.dialect == "postgresql":
            whole = self._whole_paid if last else self._whole
            given["rows"] = json.dumps(rows)
            found = await self._database.change(whole, given, patience_s=self._patience_s)
            return bool(found.rows)

        def store(connection: Connection) -> bool:
            for statement in self._pay if last else ():
                run(statement, given, connection)
            if not run(self._finish, given, connection).changed:
                return False
            for row in rows:
                run(self._put_answer, row, connection)
            return True

        return await self._database.write(store, patience_s=self._patience_s)


def _whole(finish: Any) -> Any:
    """Postgres alone: `finish`, and put the answers of `rows`, a JSON array; gives back the id.

    Where another attempt counts nothing is changed, and nothing given back.
    """
    done = finish.returning(runs.c.id).cte("done")
    rows = cast(bindparam("rows", type_=Text), JSON)
    new = func.json_populate_recordset(literal_column("NULL::answers"), rows)
    each = new.table_valued(*(column.name for column in answers.c), name="new")
    put = postgresql.insert(answers).from_select(
        [*answers.c],
        select(*each.c).select_from(each.join(done, literal(True))),  # noqa: FBT003
    )
    return select(done.c.id).add_cte(in_its_place(put).cte("put"))
