"""Who may change settings. Asked of Slack at each click; what cannot be found out is a no."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.identity import IdentityLookup
from bot.slack.permissions.access import CANNOT_LOOK, PATIENCE_S, Actor, is_member

log = structlog.get_logger(__name__)

Permission = Literal["yes", "no", "guest", "admins", "unseen", "unknown"]
"""Whether somebody may change a setting; only `yes` lets them.

`guest`: a guest, or of another organisation. `admins`: only admins may. `unseen`: we are not in
that channel, so nobody can be let in. `unknown`: it could not be found out just now.
"""


class AdminPermissions:
    """Who has a say in a channel's settings, and in the workspace's."""

    def __init__(
        self,
        client: AsyncWebClient,
        identity: IdentityLookup,
        settings: Literal["members", "admins"],
    ) -> None:
        self._client = client
        self._identity = identity
        self._settings = settings

    async def over_channel(self, visitor: Actor, channel: str) -> Permission:
        """Whether somebody may change a channel's settings: its members, and admins."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._over_channel(visitor, channel)
        except SLACK_ERRORS as error:
            if code_of(error) in CANNOT_LOOK:
                return "unseen"
            log.warning("authority_unknown", error=code_of(error))
            return "unknown"

    async def over_workspace(self, visitor: Actor) -> Permission:
        """Whether somebody may change the workspace's settings: its admins."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                user = await self._colleague(visitor)
                return "yes" if user and _is_admin(user) else "admins"
        except SLACK_ERRORS as error:
            log.warning("authority_unknown", error=code_of(error))
            return "unknown"

    async def _over_channel(self, visitor: Actor, channel: str) -> Permission:
        user = await self._colleague(visitor)
        if user is None:
            return "guest"
        info = (await self._client.conversations_info(channel=channel)).get("channel") or {}
        direct = bool(info.get("is_im") or info.get("is_mpim"))
        if _is_admin(user) and not direct:
            return "yes"
        if not await is_member(self._client, channel, visitor.user):
            return "no"
        return "admins" if self._settings == "admins" and not direct else "yes"

    async def _colleague(self, visitor: Actor) -> Mapping[str, Any] | None:
        """The person as Slack knows them now; None for whoever is no full member of ours."""
        team = (await self._identity.get()).team_id
        if visitor.team != team:
            return None
        user = (await self._client.users_info(user=visitor.user)).get("user") or {}
        lesser = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
        is_ours = user.get("id") == visitor.user and user.get("team_id") == team
        return user if is_ours and not any(user.get(mark) for mark in lesser) else None


def _is_admin(user: Mapping[str, Any]) -> bool:
    return any(user.get(rank) for rank in ("is_admin", "is_owner", "is_primary_owner"))
