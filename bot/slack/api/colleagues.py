"""Colleagues are people from our workspace or our Enterprise organisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.identity import BotIdentity, IdentityLookup
from bot.slack.api.origin import Actor


class Colleagues:
    """Tells colleagues from outsiders, by the payload if possible, otherwise by users.info."""

    def __init__(self, client: AsyncWebClient, identity: IdentityLookup) -> None:
        self._client = client
        self._identity = identity

    async def team_id(self) -> str:
        """Return our workspace. Interactions and commands come only from its installation."""
        return (await self._identity.get()).team_id

    async def includes(self, actor: Actor) -> bool:
        """Return whether the actor is a colleague. Guests count.

        Raises:
            SLACK_ERRORS: users.info is needed and fails.
        """
        me = await self._identity.get()
        if actor.own_team in {me.team_id, me.enterprise_id or me.team_id}:
            return True
        if actor.own_team is not None and me.enterprise_id is None:
            return False
        user = await self._user(actor.user)
        return user.get("id") == actor.user and is_colleague(user, me)

    async def full_member(self, actor: Actor) -> Mapping[str, Any] | None:
        """Fetch a colleague's user object. None for guests, bots, outsiders and deleted users.

        Raises:
            SLACK_ERRORS: users.info fails.
        """
        if not await self.includes(actor):
            return None
        user = await self._user(actor.user)
        flags = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted")
        is_ours = user.get("id") == actor.user and is_colleague(user, await self._identity.get())
        return user if is_ours and not any(user.get(flag) for flag in flags) else None

    async def _user(self, user_id: str) -> Mapping[str, Any]:
        return (await self._client.users_info(user=user_id)).get("user") or {}


def is_colleague(user: Mapping[str, Any], me: BotIdentity) -> bool:
    """Return whether a users.info user belongs to our workspace or Enterprise organisation.

    In Enterprise, a user has an `enterprise_user` with the organisation and its workspaces
    (https://docs.slack.dev/reference/objects/user-object).
    """
    if user.get("team_id") == me.team_id:
        return True
    enterprise = user.get("enterprise_user")
    enterprise = enterprise if isinstance(enterprise, Mapping) else {}
    if me.team_id in (enterprise.get("teams") or ()):
        return True
    ids = {user.get("team_id"), user.get("enterprise_id"), enterprise.get("enterprise_id")}
    return me.enterprise_id is not None and me.enterprise_id in ids
