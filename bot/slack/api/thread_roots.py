"""Posting into a thread that may be gone: nothing of it may land at the top level of the channel.

`chat.postMessage` succeeds where the message that began the thread was deleted, and posts to the
whole channel (langchain-ai/open-swe 2753, PostHog 83601, measure-sh 3997). So we check that the
root exists before we post, and where the message went afterwards.
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
from bot.slack.api.metadata import run_of

log = structlog.get_logger(__name__)

GONE = "invalid_thread_ts"
"""What chat.startStream answers for such a thread; raised here for every way to post."""

DELETED = frozenset({"message_not_found", "thread_not_found"})
TRIES_S = (0.0, 0.5, 2.0)
LOOKED_AT = 200


async def root_exists(client: AsyncWebClient, channel: str, ts: str) -> bool:
    """Whether a message is there; True where that cannot be found out.

    By chat.getPermalink, which needs no scope and bears hundreds of calls a minute
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
    """Post a message in a thread, without previews of links; gives its ts.

    Raises:
        SlackApiError: with the code `GONE` where the thread has no root; then nothing is posted.
        SLACK_TROUBLE: as chat.postMessage.
    """
    if not await root_exists(client, channel, thread_ts):
        raise gone()
    answer = await client.chat_postMessage(
        channel=channel, thread_ts=thread_ts, unfurl_links=False, unfurl_media=False, **content
    )
    ts, message = str(answer["ts"]), answer.get("message")
    if isinstance(message, Mapping) and not message.get("thread_ts"):
        log.warning("thread_gone_while_posting")
        await _delete(client, channel, ts)
        raise gone()
    return ts


async def remove_misplaced(client: AsyncWebClient, run: Run) -> None:
    """Remove what a run has posted to the channel itself: a call may have lost its answer."""
    channel = run.question.channel
    try:
        page = await client.conversations_history(
            channel=channel, oldest=run.question.ts, limit=LOOKED_AT, include_all_metadata=True
        )
    except SLACK_ERRORS as error:
        log.warning("channel_not_seen", error=code_of(error))
        return
    for message in page.get("messages") or ():
        if run_of(message) == run.id and not message.get("thread_ts"):
            await _delete(client, channel, str(message["ts"]))


async def _delete(client: AsyncWebClient, channel: str, ts: str) -> None:
    code: str | None = None
    for pause in TRIES_S:
        await asyncio.sleep(pause)
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
    log.error("misplaced_message_left", error=code)


def gone() -> SlackApiError:
    """What is raised where a thread has no root."""
    return SlackApiError("The thread has no root.", {"ok": False, "error": GONE})
