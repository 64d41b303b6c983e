"""Decides who may take part in a channel's brainstorms. Checked at every click; default is no."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Literal

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.brainstorm.session import BrainstormSession
from bot.preferences import Preferences
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.origin import Actor
from bot.slack.permissions.access import CHECK_TIMEOUT_S, channel_members

log = structlog.get_logger(__name__)

Participation = Literal["yes", "no", "outside", "guest", "unknown"]
"""Whether an actor may take part. Only "yes" lets them.

`outside`: they are from another organisation. `guest`: they are a guest. `unknown`: the check failed.
"""

BETWEEN_LOOKS_S = 1.0
"""Seconds between two looks at who is in a channel. With 200 people who click at once, a look for
each would exceed Slack's rate limit."""

FULL_MEMBER_S = 300.0
"""Seconds for which somebody who was no guest counts as none."""

CACHE_SIZE = 5_000


class MembersNow:
    """Looks up who is in a channel. Clicks that come together share one look, made after them."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._locks: dict[str, asyncio.Lock] = {}
        self._looks: dict[str, tuple[float, float, frozenset[str]]] = {}

    async def includes(self, channel: str, user: str) -> bool:
        """Return whether a user is in a channel now. Raises `SLACK_ERRORS`."""
        asked = time.monotonic()
        if len(self._locks) > CACHE_SIZE:
            self._locks.clear()
            self._looks.clear()
        async with self._locks.setdefault(channel, asyncio.Lock()):
            since, ended, members = self._looks.get(channel, (0.0, 0.0, frozenset[str]()))
            if since < asked:
                await asyncio.sleep(max(0.0, ended + BETWEEN_LOOKS_S - time.monotonic()))
                since = time.monotonic()
                members = await channel_members(self._client, channel)
                self._looks[channel] = since, time.monotonic(), members
            return user in members


class BrainstormAccess:
    """Applies a channel's rules to people who take part in its brainstorms."""

    def __init__(
        self, client: AsyncWebClient, preferences: Preferences, colleagues: Colleagues
    ) -> None:
        self._members = MembersNow(client)
        self._preferences = preferences
        self._colleagues = colleagues
        self._full_members: dict[str, float] = {}

    async def check(self, session: BrainstormSession, actor: Actor) -> Participation:
        """Check whether the actor may take part in a brainstorm, in `CHECK_TIMEOUT_S` seconds."""
        if actor.channel not in {None, session.channel}:
            return "no"
        return await self.check_channel(session.team, session.channel, actor)

    async def check_channel(self, team: str, channel: str, actor: Actor) -> Participation:
        """Check whether the actor may take part in brainstorms of a channel."""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return await self._check(team, channel, actor)
        except SLACK_ERRORS as error:
            log.warning("participation_unknown", error=code_of(error))
            return "unknown"

    async def is_member(self, session: BrainstormSession, user: str) -> bool:
        """Return whether a user is in a brainstorm's channel; True if that can't be checked."""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return await self._members.includes(session.channel, user)
        except SLACK_ERRORS as error:
            log.warning("membership_unknown", error=code_of(error))
            return True

    async def _check(self, team: str, channel: str, actor: Actor) -> Participation:
        with_whom = (await self._preferences.rules(team, channel)).brainstorm_with
        if with_whom != "everyone" and not await self._colleagues.includes(actor):
            return "outside"
        if with_whom == "full_members" and not await self._is_full_member(actor):
            return "guest"
        return "yes" if await self._members.includes(channel, actor.user) else "no"

    async def _is_full_member(self, actor: Actor) -> bool:
        known = self._full_members.get(actor.user)
        if known is not None and time.monotonic() - known < FULL_MEMBER_S:
            return True
        if len(self._full_members) > CACHE_SIZE:
            self._full_members.clear()
        user: Mapping[str, object] | None = await self._colleagues.full_member(actor)
        if user is not None:
            self._full_members[actor.user] = time.monotonic()
        return user is not None
