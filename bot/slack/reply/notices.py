"""Telling a person something when there is no reply to put it in: wherever it can be heard."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Trouble
from bot.ports import Run
from bot.slack.api.client import READ_ERRORS, SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.metadata import NOTICE, REPLY, run_metadata
from bot.slack.api.thread_roots import post_in_thread
from bot.slack.api.users import is_app
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui.blocks import Block, section
from bot.slack.ui.footer import retry

log = structlog.get_logger(__name__)


DIRECT = "D"
"""What ids of direct messages begin with."""

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
    }
)
"""Why there is no reply where the same question may get one later."""


async def notify(client: AsyncWebClient, run: Run, notice: str, trouble: Trouble) -> bool:
    """Say it in the thread, else to the person directly. Returns whether it was said at all.

    Raises:
        SLACK_TROUBLE: where trying again may help (it may have been said all the same), and where
            the thread is gone.
    """
    question = run.question
    blocks = [section(escape_mrkdwn(notice)), *retry(run.id)] if trouble in RETRYABLE else None
    try:
        await post_in_thread(
            client,
            question.channel,
            question.thread_ts,
            text=escape_mrkdwn(notice),
            blocks=blocks,
            metadata=run_metadata(NOTICE, run.id, ends=True),
        )
    except SLACK_ERRORS as error:
        log.info("notice_not_in_thread", error=code_of(error))
        if code_of(error) in TRANSIENT or READ_ERRORS.get(code_of(error)) == "thread_gone":
            raise
        return await notify_directly(client, run, escape_mrkdwn(notice))
    return True


async def tell_privately(client: AsyncWebClient, run: Run, notice: str) -> bool:
    """Say it to the asker alone, outside any thread. Returns whether it was said.

    In a direct message; where they asked in one, or take none, in one line that only they see.
    """
    question = run.question
    if is_app(question.user):
        return False
    in_direct = question.channel.startswith(DIRECT)
    if not in_direct and await notify_directly(client, run, escape_mrkdwn(notice)):
        return True
    try:
        await client.chat_postEphemeral(
            channel=question.channel, user=question.user, text=escape_mrkdwn(notice)
        )
    except SLACK_ERRORS as error:
        log.info("not_told_privately", error=code_of(error))
        return in_direct and await notify_directly(client, run, escape_mrkdwn(notice))
    return True


async def notify_directly(
    client: AsyncWebClient, run: Run, text: str, blocks: Sequence[Block] = ()
) -> bool:
    """Say it in a direct message. Returns whether that could be done."""
    try:
        opened = await client.conversations_open(users=run.question.user)
        await client.chat_postMessage(
            channel=(opened.get("channel") or {})["id"],
            text=text,
            blocks=[*blocks] or None,
            metadata=run_metadata(REPLY if blocks else NOTICE, run.id),
            unfurl_links=False,
            unfurl_media=False,
        )
    except SLACK_ERRORS as error:
        log.warning("not_told", error=code_of(error))
        return False
    return True
