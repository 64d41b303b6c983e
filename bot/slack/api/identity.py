"""The bot's identity in its workspace, from auth.test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """The response of auth.test for our token. `scopes` are the granted ones."""

    user_id: str
    bot_id: str
    team_id: str
    team: str
    url: str
    scopes: frozenset[str]
    enterprise_id: str | None = None
    """The Enterprise organisation of our workspace, if any."""
    name: str = ""
    """The bot's user name, without the @."""


class IdentityLookup:
    """Fetches the bot's identity once and caches it."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.client = client
        self._me: BotIdentity | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> BotIdentity:
        """Return our identity.

        Raises:
            SlackApiError: Slack doesn't accept the token.
        """
        async with self._lock:
            if self._me is None:
                response = await self.client.auth_test()
                headers = {name.lower(): value for name, value in response.headers.items()}
                granted = str(headers.get("x-oauth-scopes", ""))
                self._me = BotIdentity(
                    user_id=str(response["user_id"]),
                    bot_id=str(response.get("bot_id") or ""),
                    team_id=str(response["team_id"]),
                    team=str(response.get("team") or ""),
                    url=str(response.get("url") or ""),
                    scopes=frozenset(s.strip() for s in granted.split(",") if s.strip()),
                    enterprise_id=response.get("enterprise_id") or None,
                    name=str(response.get("user") or ""),
                )
        return self._me


def authorizer(identity: IdentityLookup) -> Callable[[str | None], Awaitable[AuthorizeResult]]:
    """Return what Bolt calls for each request to learn who the bot is.

    Bolt's own middleware for one workspace calls auth.test for every request until the first
    response arrives, so a burst of events at the start would exceed Slack's rate limit.
    """

    async def authorize(user_id: str | None) -> AuthorizeResult:
        me = await identity.get()
        return AuthorizeResult(
            enterprise_id=me.enterprise_id,
            team_id=me.team_id,
            bot_user_id=me.user_id,
            bot_id=me.bot_id or None,
            bot_token=identity.client.token,
            bot_scopes=sorted(me.scopes),
            user_id=user_id,
        )

    return authorize
