"""Posts a reply's buttons in a separate message, if Slack refused them below the reply."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run
from bot.slack.api.client import SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.metadata import NOTICE, run_metadata
from bot.slack.api.thread_roots import post_in_thread
from bot.slack.reply.ladder import FOLLOW_UPS, Form, Ladder, Payload
from bot.slack.ui.blocks import REPLY_ACTIONS, Block, actions
from bot.slack.ui.strings import footer as strings

log = structlog.get_logger(__name__)


async def post_buttons(client: AsyncWebClient, run: Run, blocks: Sequence[Block]) -> str | None:
    """Post the blocks below a reply, else only its first button, else how to do without buttons.

    Return the message's ts, or None if Slack refuses even that, which loses no text of the reply.

    Raises:
        SLACK_ERRORS: a retry may help.
    """
    text, posted = strings.BUTTONS_ABOVE, list[str]()

    def render(form: Form) -> Payload:
        kept = blocks if form.feedback else first_button(blocks)
        return {
            "text": text if form.blocks else f"{text}\n{strings.BUTTONS_REFUSED}",
            "blocks": form.below(kept) or None,
            "metadata": run_metadata(NOTICE, run.id, ends=True) if form.metadata else None,
        }

    async def call(payload: Payload) -> None:
        question = run.question
        posted.append(await post_in_thread(client, question.channel, question.thread_ts, **payload))

    try:
        await Ladder().send("chat.postMessage", FOLLOW_UPS, render, call)
    except SLACK_ERRORS as error:
        if code_of(error) in TRANSIENT:
            raise
        log.warning("buttons_not_posted", error=code_of(error))
    return posted[0] if posted else None


def first_button(blocks: Sequence[Block]) -> list[Block]:
    """Return only the first button of a reply: *Show answers*, if the channel allows it."""
    row = next((b["elements"] for b in blocks if b.get("block_id") == REPLY_ACTIONS), [])
    return [actions(REPLY_ACTIONS, row[:1])] if row else []
