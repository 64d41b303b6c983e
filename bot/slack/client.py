"""The Web API client: what is tried again, and what counts as trouble with Slack."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.counting import Count, Counting
from bot.slack.token_watch import TokenWatch

SLACK_TROUBLE = (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError)
"""Everything that a call of the Web API may raise."""

UNSURE = frozenset(
    {
        "fatal_error",
        "internal_error",
        "no_answer",
        "not_slack",
        "request_timeout",
        "service_unavailable",
    }
)
"""What `code_of` gives where Slack is in trouble: the call may have had its effect all the same."""

PASSING = UNSURE | {"ratelimited"}
"""Trouble that waiting may help."""

TIMEOUT_S = 20
RATE_LIMIT_TRIES = 3

CONNECTIONS = 100
"""To Slack at the same time; further calls wait for one."""

POSTING = (
    "chat.postMessage",
    "chat.postEphemeral",
    "chat.startStream",
    "chat.appendStream",
    "chat.stopStream",
)
"""Methods whose work must not be done twice, the last because it carries text: a call whose answer
was lost may have had its effect, so these are not simply repeated."""


class SafeRetries(AsyncConnectionErrorRetryHandler):
    """Tries again after a connection error, but never a call that would post twice."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if request.url.endswith(POSTING):
            return False
        return await super()._can_retry_async(
            state=state, request=request, response=response, error=error
        )


def connections() -> aiohttp.ClientSession:
    """Connections to Slack that all calls share; by itself the SDK opens a new one for each call.

    The SDK reads from the environment which proxy to use, and says so with each call; aiohttp would
    look for it anew each time, in a thread. To be closed.
    """
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
    )


def web_client(
    token: str,
    base_url: str,
    count: Count | None = None,
    session: aiohttp.ClientSession | None = None,
) -> AsyncWebClient:
    """A client that waits as Slack asks when it is rate limited.

    Args:
        token: of the bot.
        base_url: of the Web API.
        count: told of each request, the repeated ones included; with it, a refused token is
            logged.
        session: from `connections`; without it each call has a connection of its own.
    """
    handlers: list[AsyncRetryHandler] = [Counting(count, base_url), TokenWatch()] if count else []
    handlers += [
        SafeRetries(max_retry_count=2),
        AsyncRateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_TRIES),
    ]
    return AsyncWebClient(
        token=token,
        base_url=base_url,
        timeout=TIMEOUT_S,
        session=session,
        retry_handlers=handlers,
    )


def code_of(error: BaseException) -> str:
    """Slack's error code, or a word for a call that never got an answer."""
    if isinstance(error, SlackApiError):
        # A proxy in front of Slack answers with text, and then there is no code to read.
        data = getattr(error.response, "data", error.response)
        code = data.get("error") if isinstance(data, Mapping) else None
        return str(code or "not_slack")
    return "no_answer"
