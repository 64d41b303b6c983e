"""Web API calls whose responses may be anything: unreadable, or with an odd `Retry-After`."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from moa.providers.retry_after import retry_after

UNREADABLE = (ValueError, LookupError, AttributeError, RecursionError)
"""What the SDK raises for a response that is no JSON object in UTF-8, such as a proxy's page."""

POSTS = frozenset({"chat.postMessage", "chat.startStream"})
"""Methods whose response must say where the message is."""

USUAL_WAIT_S = 1.0
"""Seconds to wait if a rate limit does not say how long."""

LONGEST_WAIT_S = 60.0
"""Seconds that a call waits for a rate limit at most. Slack counts its limits per minute
(https://docs.slack.dev/apis/web-api/rate-limits)."""


class TolerantClient(AsyncWebClient):
    """The SDK's client, which raises `SlackApiError` for every response that it can't read."""

    async def api_call(self, api_method: str, **options: Any) -> AsyncSlackResponse:
        """Call a method.

        Raises:
            SlackApiError: Slack refused the call, or the response is unreadable. The latter has no
                code, so `code_of` says "not_slack": the call may have taken effect.
            SLACK_ERRORS: any other failure.
        """
        try:
            response = await super().api_call(api_method, **options)
        except (aiohttp.ClientError, OSError):
            raise  # among them an untrusted certificate, which is a ValueError too
        except UNREADABLE as error:
            raise _unreadable(type(error).__name__) from None
        if api_method in POSTS and not isinstance(response.get("ts"), str):
            raise _unreadable("no ts")
        return response


def _unreadable(why: str) -> SlackApiError:
    return SlackApiError(f"The response can't be read ({why}).", {})


class RateLimitRetries(AsyncRateLimitErrorRetryHandler):
    """Waits as long as Slack's `Retry-After` says, unless that is too long."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        limited = await super()._can_retry_async(
            state=state, request=request, response=response, error=error
        )
        return limited and _wait_s(response) <= LONGEST_WAIT_S

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,  # noqa: ARG002 - the SDK's signature
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002 - the SDK's signature
    ) -> None:
        """Wait before the next attempt."""
        state.next_attempt_requested = True
        await asyncio.sleep(_wait_s(response) + random.random())  # noqa: S311 - to spread retries
        state.increment_current_attempt()


def _wait_s(response: HttpResponse | None) -> float:
    headers = response.headers if response else {}
    first = {name.lower(): str(values[0]) for name, values in headers.items() if values}
    wait_s = retry_after(first)
    return USUAL_WAIT_S if wait_s is None else wait_s
