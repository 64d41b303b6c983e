"""Showing at once that a question is being worked on, by the best means that a workspace has.

Agent sessions, else an assistant thread's status (which Slack clears after two minutes, hence the
beat), else a reaction on the question. None of it is ever fatal to a reply.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Awaitable

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import slack_limits
from bot.ports import Run
from bot.slack.api.client import SLACK_ERRORS, TRANSIENT, UNSURE, code_of
from bot.slack.api.thread_roots import root_exists
from bot.slack.api.users import is_app
from bot.slack.markdown.sanitize import plain, shorten
from bot.slack.ui import strings
from bot.slack.ui.blocks import section
from bot.slack.ui.footer import stop_button

log = structlog.get_logger(__name__)

BEAT_S = 90
REACTION = "eyes"
MENTION = re.compile(r"<@[^<>]*>")
MARKUP = re.compile(r"<(?:[^<>|]*\|)?([^<>|]*)>")
"""A link or a channel: of it the label is read, or the address where it has none."""

MEANS = ("session", "assistant", "reaction")
"""In the order in which they are tried."""


class TypingStatus:
    """One question's sign of work. `clear` takes it away, whatever it was.

    Args:
        client: of the workspace.
        run: what is worked on. An earlier attempt at it may have shown the sign, by any means, and
            never cleared it.
    """

    def __init__(self, client: AsyncWebClient, run: Run) -> None:
        self._client = client
        self._run = run
        self._question = run.question
        self._shown: set[str] = {*MEANS} if run.resumed else set()
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
            **where,
            status="processing",
            initiator_user_id=None if is_app(question.user) else question.user,
            title=_title(self._run),
        )
        if await self._try("session", session):
            return
        if not await root_exists(self._client, question.channel, question.thread_ts):
            return
        if not (self._run.resumed or is_app(question.user)):
            await self._offer_stop()
        if await self._try("assistant", self._say(strings.WORKING)):
            self._beat = asyncio.create_task(self._keep_saying())
            return
        await self._try(
            "reaction",
            self._client.reactions_add(
                channel=question.channel, timestamp=question.ts, name=REACTION
            ),
        )

    async def _offer_stop(self) -> None:
        """Without a session Slack shows no Stop of its own: the asker gets a button of ours."""
        question = self._question
        try:
            await self._client.chat_postEphemeral(
                channel=question.channel,
                user=question.user,
                thread_ts=question.thread_ts,
                text=strings.STOP_OFFER,
                blocks=[section(strings.STOP_OFFER), stop_button(self._run.id)],
            )
        except SLACK_ERRORS as error:
            log.info("stop_not_offered", error=code_of(error))

    async def is_session(self) -> bool:
        """Whether the end of a stream may set the session's status by itself."""
        await self._stop_showing()
        return self._means == "session"

    def was_cleared(self) -> None:
        """The end of the stream has set the session's status."""
        if self._means == "session":
            self._means = None
            self._shown.discard("session")

    async def clear(self) -> None:
        """Take the sign away.

        Raises:
            SLACK_TROUBLE: where trying again may help; what is left is then tried again.
        """
        await self._stop_showing()
        if self._beat:
            self._beat.cancel()
            await asyncio.gather(self._beat, return_exceptions=True)
        self._means = None
        for means in MEANS:
            if means not in self._shown:
                continue
            try:
                await self._cleared(means)
            except SLACK_ERRORS as error:
                log.info("status_not_cleared", means=means, error=code_of(error))
                if code_of(error) in TRANSIENT:
                    raise
            self._shown.discard(means)

    async def _cleared(self, means: str) -> object:
        question = self._question
        if means == "session":
            return await self._client.agents_sessions_setStatus(
                channel_id=question.channel, thread_ts=question.thread_ts, status="active"
            )
        if means == "assistant":
            return await self._say("")
        return await self._client.reactions_remove(
            channel=question.channel, timestamp=question.ts, name=REACTION
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
            await self._try("assistant", self._say(strings.WORKING))

    async def _try(self, means: str, call: Awaitable[object]) -> bool:
        self._means = means  # also when it is cut short: it may have had its effect
        self._shown.add(means)
        try:
            await call
        except SLACK_ERRORS as error:
            code = code_of(error)
            if code == "already_reacted":
                return True
            log.info("status_refused", means=means, error=code)
            self._means = None
            if code not in UNSURE:
                self._shown.discard(means)
            return False
        return True


def _title(run: Run) -> str | None:
    """The session's title: the words that began the thread.

    None for what is asked later in it, or once more: people may have changed the title meanwhile.
    """
    question = run.question
    if question.thread_ts != question.ts or run.again_of or run.resumed:
        return None
    words_only = MARKUP.sub(r"\1", MENTION.sub("", question.text))
    return shorten(plain(html.unescape(words_only)).strip(), slack_limits.SESSION_TITLE) or None
