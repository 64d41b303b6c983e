"""Who we are in a workspace: our user, our bot id, our workspace."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """What auth.test says of our token. `scopes` are those that were granted."""

    user_id: str
    bot_id: str
    team_id: str
    team: str
    url: str
    scopes: frozenset[str]
    enterprise_id: str | None = None
    """The Enterprise organisation that our workspace belongs to, if any."""


class IdentityLookup:
    """Asks Slack once who we are."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.client = client
        self._me: BotIdentity | None = None
        self._asking = asyncio.Lock()

    async def get(self) -> BotIdentity:
        """Who we are.

        Raises:
            SlackApiError: when the token is not accepted.
        """
        async with self._asking:
            if self._me is None:
                answer = await self.client.auth_test()
                headers = {name.lower(): value for name, value in answer.headers.items()}
                granted = str(headers.get("x-oauth-scopes", ""))
                self._me = BotIdentity(
                    user_id=str(answer["user_id"]),
                    bot_id=str(answer.get("bot_id") or ""),
                    team_id=str(answer["team_id"]),
                    team=str(answer.get("team") or ""),
                    url=str(answer.get("url") or ""),
                    scopes=frozenset(s.strip() for s in granted.split(",") if s.strip()),
                    enterprise_id=answer.get("enterprise_id") or None,
                )
        return self._me
