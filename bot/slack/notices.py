"""Telling a person something when there is no reply to put it in: wherever it can be heard."""

from __future__ import annotations

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Question
from bot.slack.client import SLACK_TROUBLE, code_of
from bot.slack.metadata import NOTICE, mark
from bot.slack.text import escape_mrkdwn

log = structlog.get_logger(__name__)


async def tell(client: AsyncWebClient, question: Question, run_id: str, notice: str) -> bool:
    """Say it in the thread, else to the person directly. Returns whether it was said at all."""
    text, metadata = escape_mrkdwn(notice), mark(NOTICE, run_id)

    async def post(channel: str, thread_ts: str | None = None) -> None:
        await client.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts,
            text=text,
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
        )

    try:
        await post(question.channel, question.thread_ts)
    except SLACK_TROUBLE as error:
        log.info("notice_not_in_thread", error=code_of(error))
    else:
        return True
    try:
        opened = await client.conversations_open(users=question.user)
        await post((opened.get("channel") or {})["id"])
    except SLACK_TROUBLE as error:
        log.warning("notice_not_told", error=code_of(error))
        return False
    return True
