"""Notifies the asker when there is no reply to put the message in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Trouble
from bot.ports import Run
from bot.slack.api.client import READ_ERRORS, SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.metadata import NOTICE, REPLY, run_metadata
from bot.slack.api.thread_roots import post_in_thread
from bot.slack.api.users import is_app
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.reply.ladder import NOTICES, Form, Ladder, Payload
from bot.slack.ui.blocks import Block, section
from bot.slack.ui.footer import retry_button

log = structlog.get_logger(__name__)

DIRECT_PREFIX = "D"
"""The first letter of direct messages' ids."""

RETRYABLE: frozenset[Trouble] = frozenset(
    {
        "no_answer",
        "output_limit",
        "pipeline_gone",
        "stopped",
        "internal",
        "person_budget",
        "channel_budget",
        "workspace_budget",
        "run_budget",
        "hourly_limit",
        "too_many_at_once",
        "refused",
    }
)
"""Problems after which the same question may get a reply later."""


async def notify(client: AsyncWebClient, run: Run, notice: str, trouble: Trouble) -> None:
    """Post a notice in the thread, or else directly.

    Raises:
        SLACK_ERRORS: a retry may help (the notice may have been posted all the same), or the thread
            is gone.
    """
    question, text = run.question, escape_mrkdwn(notice)
    blocks = notice_blocks(run.id, text, trouble)

    def render(form: Form) -> Payload:
        metadata = run_metadata(NOTICE, run.id, ends=True) if form.metadata else None
        return {"text": text, "blocks": form.below(blocks) or None, "metadata": metadata}

    async def call(payload: Payload) -> None:
        await post_in_thread(client, question.channel, question.thread_ts, **payload)

    try:
        await Ladder().send("chat.postMessage", NOTICES, render, call)
    except SLACK_ERRORS as error:
        log.info("notice_not_in_thread", error=code_of(error))
        if code_of(error) in TRANSIENT or READ_ERRORS.get(code_of(error)) == "thread_gone":
            raise
        await notify_directly(client, run, text)


def notice_blocks(run_id: str, text: str, trouble: Trouble) -> list[Block]:
    """Return the blocks of a notice with buttons, or none if there is nothing to click."""
    if trouble not in RETRYABLE:
        return []
    return [section(text), *retry_button(run_id, show_answers=trouble == "refused")]


async def notify_privately(client: AsyncWebClient, run: Run, notice: str) -> None:
    """Notify only the asker, outside any thread.

    Sends a direct message, or an ephemeral one if they asked in one or don't accept any.
    """
    question, text = run.question, escape_mrkdwn(notice)
    if is_app(question.user):
        return
    in_direct = question.channel.startswith(DIRECT_PREFIX)
    if not in_direct and await notify_directly(client, run, text):
        return
    try:
        await client.chat_postEphemeral(channel=question.channel, user=question.user, text=text)
    except SLACK_ERRORS as error:
        log.info("ephemeral_notice_not_sent", error=code_of(error))
        if in_direct:
            await notify_directly(client, run, text)


async def notify_directly(
    client: AsyncWebClient, run: Run, text: str, blocks: Sequence[Block] = ()
) -> bool:
    """Send the asker a direct message. Return whether that worked."""

    def render(form: Form) -> Payload:
        kind = REPLY if blocks else NOTICE
        return {
            "text": text,
            "blocks": form.below(blocks) or None,
            "metadata": run_metadata(kind, run.id) if form.metadata else None,
        }

    return await send_directly(client, run, NOTICES, render)


async def send_directly(
    client: AsyncWebClient, run: Run, forms: Sequence[Form], render: Callable[[Form], Payload]
) -> bool:
    """Send the asker the first of these forms that Slack accepts. Return whether one was."""
    try:
        opened = await client.conversations_open(users=run.question.user)
        channel = (opened.get("channel") or {})["id"]

        async def call(payload: Payload) -> None:
            await client.chat_postMessage(
                channel=channel, unfurl_links=False, unfurl_media=False, **payload
            )

        await Ladder().send("chat.postMessage", forms, render, call)
    except SLACK_ERRORS as error:
        log.warning("direct_message_not_sent", error=code_of(error))
        return False
    return True
