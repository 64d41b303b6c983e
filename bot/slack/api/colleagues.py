"""Who is a colleague: of our workspace, or of another one of our Enterprise organisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.identity import BotIdentity, IdentityLookup
from bot.slack.api.origin import Actor


class Colleagues:
    """Tells colleagues from outsiders, by the payload where that is enough, else by Slack."""

    def __init__(self, client: AsyncWebClient, identity: IdentityLookup) -> None:
        self._client = client
        self._identity = identity

    async def workspace(self) -> str:
        """Our workspace: interactions and commands reach us only from its installation."""
        return (await self._identity.get()).team_id

    async def include(self, visitor: Actor) -> bool:
        """Whether somebody is a colleague, guests included.

        Raises:
            SLACK_TROUBLE: where Slack has to be asked and does not answer.
        """
        me = await self._identity.get()
        if visitor.own_team in {me.team_id, me.enterprise_id or me.team_id}:
            return True
        if visitor.own_team is not None and me.enterprise_id is None:
            return False
        user = await self._user(visitor.user)
        return user.get("id") == visitor.user and is_colleague(user, me)

    async def member(self, visitor: Actor) -> Mapping[str, Any] | None:
        """A colleague as Slack knows them now; None for guests, bots, outsiders and who has left.

        Raises:
            SLACK_TROUBLE: where Slack does not answer.
        """
        if not await self.include(visitor):
            return None
        user = await self._user(visitor.user)
        lesser = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted")
        is_ours = user.get("id") == visitor.user and is_colleague(user, await self._identity.get())
        return user if is_ours and not any(user.get(mark) for mark in lesser) else None

    async def _user(self, user_id: str) -> Mapping[str, Any]:
        return (await self._client.users_info(user=user_id)).get("user") or {}


def is_colleague(user: Mapping[str, Any], me: BotIdentity) -> bool:
    """Whether a user of users.info belongs to our workspace or to our Enterprise organisation.

    Within Enterprise a user has an `enterprise_user` with the organisation and its workspaces
    (https://docs.slack.dev/reference/objects/user-object).
    """
    if user.get("team_id") == me.team_id:
        return True
    enterprise = user.get("enterprise_user")
    enterprise = enterprise if isinstance(enterprise, Mapping) else {}
    if me.team_id in (enterprise.get("teams") or ()):
        return True
    named = {user.get("team_id"), user.get("enterprise_id"), enterprise.get("enterprise_id")}
    return me.enterprise_id is not None and me.enterprise_id in named
