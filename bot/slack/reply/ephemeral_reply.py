"""A reply that only the asker sees: to a slash command, by its response_url."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import Trouble, Unanswerable
from bot.ports import Run
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.markdown.sanitize import escape_mrkdwn, safe_markdown, shorten
from bot.slack.markdown.split import MOST_CHARS, split_markdown
from bot.slack.markdown.split_stream import unfenced
from bot.slack.reply.context import ReplyContext
from bot.slack.reply.live_message import TEXT_LIMIT
from bot.slack.reply.notices import RETRYABLE, notify_directly
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, markdown, section
from bot.slack.ui.footer import footer, retry_button
from moa import Answer, Event, Outcome

log = structlog.get_logger(__name__)

USES = 4
"""A response_url may be used 5 times within 30 minutes; one use is kept to say where the rest is
(https://docs.slack.dev/interactivity/handling-user-interaction)."""


class EphemeralReply:
    """`bot.ports.Reply` for a slash command."""

    def __init__(self, frame: ReplyContext, run: Run, allowed: frozenset[str]) -> None:
        self._frame = frame
        self._client = frame.client
        self._run = run
        self._allowed = allowed
        self._url = run.question.response_url

    async def stands(self) -> bool:
        """What only the asker sees cannot be looked for."""
        return False

    async def start(self) -> None:
        """The acknowledgement of the command has said already that the models are asked."""

    def heed(self, asker_said: Sequence[str]) -> None:
        """A slash command is part of no thread: nothing was said before it."""

    async def show(self, event: Event) -> None:
        """An ephemeral message cannot grow, so only the whole reply is shown."""

    async def finish(self, outcome: Outcome) -> None:
        """Show the reply, with buttons for the answers and for sharing it.

        What the response_url does not take goes to the asker's direct messages, where there is
        nothing to share it in.

        Raises:
            Unanswerable: when it can be shown neither here nor in a direct message.
        """
        below = ending(outcome.status, outcome.aggregator)
        text = await asyncio.to_thread(safe_reply, outcome.reply, below, self._allowed, MOST_CHARS)
        pieces = split_markdown(text)
        here = await self._show_here(pieces[:USES], outcome)
        rest = pieces[here:]
        if not rest:
            return
        told = await self._show_directly(rest, outcome)
        notice = strings.REST_DIRECTLY if told else strings.REST_LOST
        said = here > 0 and await self._post([section(escape_mrkdwn(notice))], notice)
        if not told and not said:
            raise Unanswerable("internal")

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> bool:
        """Say in plain words why there is no reply."""
        text = escape_mrkdwn(strings.trouble_text(trouble, error_id))
        blocks = [section(text), *(retry_button(self._run.id) if trouble in RETRYABLE else [])]
        if not await self._post(blocks, text) and not await self._tell(blocks, text):
            raise Unanswerable("internal")
        return True

    async def close(self) -> None:
        """It holds nothing."""

    async def _show_here(self, pieces: Sequence[str], outcome: Outcome) -> int:
        """Post pieces by the response_url until one is refused; gives how many were taken."""
        below = await self._below(outcome, share=True)
        for number, piece in enumerate(pieces):
            is_last = number == len(pieces) - 1
            if not await self._post([markdown(piece), *(below if is_last else [])], piece):
                return number
        return len(pieces)

    async def _show_directly(self, pieces: Sequence[str], outcome: Outcome) -> bool:
        """Post pieces as direct messages; False as soon as one is refused."""
        below = await self._below(outcome, share=False)
        for number, piece in enumerate(pieces):
            is_last = number == len(pieces) - 1
            if not await self._tell([markdown(piece), *(below if is_last else [])], piece):
                return False
        return True

    async def _below(self, outcome: Outcome, *, share: bool) -> Sequence[Block]:
        setting = await self._frame.setting(self._run)
        again_of = await self._frame.again_of(self._run)
        return footer(self._run.id, outcome, setting, share=share, again_of=again_of)

    async def _tell(self, blocks: Sequence[Block], text: str) -> bool:
        return await notify_directly(self._client, self._run, shorten(text, TEXT_LIMIT), blocks)

    async def _post(self, blocks: Sequence[Block], text: str) -> bool:
        """Use the response_url once. Returns whether Slack took the message."""
        if not self._url:
            return False
        # Without its default handler, which would post twice when an answer is lost.
        webhook = AsyncWebhookClient(self._url, retry_handlers=[])
        try:
            answer = await webhook.send(
                text=shorten(text, TEXT_LIMIT),
                blocks=blocks,
                response_type="ephemeral",
                replace_original=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SLACK_ERRORS as error:
            log.info("response_url_failed", error=code_of(error))
            return False
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            log.info("response_url_refused", status=answer.status_code)
            return False
        return True


def ending(status: str | None, writer: Answer | None) -> str | None:
    """What has to be said below a reply that has no end."""
    if status == "partial":
        return strings.PARTIAL
    return strings.CUT_AT_LIMIT if writer and writer.status == "truncated" else None


def safe_reply(reply: str, below: str | None, allowed: frozenset[str], most: int) -> str:
    """A reply as safe markdown, never empty, with a notice below it where there is one.

    Args:
        reply: the models' text.
        below: the notice.
        allowed: the hosts that may be linked.
        most: characters of the reply that are shown; a line below says where it is cut.
    """
    text = safe_markdown(reply[:most], allowed)
    if not text.strip():
        text = strings.EMPTY_REPLY
    if len(reply) > most:
        return unfenced(text, strings.REPLY_CUT)
    return unfenced(text, below) if below else text
