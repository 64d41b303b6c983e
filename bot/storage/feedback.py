"""Stores feedback on replies and answers (`bot.ports.Feedback`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import case, delete, select

from bot.storage.database import Database
from bot.storage.rows import storable, upsert
from bot.storage.tables import feedback

REPLY = "reply"
"""The target of a verdict on the whole reply."""

BEST = "best"
"""The verdict that marks the best answer. Verdicts on the reply have rows of their own."""


class StoredFeedback:
    """`bot.ports.Feedback` on a database. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def judge(
        self, run_id: str, user: str, verdict: Literal["helpful", "not_helpful"], reason: str
    ) -> None:
        """Store a person's verdict on the reply. A reason is kept while the verdict is the same."""
        key = {"run_id": run_id, "user": user, "target": REPLY}
        values = {"verdict": verdict, "reason": storable(reason), "created_at": datetime.now(UTC)}
        # Repeating a verdict without a reason keeps the earlier reason.
        same = feedback.c.verdict == verdict
        kept = {} if reason else {"reason": case((same, feedback.c.reason), else_="")}
        async with self._database.begin() as connection:
            statement = upsert(connection.dialect.name)(feedback).values(key | values)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=list(key), set_=values | kept)
            )

    async def choose_best(self, run_id: str, user: str, target: str) -> None:
        """Store a person's best answer, replacing an earlier choice."""
        mine = feedback.c.run_id == run_id, feedback.c.user == user, feedback.c.verdict == BEST
        key = {"run_id": run_id, "user": user, "target": target}
        values = {"verdict": BEST, "created_at": datetime.now(UTC)}
        async with self._database.begin() as connection:
            await connection.execute(delete(feedback).where(*mine, feedback.c.target != target))
            statement = upsert(connection.dialect.name)(feedback).values(key | values)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=list(key), set_=values)
            )

    async def clear_best(self, run_id: str, user: str, target: str) -> None:
        """Delete a person's choice of this answer."""
        key = feedback.c.run_id == run_id, feedback.c.user == user, feedback.c.target == target
        async with self._database.begin() as connection:
            await connection.execute(delete(feedback).where(*key, feedback.c.verdict == BEST))

    async def best_of(self, run_id: str, user: str) -> str | None:
        """Return the person's best answer, or the latest one if two clicks collided."""
        mine = feedback.c.run_id == run_id, feedback.c.user == user, feedback.c.verdict == BEST
        query = select(feedback.c.target).where(*mine).order_by(feedback.c.created_at.desc())
        async with self._database.connect() as connection:
            return (await connection.execute(query.limit(1))).scalar()
