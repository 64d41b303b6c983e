"""Fixtures: a local Slack with one user and one channel, and a client of the real SDK."""

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
    """A local Slack with one user and one channel.

    `web` is an `AsyncWebClient`, typed as Any because the SDK types every response field as
    optional.
    """

    slack: LocalSlack
    web: Any
    ana: User
    general: Channel

    async def ask(self, text: str = "hello") -> str:
        """Post a message by Ana that mentions the bot and return its ts."""
        return await self.slack.post(self.ana, self.general, f"<@{self.slack.bot_user_id}> {text}")


async def error_response(call: Awaitable[Any]) -> Any:
    """Return the response of a call that must fail."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response


async def error_code(call: Awaitable[Any]) -> str:
    """Return the error code of a call that must fail."""
    return str((await error_response(call))["error"])


def _scene(slack: LocalSlack) -> Scene:
    ana = slack.add_user("Ana")
    web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    return Scene(slack, web, ana, slack.add_channel("general", members=[ana]))


@pytest.fixture
async def scene() -> AsyncGenerator[Scene]:
    """Yield a scene on the wall clock."""
    async with LocalSlack() as slack:
        yield _scene(slack)


@pytest.fixture
async def frozen() -> AsyncGenerator[Scene]:
    """Yield a scene with a frozen clock, which only moves when a test advances it."""
    async with LocalSlack(clock=Clock(scale=0)) as slack:
        yield _scene(slack)
