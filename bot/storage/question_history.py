"""Reads earlier questions (`bot.ports.QuestionHistory`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import exists, or_, select

from bot.ports import PastQuestion, Run
from bot.storage.database import Database
from bot.storage.erasure import IS_ERASED
from bot.storage.rows import aware
from bot.storage.run_queries import in_thread
from bot.storage.tables import runs

MAX_REMEMBERED = 10_000
"""Places remembered as answered before, so that not every reply has to look."""


class StoredHistory:
    """`bot.ports.QuestionHistory` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._answered: set[tuple[str, str, str | None]] = set()

    async def latest(self, team: str, user: str, limit: int) -> Sequence[PastQuestion]:
        """Return a person's latest questions, newest first."""
        query = (
            select(*(runs.c[name] for name in PastQuestion.__slots__))
            .where(runs.c.team == team, runs.c.user == user, ~IS_ERASED)
            .order_by(runs.c.created_at.desc(), runs.c.id)
            .limit(limit)
        )
        async with self._database.connect() as connection:
            found = [PastQuestion(*row) for row in await connection.execute(query)]
        return [replace(each, created_at=aware(each.created_at)) for each in found]

    async def was_asked_in(self, team: str, channel: str, thread_ts: str) -> bool:
        """Return whether anyone asked the bot in a thread."""
        query = select(exists().where(*in_thread(team, channel, thread_ts)))
        async with self._database.connect() as connection:
            return bool(await connection.scalar(query))

    async def is_first_reply(self, run: Run, *, public: bool = False) -> bool:
        """Return whether no stored run was answered in the run's channel before."""
        question = run.question
        is_private = question.surface == "command" and not public
        place = question.team, question.channel, question.user if is_private else None
        if place in self._answered:
            return False
        same_kind = [runs.c.surface == "command", runs.c.user == question.user]
        earlier = exists().where(
            runs.c.team == question.team,
            runs.c.channel == question.channel,
            runs.c.state == "answered",
            runs.c.id != run.id,
            *(same_kind if is_private else [runs.c.surface != "command"]),
        )
        async with self._database.connect() as connection:
            was_answered = bool(await connection.scalar(select(earlier)))
        if was_answered and len(self._answered) < MAX_REMEMBERED:
            self._answered.add(place)
        return not was_answered

    async def latest_answered(self, team: str, channel: str, user: str) -> str | None:
        """Return a channel's newest run with a reply, except private replies to other people."""
        query = (
            select(runs.c.id)
            .where(runs.c.team == team, runs.c.channel == channel, runs.c.reply != "", ~IS_ERASED)
            .where(or_(runs.c.surface != "command", runs.c.user == user))
            .order_by(runs.c.created_at.desc(), runs.c.id)
            .limit(1)
        )
        async with self._database.connect() as connection:
            return await connection.scalar(query)
