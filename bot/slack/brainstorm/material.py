"""Reads the thread that a brainstorm starts from."""

from __future__ import annotations

import secrets
from typing import ClassVar

import structlog

from bot.errors import Postponed, Unanswerable
from bot.ports import Question, ThreadReader
from bot.slack.thread.fetch import LATEST_TS
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import brainstorm as strings
from bot.slack.ui.strings.troubles import TROUBLES

log = structlog.get_logger(__name__)


class ThreadMaterial:
    """Turns a thread into the material of a brainstorm."""

    LIMIT: ClassVar[int] = 20_000
    """Characters of a thread to use, the latest ones."""

    def __init__(self, threads: ThreadReader) -> None:
        self._threads = threads

    async def read(self, team: str, channel: str, user: str, thread_ts: str | None) -> str:
        """Return a thread as text, or "" without a thread.

        Raises:
            RefusedError: it can't be read.
        """
        if thread_ts is None:
            return ""
        end = secrets.token_hex(8)
        question = Question(
            team=team,
            channel=channel,
            user=user,
            ts=LATEST_TS,
            thread_ts=thread_ts,
            text=end,
            surface="mention",
            attached=False,
        )
        try:
            thread = await self._threads.read(question)
        except Unanswerable as refused:
            raise RefusedError(TROUBLES[refused.trouble]) from None
        except Postponed:
            raise RefusedError(strings.FAILED) from None
        turns = (turn.content for turn in thread.prompt.messages if turn.role == "user")
        before, _, _ = "\n\n".join(turns).partition(end)
        text, _, _ = before.rpartition("\n\n")  # without the line that introduces `end`
        return text[-self.LIMIT :]
