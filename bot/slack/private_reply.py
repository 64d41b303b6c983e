"""A reply that only the asker sees: to a slash command, by its response_url."""

from __future__ import annotations

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import Trouble, Unanswerable
from bot.ports import Run
from bot.slack import words
from bot.slack.blocks import Block, footer, markdown
from bot.slack.client import SLACK_TROUBLE, code_of
from bot.slack.messages import TEXT_LIMIT
from bot.slack.notices import tell_directly
from bot.slack.pieces import split_markdown
from bot.slack.text import escape_mrkdwn, safe_markdown, shorten
from moa import Event, Outcome

log = structlog.get_logger(__name__)

USES = 4
"""A response_url may be used 5 times within 30 minutes; one use is kept for sharing."""


class PrivateReply:
    """`bot.ports.Reply` for a slash command."""

    def __init__(self, client: AsyncWebClient, run: Run, allowed: frozenset[str]) -> None:
        self._client = client
        self._run = run
        self._allowed = allowed

    async def start(self) -> None:
        """The acknowledgement of the command has said already that the models are asked."""

    async def show(self, event: Event) -> None:
        """An ephemeral message cannot grow, so only the whole reply is shown."""

    async def finish(self, outcome: Outcome) -> None:
        """Show the reply, with buttons for the answers and for sharing it.

        Raises:
            Unanswerable: when it can be shown neither here nor in a direct message.
        """
        text = safe_markdown(outcome.reply, self._allowed)
        if outcome.status == "partial":
            text += f"\n\n{words.PARTIAL}"
        pieces = split_markdown(text)
        *first, last = pieces[:USES]
        for piece in first:
            await self._show([markdown(piece)], piece)
        below = footer(self._run.id, outcome, share=True)
        await self._show([markdown(last), *below], last)

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> None:
        """Say in plain words why there is no reply."""
        notice = words.told(trouble, error_id)
        text = escape_mrkdwn(notice)
        await self._show([{"type": "section", "text": {"type": "mrkdwn", "text": text}}], text)

    async def close(self) -> None:
        """It holds nothing."""

    async def _show(self, blocks: list[Block], text: str) -> None:
        if self._run.question.response_url:
            webhook = AsyncWebhookClient(self._run.question.response_url)
            try:
                answer = await webhook.send(
                    text=shorten(text, TEXT_LIMIT),
                    blocks=blocks,
                    response_type="ephemeral",
                    replace_original=False,
                    unfurl_links=False,
                    unfurl_media=False,
                )
            except SLACK_TROUBLE as error:
                log.info("response_url_failed", error=code_of(error))
            else:
                if answer.status_code == 200:  # noqa: PLR2004 - HTTP's OK
                    return
                log.info("response_url_refused", status=answer.status_code)
        if not await tell_directly(self._client, self._run, text, blocks):
            raise Unanswerable("internal")
