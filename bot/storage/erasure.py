"""Erases a run whose question was deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Trouble
from bot.storage.tables import answers, feedback, ledger, runs

ERASED: Trouble = "thread_gone"
"""The trouble that marks erased runs."""

IS_ERASED = and_(func.coalesce(runs.c.trouble, "") == ERASED, runs.c.text == "")


async def erase(connection: AsyncConnection, run_id: str, finished_at: datetime) -> None:
    """End a run and erase its texts: the question, the reply, all answers and the disagreement.

    Its row and claims stay, so that a late event can't ask the question again. So do its calls,
    for their costs, but without the providers' reasons, which may quote the question.
    """
    for table in (answers, feedback):
        await connection.execute(delete(table).where(table.c.run_id == run_id))
    await connection.execute(update(ledger).where(ledger.c.run_id == run_id).values(reason=None))
    emptied = {"text": "", "reply": "", "notes": "[]", "disagreement": None, "response_url": None}
    ended = {"state": "failed", "status": None, "trouble": ERASED, "finished_at": finished_at}
    await connection.execute(update(runs).where(runs.c.id == run_id).values(**emptied, **ended))


def is_erased(row: Row[Any]) -> bool:
    """Return whether a run was erased."""
    return row.trouble == ERASED and not row.text
