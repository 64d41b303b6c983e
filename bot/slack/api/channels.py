"""Looks up channels: their names and topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.lookup_cache import LookupCache

log = structlog.get_logger(__name__)

FRESH_S = 600.0
"""Seconds after which a channel is looked up again. Topics change more often than names."""


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """A channel as conversations.info describes it. The texts were written by its members.

    Attributes:
        name: without the number sign; "" for direct messages.
        topic: "" if there is none.
        is_private: whether people outside it may not know that it exists.
    """

    name: str = ""
    topic: str = ""
    is_private: bool = False


UNKNOWN = ChannelInfo()


class ChannelDirectory:
    """Looks up channels and caches them."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._cache = LookupCache(self._fetch, FRESH_S)

    async def channels(
        self, channel_ids: Iterable[str], seconds: float
    ) -> Mapping[str, ChannelInfo]:
        """Return channels by id, looked up at the same time.

        A channel that can't be looked up within `seconds` is `UNKNOWN`.
        """
        found = await self._cache.get_all(channel_ids, seconds)
        return {channel: info or UNKNOWN for channel, info in found.items()}

    async def _fetch(self, channel_id: str) -> ChannelInfo | None:
        try:
            response = await self._client.conversations_info(channel=channel_id)
        except SLACK_ERRORS as error:
            log.info("channel_not_fetched", error=code_of(error))
            return None
        return _parse(response.get("channel") or {})


def _parse(channel: Mapping[str, Any]) -> ChannelInfo:
    """Parse a channel (https://docs.slack.dev/reference/objects/conversation-object).

    A group message's name lists its members ("mpdm-ana--ben-1"), so it is left out.
    """
    has_name = not (channel.get("is_im") or channel.get("is_mpim"))
    topic = channel.get("topic")
    text = topic.get("value") if isinstance(topic, Mapping) else ""
    return ChannelInfo(
        name=str(channel.get("name") or "") if has_name else "",
        topic=str(text or "") if has_name else "",
        is_private=channel.get("is_private") is not False,
    )
