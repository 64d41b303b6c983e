"""Decides who may change settings. Checked with Slack at every click. A failed check means no."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.origin import Actor
from bot.slack.permissions.access import CHECK_TIMEOUT_S, NOT_VISIBLE, is_member

log = structlog.get_logger(__name__)

Permission = Literal["yes", "no", "guest", "admins", "unseen", "unknown"]
"""Whether an actor may change a setting. Only `yes` lets them.

`guest`: they are a guest or from another organisation. `admins`: only admins may. `unseen`: we are
not in that channel, so we can't check. `unknown`: the check failed.
"""


class AdminPermissions:
    """Checks who may change the settings of a channel or of the workspace."""

    def __init__(
        self, client: AsyncWebClient, colleagues: Colleagues, settings: Literal["members", "admins"]
    ) -> None:
        self._client = client
        self.colleagues = colleagues
        self._settings = settings

    async def for_channel(self, actor: Actor, channel: str) -> Permission:
        """Check whether the actor may change a channel's settings: its members and admins may."""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return await self._check_channel(actor, channel)
        except SLACK_ERRORS as error:
            if code_of(error) in NOT_VISIBLE:
                return "unseen"
            log.warning("permission_unknown", error=code_of(error))
            return "unknown"

    async def for_workspace(self, actor: Actor) -> Permission:
        """Check whether the actor may change the workspace's settings: its admins may."""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                user = await self.colleagues.full_member(actor)
                return "yes" if user and _is_admin(user) else "admins"
        except SLACK_ERRORS as error:
            log.warning("permission_unknown", error=code_of(error))
            return "unknown"

    async def _check_channel(self, actor: Actor, channel: str) -> Permission:
        user = await self.colleagues.full_member(actor)
        if user is None:
            return "guest"
        info = (await self._client.conversations_info(channel=channel)).get("channel") or {}
        direct = bool(info.get("is_im") or info.get("is_mpim"))
        if _is_admin(user) and not direct:
            return "yes"
        if not await is_member(self._client, channel, actor.user):
            return "no"
        return "admins" if self._settings == "admins" and not direct else "yes"


def _is_admin(user: Mapping[str, Any]) -> bool:
    """Return whether a user is an admin of the workspace or of its Enterprise organisation.

    `is_admin` always refers to the workspace that calls users.info
    (https://docs.slack.dev/reference/objects/user-object).
    """
    enterprise = user.get("enterprise_user") or {}
    ranks = ("is_admin", "is_owner", "is_primary_owner")
    return any(user.get(rank) or enterprise.get(rank) for rank in ranks)
