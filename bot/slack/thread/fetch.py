"""Fetches the messages of a question's thread from Slack."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Postponed, Unanswerable
from bot.ports import Question
from bot.slack.api.client import READ_ERRORS, SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.thread_roots import root_exists
from bot.slack.thread.message_text import MessagePayload

log = structlog.get_logger(__name__)

PAGE_SIZE = 1_000
"""Messages per page of conversations.replies, Slack's maximum."""

PAGE_LIMIT = 50
"""The most pages to read. They come oldest first, so a longer thread loses its newest messages. But
no model can read 50,000 messages."""

LATEST_TS = "9999999999.000000"
"""A ts later than that of any message, for a question without a message: it reads all of them."""


async def fetch_thread(
    client: AsyncWebClient, question: Question
) -> tuple[Sequence[MessagePayload], MessagePayload]:
    """Return the messages before the question, oldest first, and the question's own message.

    The own message is empty if it contains nothing but the question's text.

    Raises:
        Postponed: Slack can't be reached now.
        Unanswerable: the question or its thread is gone, or it can't be read.
    """
    if question.surface == "command":
        return (), {}
    if question.thread_ts == question.ts:
        return (), await _fetch_root(client, question) if question.attached else {}
    fetched = await _fetch_pages(client, question)
    own = next((m for m in fetched if m["ts"] == question.ts), None)
    is_missing = own is None and question.ts != LATEST_TS
    if is_missing and not await root_exists(client, question.channel, question.ts):
        raise Unanswerable("thread_gone")  # deleted before its event reached us
    before = {m["ts"]: m for m in fetched if float(m["ts"]) < float(question.ts)}
    return [before[ts] for ts in sorted(before, key=float)], own or {}


async def _fetch_root(client: AsyncWebClient, question: Question) -> MessagePayload:
    """Fetch a question that starts a thread. Empty on errors, so that it still gets a reply."""
    try:
        page = await client.conversations_replies(channel=question.channel, ts=question.ts, limit=1)
    except SLACK_ERRORS as error:
        log.warning("question_not_read", error=code_of(error))
        return {}
    return next((m for m in page.get("messages") or () if m["ts"] == question.ts), {})


async def _fetch_pages(client: AsyncWebClient, question: Question) -> list[MessagePayload]:
    messages: list[MessagePayload] = []
    cursor: str | None = None
    for _ in range(PAGE_LIMIT):
        try:
            page = await client.conversations_replies(
                channel=question.channel,
                ts=question.thread_ts,
                latest=question.ts,
                inclusive=True,
                limit=PAGE_SIZE,
                cursor=cursor,
                include_all_metadata=True,
            )
        except SLACK_ERRORS as error:
            code = code_of(error)
            log.warning("thread_not_read", error=code)
            if code in TRANSIENT:
                raise Postponed from None
            raise Unanswerable(READ_ERRORS.get(code, "internal")) from None
        messages.extend(page.get("messages") or ())
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
        if not cursor:
            break
    return messages
