"""Permalinks to messages: built where many are needed, fetched where the message may be gone."""

from __future__ import annotations

import re

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of

log = structlog.get_logger(__name__)

_TS = re.compile(r"\d+\.\d+")
_CHANNEL_ID = re.compile(r"[A-Z0-9]+")


def build_permalink(workspace_url: str, channel: str, ts: str, thread_ts: str) -> str | None:
    """Return a message's permalink without a request, or None for a command, which has no message.

    It has the form that chat.getPermalink returns, escaped for mrkdwn
    (https://docs.slack.dev/reference/methods/chat.getPermalink).

    Args:
        workspace_url: the workspace's address, with a trailing slash.
        channel: the message's channel.
        ts: the message.
        thread_ts: its thread; equal to `ts` at the top level.
    """
    if not workspace_url or not is_channel_id(channel):
        return None
    if not (_TS.fullmatch(ts) and _TS.fullmatch(thread_ts)):
        return None
    link = f"{workspace_url}archives/{channel}/p{ts.replace('.', '')}"
    return link if ts == thread_ts else f"{link}?thread_ts={thread_ts}&amp;cid={channel}"


async def fetch_permalink(client: AsyncWebClient, channel: str, ts: str) -> str | None:
    """Fetch a message's permalink. None if the message is gone or the request fails."""
    try:
        response = await client.chat_getPermalink(channel=channel, message_ts=ts)
    except SLACK_ERRORS as error:
        log.info("permalink_not_fetched", error=code_of(error))
        return None
    return str(response.get("permalink") or "") or None


def is_channel_id(channel: str) -> bool:
    """Return whether a text can be a channel id."""
    return bool(_CHANNEL_ID.fullmatch(channel))
