"""Showing at once that a question is being worked on, by the best means that a workspace has.

Agent sessions, else an assistant thread's status (which Slack clears after two minutes, hence the
beat), else a reaction on the question. None of it is ever fatal to a reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Question
from bot.slack import words
from bot.slack.client import SLACK_TROUBLE, code_of

log = structlog.get_logger(__name__)

BEAT_S = 90
REACTION = "eyes"
TITLE_LIMIT = 200


class Status:
    """One question's sign of work. `clear` takes it away, whatever it was."""

    def __init__(self, client: AsyncWebClient, question: Question) -> None:
        self._client = client
        self._question = question
        self._means: str | None = None
        self._showing: asyncio.Task[None] | None = None
        self._beat: asyncio.Task[None] | None = None

    def show(self) -> None:
        """Begin to show it. The work does not wait: Slack may be slow, or limit us for a while."""
        self._showing = asyncio.create_task(self._show())

    async def _show(self) -> None:
        """Show it by the first means that is not refused."""
        question = self._question
        where = {"channel_id": question.channel, "thread_ts": question.thread_ts}
        session = self._client.agents_sessions_setStatus(
            **where, status="processing", initiator_user_id=question.user
        )
        if await self._try("session", session):
            return
        if await self._try("assistant", self._say(words.WORKING)):
            self._beat = asyncio.create_task(self._keep_saying())
            return
        await self._try(
            "reaction",
            self._client.reactions_add(
                channel=question.channel, timestamp=question.ts, name=REACTION
            ),
        )

    async def is_session(self) -> bool:
        """Whether the end of a stream may set the session's status by itself."""
        await self._stop_showing()
        return self._means == "session"

    def was_cleared(self) -> None:
        """The end of the stream has set the session's status."""
        if self._means == "session":
            self._means = None

    async def clear(self) -> None:
        """Take the sign away."""
        await self._stop_showing()
        means, self._means = self._means, None
        if self._beat:
            self._beat.cancel()
            await asyncio.gather(self._beat, return_exceptions=True)
        question = self._question
        if means == "session":
            where = {"channel_id": question.channel, "thread_ts": question.thread_ts}
            await self._try(None, self._client.agents_sessions_setStatus(**where, status="active"))
        elif means == "assistant":
            await self._try(None, self._say(""))
        elif means == "reaction":
            await self._try(
                None,
                self._client.reactions_remove(
                    channel=question.channel, timestamp=question.ts, name=REACTION
                ),
            )

    async def _stop_showing(self) -> None:
        if self._showing:
            self._showing.cancel()
            await asyncio.gather(self._showing, return_exceptions=True)
            self._showing = None

    async def _say(self, text: str) -> object:
        return await self._client.assistant_threads_setStatus(
            channel_id=self._question.channel, thread_ts=self._question.thread_ts, status=text
        )

    async def _keep_saying(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self._try("assistant", self._say(words.WORKING))

    async def _try(self, means: str | None, call: Awaitable[object]) -> bool:
        self._means = means  # also when it is cut short: it may have had its effect
        try:
            await call
        except SLACK_TROUBLE as error:
            log.info("status_refused", means=means, error=code_of(error))
            self._means = None
            return False
        return True
