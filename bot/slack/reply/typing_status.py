"""Shows right away that the bot is working on a question.

Uses an agent session, else an assistant thread's status, else a reaction to the question. Slack
clears an assistant's status after two minutes, so it is renewed in time. A reply never fails
because of its status.
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
from bot.slack.ui.blocks import section
from bot.slack.ui.footer import stop_button
from bot.slack.ui.strings import progress as strings

log = structlog.get_logger(__name__)

RENEW_S = 90
"""Seconds after which an assistant's status is sent again."""

REACTION = "eyes"
MENTION = re.compile(r"<@[^<>]*>")
MARKUP = re.compile(r"<(?:[^<>|]*\|)?([^<>|]*)>")
"""A link or a channel. The title keeps its label, or its address if it has none."""

MEANS = ("session", "assistant", "reaction")
"""Ways to show the status, in the order in which they are tried."""


class TypingStatus:
    """The status of one question.

    Args:
        client: the workspace's client.
        run: the run. An earlier attempt may have left a status of any kind.
    """

    def __init__(self, client: AsyncWebClient, run: Run) -> None:
        self._client = client
        self._run = run
        self._question = run.question
        self._shown: set[str] = {*MEANS} if run.resumed else set()
        self._means: str | None = None
        self._showing: asyncio.Task[None] | None = None
        self._renewal: asyncio.Task[None] | None = None

    def show(self) -> None:
        """Start showing the status in the background, since Slack may be slow or rate limit us."""
        self._showing = asyncio.create_task(self._show())

    async def _show(self) -> None:
        """Show the status in the first way that Slack accepts."""
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
        if await self._try("assistant", self._set_assistant_status(strings.WORKING)):
            self._renewal = asyncio.create_task(self._keep_renewing())
            return
        await self._try(
            "reaction",
            self._client.reactions_add(
                channel=question.channel, timestamp=question.ts, name=REACTION
            ),
        )

    async def _offer_stop(self) -> None:
        """Give the asker a Stop button, because Slack shows one only for agent sessions."""
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

    def has_session(self) -> bool:
        """Return whether the status is that of an agent session."""
        return self._means == "session"

    async def is_session(self) -> bool:
        """Return whether the end of a stream can also end the session."""
        await self._stop_showing()
        return self.has_session()

    def was_cleared(self) -> None:
        """Note that the end of the stream cleared the session's status."""
        if self._means == "session":
            self._means = None
            self._shown.discard("session")

    async def clear(self) -> None:
        """Clear every status that this run may have shown.

        Raises:
            SLACK_ERRORS: a retry may help. It skips what is already cleared.
        """
        await self._stop_showing()
        if self._renewal:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        self._means = None
        for means in MEANS:
            if means not in self._shown:
                continue
            try:
                await self._clear_one(means)
            except SLACK_ERRORS as error:
                code = code_of(error)
                if code != "no_reaction":  # an earlier attempt may have shown it, or not
                    log.info("status_not_cleared", means=means, error=code)
                if code in TRANSIENT:
                    raise
            self._shown.discard(means)

    async def _clear_one(self, means: str) -> object:
        question = self._question
        if means == "session":
            return await self._client.agents_sessions_setStatus(
                channel_id=question.channel, thread_ts=question.thread_ts, status="active"
            )
        if means == "assistant":
            return await self._set_assistant_status("")
        return await self._client.reactions_remove(
            channel=question.channel, timestamp=question.ts, name=REACTION
        )

    async def _stop_showing(self) -> None:
        if self._showing:
            self._showing.cancel()
            await asyncio.gather(self._showing, return_exceptions=True)
            self._showing = None

    async def _set_assistant_status(self, text: str) -> object:
        return await self._client.assistant_threads_setStatus(
            channel_id=self._question.channel, thread_ts=self._question.thread_ts, status=text
        )

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            await self._try("assistant", self._set_assistant_status(strings.WORKING))

    async def _try(self, means: str, call: Awaitable[object]) -> bool:
        self._means = means  # set before the call, which may take effect even if cancelled
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
    """Return the session's title: the question that started the thread.

    None for later questions in the thread, because people may have changed the title.
    """
    question = run.question
    if question.thread_ts != question.ts or run.again_of or run.resumed:
        return None
    text = MARKUP.sub(r"\1", MENTION.sub("", question.text))
    return shorten(plain(html.unescape(text)).strip(), slack_limits.SESSION_TITLE) or None
