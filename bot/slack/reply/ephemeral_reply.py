"""A reply to a slash command, which only the asker sees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import structlog
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import slack_limits
from bot.errors import Trouble, Unanswerable
from bot.ports import Run
from bot.slack.api.client import SLACK_ERRORS, code_of, raise_refusal, response_error
from bot.slack.api.metadata import REPLY, run_metadata
from bot.slack.markdown.sanitize import escape_mrkdwn, safe_markdown, shorten
from bot.slack.markdown.split import MAX_CHARS, split_markdown
from bot.slack.markdown.split_stream import append_outside_fence
from bot.slack.reply.context import ReplyContext
from bot.slack.reply.follow_up import first_button
from bot.slack.reply.ladder import POSTS, RESPONSES, Form, Ladder, Payload
from bot.slack.reply.live_message import FALLBACK_TEXT_LIMIT
from bot.slack.reply.notices import notice_blocks, notify_directly, send_directly
from bot.slack.ui.blocks import Block, markdown, section
from bot.slack.ui.footer import footer
from bot.slack.ui.strings import reply as strings
from bot.slack.ui.strings.footer import BUTTONS_ABOVE, BUTTONS_REFUSED
from bot.slack.ui.strings.troubles import trouble_text
from moa import Answer, Event, Outcome

log = structlog.get_logger(__name__)

RESERVED_USES = 1
"""Uses of the response_url to reserve for the buttons, or for saying where the rest is. Slack
allows five, including refused ones
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
        self._uses_left = slack_limits.RESPONSE_URL_USES
        self._ladder = Ladder()
        self._has_buttons = True

    async def recover(self) -> bool:
        """Return False: Slack offers no way to look for ephemeral messages."""
        return False

    async def start(self) -> None:
        """Do nothing: the response to the command already said that the models are being asked."""

    def allow_hosts_in(self, asker_messages: Sequence[str]) -> None:
        """Do nothing: a slash command has no earlier messages."""

    async def show(self, event: Event) -> None:
        """Do nothing: ephemeral messages can't be updated, so only the final reply is shown."""

    async def finish(self, outcome: Outcome) -> None:
        """Show the reply with its buttons.

        Content that the response_url doesn't accept goes to the asker's direct messages, without a
        button to share it. Content that Slack refuses is sent in a plainer form, followed by the
        buttons.

        Raises:
            Unanswerable: neither way works.
        """
        notice = end_notice(outcome.status, outcome.aggregator)
        text = await asyncio.to_thread(
            safe_reply, outcome.reply, notice, self._allowed_hosts, MAX_CHARS
        )
        pieces = split_markdown(text)
        shown = await self._show_here(pieces[: self._uses_left - RESERVED_USES], outcome)
        rest = pieces[shown:]
        if not rest:
            await self._follow_up(outcome)
            return
        sent = await self._show_directly(rest, outcome)
        where = strings.REST_DIRECTLY if sent else strings.REST_LOST
        block = section(escape_mrkdwn(where))
        noticed = shown > 0 and await self._post(
            RESPONSES[:1], lambda form: _notice(form, where, [block]), kept_uses=0
        )
        if not sent and not noticed:
            raise Unanswerable("internal")

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> bool:
        """Say why there is no reply."""
        text = escape_mrkdwn(trouble_text(trouble, error_id))
        blocks = notice_blocks(self._run.id, text, trouble) or [section(text)]
        sent = await self._post(RESPONSES, lambda form: _notice(form, text, blocks))
        if not sent and not await notify_directly(self._client, self._run, text, blocks):
            raise Unanswerable("internal")
        return True

    async def close(self) -> None:
        """Do nothing: there are no resources to release."""

    async def _show_here(self, pieces: Sequence[str], outcome: Outcome) -> int:
        """Post pieces through the response_url until one fails. Return how many were posted."""
        footer_blocks = await self._footer(outcome, share=True)
        for number, piece in enumerate(pieces):
            below = footer_blocks if number == len(pieces) - 1 else ()
            form = await self._post(RESPONSES, partial(_reply_piece, piece, below))
            if form is None:
                return number
            self._has_buttons = form.blocks
        return len(pieces)

    async def _show_directly(self, pieces: Sequence[str], outcome: Outcome) -> bool:
        """Post pieces as direct messages. Return False as soon as one fails."""
        footer_blocks = await self._footer(outcome, share=False)
        for number, piece in enumerate(pieces):
            below = footer_blocks if number == len(pieces) - 1 else ()
            render = partial(_direct_piece, self._run.id, piece, below)
            if not await send_directly(self._client, self._run, POSTS, render):
                return False
        return True

    async def _follow_up(self, outcome: Outcome) -> None:
        """Post the buttons in a separate message, if Slack refused them below the reply."""
        if self._has_buttons:
            return
        blocks = first_button(await self._footer(outcome, share=True))
        text = BUTTONS_ABOVE
        self._ladder = Ladder()
        forms = (Form(), Form(blocks=False))[-self._uses_left :]  # the plainest if only one is left

        def render(form: Form) -> Payload:
            shown = text if form.blocks else f"{text}\n{BUTTONS_REFUSED}"
            return {"text": shown, "blocks": form.below(blocks)}

        await self._post(forms, render, kept_uses=0)

    async def _footer(self, outcome: Outcome, *, share: bool) -> Sequence[Block]:
        options = await self._context.footer_options(self._run)
        again_of = await self._context.asked_again_line(self._run)
        return footer(self._run.id, outcome, options, share=share, again_of=again_of)

    async def _post(
        self,
        forms: Sequence[Form],
        render: Callable[[Form], Payload],
        *,
        kept_uses: int = RESERVED_USES,
    ) -> Form | None:
        """Use the response_url until Slack accepts a form. Return that form, or None."""

        async def call(payload: Payload) -> None:
            if not self._url or self._uses_left <= kept_uses:
                raise response_error("used_url")
            self._uses_left -= 1
            await respond(self._url, payload)

        try:
            return await self._ladder.send("response_url", forms, render, call)
        except SLACK_ERRORS as error:
            log.info("response_url_failed", error=code_of(error))
            return None


async def respond(url: str, payload: Payload) -> None:
    """Post an ephemeral message through a response_url.

    Raises:
        SLACK_ERRORS: Slack refuses it, as reported by the HTTP status or in the body.
    """
    # The default retry handler would post twice when a response is lost.
    webhook = AsyncWebhookClient(url, retry_handlers=[])
    response = await webhook.send(
        **payload,
        response_type="ephemeral",
        replace_original=False,
        unfurl_links=False,
        unfurl_media=False,
    )
    raise_refusal(response)


def _notice(form: Form, text: str, blocks: Sequence[Block]) -> Payload:
    return {"text": text, "blocks": form.below(blocks)}


def _reply_piece(piece: str, below: Sequence[Block], form: Form) -> Payload:
    shown = form.text(piece)
    if not form.markdown:
        return {"text": shown, "blocks": []}
    blocks = [markdown(shown), *form.below(below)]
    return {"text": shorten(shown, FALLBACK_TEXT_LIMIT), "blocks": blocks}


def _direct_piece(run_id: str, piece: str, below: Sequence[Block], form: Form) -> Payload:
    metadata = run_metadata(REPLY, run_id) if form.metadata else None
    return {**_reply_piece(piece, below, form), "metadata": metadata}


def end_notice(status: str | None, writer: Answer | None) -> str | None:
    """Return the notice below an incomplete reply, or None if it is complete."""
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
