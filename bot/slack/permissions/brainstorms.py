"""Decides who may take part in a channel's brainstorms. Checked at every click. Default: no."""

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
from bot.slack.permissions.access import CHECK_TIMEOUT_S, NOT_VISIBLE, channel_members

log = structlog.get_logger(__name__)

Participation = Literal["yes", "no", "outside", "guest", "unseen", "unknown"]
"""Whether an actor may take part. Only "yes" lets them.

`outside`: they are from another organisation. `guest`: they are a guest. `unseen`: we are not in
the channel. `unknown`: the check failed.
"""

LOOKUPS, LOOKUPS_PER_SECOND = 40, 1.0
"""Lookups of a channel's members that can be made at once, and how fast they are replenished. If
200 people click at once, a lookup for each would exceed Slack's rate limit: 100 or more a minute
(tier 4, https://docs.slack.dev/reference/methods/conversations.members)."""

FULL_MEMBER_S = 300.0
"""Seconds for which a person who was not a guest is remembered as such."""

CACHE_SIZE = 5_000


class CurrentMembers:
    """Looks up the members of a channel. Simultaneous clicks share one lookup, made after them."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._locks: dict[str, asyncio.Lock] = {}
        self._lookups: dict[str, tuple[float, frozenset[str]]] = {}
        self._left, self._counted = float(LOOKUPS), time.monotonic()

    async def since(self, asked: float, channel: str) -> frozenset[str]:
        """Return the members of a channel at some time after `asked` (monotonic time).

        Raises `SLACK_ERRORS`.
        """
        if len(self._locks) > CACHE_SIZE:
            self._locks.clear()
            self._lookups.clear()
        async with self._locks.setdefault(channel, asyncio.Lock()):
            since, members = self._lookups.get(channel, (0.0, frozenset[str]()))
            if since < asked:
                await self._wait_for_lookup()
                since = time.monotonic()
                members = await channel_members(self._client, channel)
                self._lookups[channel] = since, members
            return members

    async def _wait_for_lookup(self) -> None:
        now = time.monotonic()
        self._left = min(LOOKUPS, self._left + (now - self._counted) * LOOKUPS_PER_SECOND) - 1
        self._counted = now
        if self._left < 0:
            await asyncio.sleep(-self._left / LOOKUPS_PER_SECOND)


class BrainstormAccess:
    """Applies a channel's rules to people who take part in its brainstorms."""

    def __init__(
        self, client: AsyncWebClient, preferences: Preferences, colleagues: Colleagues
    ) -> None:
        self._members = CurrentMembers(client)
        self._preferences = preferences
        self._colleagues = colleagues
        self._full_members: dict[str, float] = {}

    async def check(
        self, session: BrainstormSession, actor: Actor, clicked: float
    ) -> Participation:
        """Check whether the actor may take part in a brainstorm, within `CHECK_TIMEOUT_S` seconds.

        `clicked` is when they acted, in monotonic time. People who click together are checked
        together.
        """
        if actor.channel not in {None, session.channel}:
            return "no"
        return await self.check_channel(session.team, session.channel, actor, clicked=clicked)

    async def check_channel(
        self,
        team: str,
        channel: str,
        actor: Actor,
        me: str | None = None,
        *,
        clicked: float | None = None,
    ) -> Participation:
        """Check whether the actor, and we (`me`), may take part in a channel's brainstorms."""
        since = time.monotonic() if clicked is None else clicked
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                verdict = await self._check(team, channel, actor)
                if verdict != "yes":
                    return verdict
                members = await self._members.since(since, channel)
        except SLACK_ERRORS as error:
            if code_of(error) in NOT_VISIBLE:
                return "unseen"
            log.warning("participation_unknown", error=code_of(error))
            return "unknown"
        if me is not None and me not in members:
            return "unseen"
        return "yes" if actor.user in members else "no"

    async def may_start(self, team: str, channel: str, author: Actor) -> bool:
        """Return whether the author of a message in a channel may start a brainstorm there.

        False if that can't be checked.
        """
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return await self._check(team, channel, author) == "yes"
        except SLACK_ERRORS as error:
            log.info("author_not_checked", error=code_of(error))
            return False

    async def is_member(self, session: BrainstormSession, user: str) -> bool:
        """Return whether a user is in a brainstorm's channel. True if that can't be checked."""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return user in await self._members.since(time.monotonic(), session.channel)
        except SLACK_ERRORS as error:
            log.warning("membership_unknown", error=code_of(error))
            return True

    async def _check(self, team: str, channel: str, actor: Actor) -> Participation:
        """Check what the channel's rules say about a person such as the actor."""
        with_whom = (await self._preferences.rules(team, channel)).brainstorm_with
        if with_whom != "everyone" and not await self._colleagues.includes(actor):
            return "outside"
        if with_whom == "full_members" and not await self._is_full_member(actor):
            return "guest"
        return "yes"

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
