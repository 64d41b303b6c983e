"""A reply to a slash command, which only the asker sees."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import slack_limits
from bot.errors import Trouble, Unanswerable
from bot.ports import Run
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.markdown.sanitize import escape_mrkdwn, safe_markdown, shorten
from bot.slack.markdown.split import MOST_CHARS, split_markdown
from bot.slack.markdown.split_stream import append_outside_fence
from bot.slack.reply.context import ReplyContext
from bot.slack.reply.live_message import FALLBACK_TEXT_LIMIT
from bot.slack.reply.notices import RETRYABLE, notify_directly
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, markdown, section
from bot.slack.ui.footer import footer, retry_button
from moa import Answer, Event, Outcome

log = structlog.get_logger(__name__)

REPLY_USES = slack_limits.RESPONSE_URL_USES - 1
"""How many messages go through the response_url; one use is kept to say where the rest is
(https://docs.slack.dev/interactivity/handling-user-interaction)."""


class EphemeralReply:
    """`bot.ports.Reply` for a slash command, sent through its response_url."""

    def __init__(
        self, reply_context: ReplyContext, run: Run, allowed_hosts: frozenset[str]
    ) -> None:
        self._context = reply_context
        self._client = reply_context.client
        self._run = run
        self._allowed_hosts = allowed_hosts
        self._url = run.question.response_url

    async def recover(self) -> bool:
        """Return False: Slack offers no way to look for ephemeral messages."""
        return False

    async def start(self) -> None:
        """Do nothing: the response to the command already said that the models are asked."""

    def allow_hosts_in(self, asker_said: Sequence[str]) -> None:
        """Do nothing: a slash command has no earlier messages."""

    async def show(self, event: Event) -> None:
        """Do nothing: ephemeral messages cannot be updated, so only the final reply is shown."""

    async def finish(self, outcome: Outcome) -> None:
        """Show the reply with its buttons.

        What the response_url does not accept goes to the asker's direct messages, without a button
        to share it.

        Raises:
            Unanswerable: if neither way works.
        """
        notice = end_notice(outcome.status, outcome.aggregator)
        text = await asyncio.to_thread(
            safe_reply, outcome.reply, notice, self._allowed_hosts, MOST_CHARS
        )
        pieces = split_markdown(text)
        shown = await self._show_here(pieces[:REPLY_USES], outcome)
        rest = pieces[shown:]
        if not rest:
            return
        sent = await self._show_directly(rest, outcome)
        where = strings.REST_DIRECTLY if sent else strings.REST_LOST
        noticed = shown > 0 and await self._post([section(escape_mrkdwn(where))], where)
        if not sent and not noticed:
            raise Unanswerable("internal")

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> bool:
        """Say why there is no reply."""
        text = escape_mrkdwn(strings.trouble_text(trouble, error_id))
        blocks = [section(text), *(retry_button(self._run.id) if trouble in RETRYABLE else [])]
        if not await self._post(blocks, text) and not await self._notify(blocks, text):
            raise Unanswerable("internal")
        return True

    async def close(self) -> None:
        """Do nothing: it holds no resources."""

    async def _show_here(self, pieces: Sequence[str], outcome: Outcome) -> int:
        """Post pieces through the response_url until one fails. Return how many were posted."""
        blocks_below = await self._footer(outcome, share=True)
        for number, piece in enumerate(pieces):
            is_last = number == len(pieces) - 1
            if not await self._post([markdown(piece), *(blocks_below if is_last else [])], piece):
                return number
        return len(pieces)

    async def _show_directly(self, pieces: Sequence[str], outcome: Outcome) -> bool:
        """Post pieces as direct messages. Return False as soon as one fails."""
        blocks_below = await self._footer(outcome, share=False)
        for number, piece in enumerate(pieces):
            is_last = number == len(pieces) - 1
            if not await self._notify([markdown(piece), *(blocks_below if is_last else [])], piece):
                return False
        return True

    async def _footer(self, outcome: Outcome, *, share: bool) -> Sequence[Block]:
        options = await self._context.footer_options(self._run)
        again_of = await self._context.asked_again_line(self._run)
        return footer(self._run.id, outcome, options, share=share, again_of=again_of)

    async def _notify(self, blocks: Sequence[Block], text: str) -> bool:
        fallback = shorten(text, FALLBACK_TEXT_LIMIT)
        return await notify_directly(self._client, self._run, fallback, blocks)

    async def _post(self, blocks: Sequence[Block], text: str) -> bool:
        """Use the response_url once. Return whether Slack accepted the message."""
        if not self._url:
            return False
        # The default retry handler would post twice when a response is lost.
        webhook = AsyncWebhookClient(self._url, retry_handlers=[])
        try:
            response = await webhook.send(
                text=shorten(text, FALLBACK_TEXT_LIMIT),
                blocks=blocks,
                response_type="ephemeral",
                replace_original=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SLACK_ERRORS as error:
            log.info("response_url_failed", error=code_of(error))
            return False
        if response.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            log.info("response_url_refused", status=response.status_code)
            return False
        return True


def end_notice(status: str | None, writer: Answer | None) -> str | None:
    """Return the notice below an incomplete reply, None if it is complete."""
    if status == "partial":
        return strings.PARTIAL
    return strings.CUT_AT_LIMIT if writer and writer.status == "truncated" else None


def safe_reply(reply: str, notice: str | None, allowed_hosts: frozenset[str], limit: int) -> str:
    """Return a reply as safe markdown that is never empty.

    Args:
        reply: the model's text.
        notice: a notice to append.
        allowed_hosts: the hosts that may be linked.
        limit: how many characters of the reply to show. If it is longer, a line says so.
    """
    text = safe_markdown(reply[:limit], allowed_hosts)
    if not text.strip():
        text = strings.EMPTY_REPLY
    if len(reply) > limit:
        return append_outside_fence(text, strings.REPLY_CUT)
    return append_outside_fence(text, notice) if notice else text
