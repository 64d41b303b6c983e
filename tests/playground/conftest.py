"""A local Slack with one person and one channel, and a Web API client of the real SDK."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.clock import Clock
from bot.playground.server import LocalSlack

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

    from bot.playground.state.models import Channel, User


@dataclass
class Scene:
    """What most tests start from.

    `web` is an `AsyncWebClient`; it is not typed so, since the SDK types every field of an answer
    as optional, and a test reads one that must be there.
    """

    slack: LocalSlack
    web: Any
    ana: User
    general: Channel

    async def ask(self, text: str = "hello") -> str:
        """A message of Ana's that mentions the bot; gives its ts."""
        return await self.slack.post(self.ana, self.general, f"<@{self.slack.bot_user_id}> {text}")


async def refusal(call: Awaitable[Any]) -> Any:
    """The answer of a call that must be refused."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response


async def code(call: Awaitable[Any]) -> str:
    """The error code of a call that must be refused."""
    return str((await refusal(call))["error"])


def _scene(slack: LocalSlack) -> Scene:
    ana = slack.add_user("Ana")
    web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    return Scene(slack, web, ana, slack.add_channel("general", members=[ana]))


@pytest.fixture
async def scene() -> AsyncGenerator[Scene]:
    """A scene by the wall's clock."""
    async with LocalSlack() as slack:
        yield _scene(slack)


@pytest.fixture
async def still() -> AsyncGenerator[Scene]:
    """A scene in which time stands still until a test moves it."""
    async with LocalSlack(clock=Clock(scale=0)) as slack:
        yield _scene(slack)
