"""Who may change settings. Asked of Slack at each click; what cannot be found out is a no."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.origin import Actor
from bot.slack.permissions.access import CANNOT_LOOK, PATIENCE_S, is_member

log = structlog.get_logger(__name__)

Permission = Literal["yes", "no", "guest", "admins", "unseen", "unknown"]
"""Whether somebody may change a setting; only `yes` lets them.

`guest`: a guest, or of another organisation. `admins`: only admins may. `unseen`: we are not in
that channel, so nobody can be let in. `unknown`: it could not be found out just now.
"""


class AdminPermissions:
    """Who has a say in a channel's settings, and in the workspace's."""

    def __init__(
        self, client: AsyncWebClient, colleagues: Colleagues, settings: Literal["members", "admins"]
    ) -> None:
        self._client = client
        self.colleagues = colleagues
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
                user = await self.colleagues.member(visitor)
                return "yes" if user and _is_admin(user) else "admins"
        except SLACK_ERRORS as error:
            log.warning("authority_unknown", error=code_of(error))
            return "unknown"

    async def _over_channel(self, visitor: Actor, channel: str) -> Permission:
        user = await self.colleagues.member(visitor)
        if user is None:
            return "guest"
        info = (await self._client.conversations_info(channel=channel)).get("channel") or {}
        direct = bool(info.get("is_im") or info.get("is_mpim"))
        if _is_admin(user) and not direct:
            return "yes"
        if not await is_member(self._client, channel, visitor.user):
            return "no"
        return "admins" if self._settings == "admins" and not direct else "yes"


def _is_admin(user: Mapping[str, Any]) -> bool:
    """Whether somebody is an admin of the workspace, or of the Enterprise organisation around it.

    `is_admin` is always meant of the workspace that asks
    (https://docs.slack.dev/reference/objects/user-object).
    """
    enterprise = user.get("enterprise_user") or {}
    ranks = ("is_admin", "is_owner", "is_primary_owner")
    return any(user.get(rank) or enterprise.get(rank) for rank in ranks)
