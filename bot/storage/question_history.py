"""Reads earlier questions (`bot.ports.QuestionHistory`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, select

from bot.ports import PastQuestion
from bot.storage.database import Database
from bot.storage.erasure import IS_ERASED
from bot.storage.rows import aware
from bot.storage.tables import runs


class StoredHistory:
    """`bot.ports.QuestionHistory` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest(self, team: str, user: str, most: int) -> Sequence[PastQuestion]:
        """Return a person's latest questions, the newest first."""
        query = (
            select(
                runs.c.channel,
                runs.c.ts,
                runs.c.thread_ts,
                runs.c.text,
                runs.c.surface,
                runs.c.pipeline,
                runs.c.state,
                runs.c.created_at,
            )
            .where(runs.c.team == team, runs.c.user == user, ~IS_ERASED)
            .order_by(runs.c.created_at.desc(), runs.c.id)
            .limit(most)
        )
        async with self._database.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [PastQuestion(*row[:-1], aware(row.created_at)) for row in rows]

    async def was_asked_in(self, team: str, channel: str, thread_ts: str) -> bool:
        """Return whether anyone asked the bot in a thread."""
        here = (
            runs.c.team == team,
            runs.c.channel == channel,
            runs.c.thread_ts == thread_ts,
        )
        query = select(exists().where(*here))
        async with self._database.connect() as connection:
            return bool(await connection.scalar(query))
