"""Posts into threads without ever landing at the top level of the channel.

If a thread's first message was deleted, `chat.postMessage` still succeeds and posts to the whole
channel (langchain-ai/open-swe 2753, PostHog 83601, measure-sh 3997). So we check that the root
exists before posting, and check afterwards where the message went.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run
from bot.slack.api.client import SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.metadata import run_id_of

log = structlog.get_logger(__name__)

GONE = "invalid_thread_ts"
"""The code that chat.startStream returns for such a thread. Raised here for every way to post."""

DELETED = frozenset({"message_not_found", "thread_not_found"})
DELETE_DELAYS_S = (0.0, 0.5, 2.0)
"""Seconds to wait before each attempt to delete a misplaced message."""

HISTORY_LIMIT = 200
"""Messages of a channel to search for misplaced ones."""


async def root_exists(client: AsyncWebClient, channel: str, ts: str) -> bool:
    """Return whether a message exists. True if that can't be checked.

    chat.getPermalink needs no scope and allows hundreds of calls a minute
    (https://docs.slack.dev/reference/methods/chat.getPermalink).
    """
    try:
        await client.chat_getPermalink(channel=channel, message_ts=ts)
    except SLACK_ERRORS as error:
        return code_of(error) not in DELETED
    return True


async def post_in_thread(
    client: AsyncWebClient, channel: str, thread_ts: str, **content: Any
) -> str:
    """Post a message in a thread, without link previews, and return its ts.

    Raises:
        SlackApiError: with the code `GONE` if the thread has no root. No message remains posted.
        SLACK_ERRORS: from chat.postMessage.
    """
    if not await root_exists(client, channel, thread_ts):
        raise thread_gone_error()
    response = await client.chat_postMessage(
        channel=channel, thread_ts=thread_ts, unfurl_links=False, unfurl_media=False, **content
    )
    ts, message = str(response["ts"]), response.get("message")
    if isinstance(message, Mapping) and not message.get("thread_ts"):
        log.warning("thread_gone_while_posting")
        await _delete(client, channel, ts)
        raise thread_gone_error()
    return ts


async def remove_misplaced(client: AsyncWebClient, run: Run) -> None:
    """Delete a run's messages at the top level, left by posts whose response was lost."""
    channel = run.question.channel
    try:
        page = await client.conversations_history(
            channel=channel, oldest=run.question.ts, limit=HISTORY_LIMIT, include_all_metadata=True
        )
    except SLACK_ERRORS as error:
        log.warning("channel_history_not_read", error=code_of(error))
        return
    for message in page.get("messages") or ():
        if run_id_of(message) == run.id and not message.get("thread_ts"):
            await _delete(client, channel, str(message["ts"]))


async def _delete(client: AsyncWebClient, channel: str, ts: str) -> None:
    code: str | None = None
    for delay_s in DELETE_DELAYS_S:
        await asyncio.sleep(delay_s)
        try:
            await client.chat_delete(channel=channel, ts=ts)
        except SLACK_ERRORS as error:
            code = code_of(error)
            if code in TRANSIENT:
                continue
            if code in DELETED:
                return
            break
        return
    log.error("misplaced_message_not_deleted", error=code)


def thread_gone_error() -> SlackApiError:
    """Return the error to raise for a thread without a root."""
    return SlackApiError("The thread has no root.", {"ok": False, "error": GONE})
