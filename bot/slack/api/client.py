"""The Web API client: what is tried again, and what counts as trouble with Slack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

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

from bot.errors import Trouble
from bot.slack.api.token_watch import TokenWatch

CountRequest = Callable[[str, str], None]
"""Told of each request that was made: the method, and the outcome as `outcome_of` names it."""

CLASSES: Final[Mapping[str, str]] = {
    "account_inactive": "not_allowed",
    "invalid_auth": "not_allowed",
    "missing_scope": "not_allowed",
    "no_permission": "not_allowed",
    "not_authed": "not_allowed",
    "restricted_action": "not_allowed",
    "token_expired": "not_allowed",
    "token_revoked": "not_allowed",
    "channel_not_found": "gone",
    "invalid_thread_ts": "gone",
    "is_archived": "gone",
    "message_not_found": "gone",
    "not_in_channel": "gone",
    "thread_not_found": "gone",
    "user_not_found": "gone",
    "user_not_in_channel": "gone",
    "message_not_in_streaming_state": "stream_over",
    "stopped_by_user": "stream_over",
    "streaming_state_conflict": "stream_over",
    "fatal_error": "slack_fault",
    "internal_error": "slack_fault",
    "request_timeout": "slack_fault",
    "service_unavailable": "slack_fault",
    "ratelimited": "rate_limited",
}
"""Slack's error codes in a few classes: its list is long and grows, which labels must not
(https://docs.slack.dev/reference/methods, "Errors" of each method). Every other code is "refused".
"""

RATE_LIMITED, SERVER_ERROR = 429, 500


READ_ERRORS: Mapping[str, Trouble] = {
    "invalid_thread_ts": "thread_gone",
    "thread_not_found": "thread_gone",
    "message_not_found": "thread_gone",
    "channel_not_found": "not_in_channel",
    "not_in_channel": "not_in_channel",
    "missing_scope": "missing_scope",
    "no_permission": "missing_scope",
    "is_archived": "archived",
    "restricted_action": "not_allowed",
    "restricted_action_read_only_channel": "not_allowed",
    "restricted_action_thread_only_channel": "not_allowed",
    "restricted_action_non_threadable_channel": "not_allowed",
    "restricted_action_thread_locked": "not_allowed",
    "thread_locked": "not_allowed",
    "token_revoked": "missing_scope",
    "account_inactive": "missing_scope",
    "invalid_auth": "missing_scope",
}
"""Slack's error codes, as what the asker is told."""


class RequestCounter(AsyncRetryHandler):
    """Counts each request, and never asks for another one.

    The SDK shows every answer and every error to its retry handlers, the tries that are repeated
    included; and Bolt hands the handlers on to the clients that it makes for each request.
    """

    def __init__(self, count: CountRequest, base_url: str) -> None:
        super().__init__(max_retry_count=0)
        self._count = count
        self._base_url = base_url.rstrip("/") + "/"

    async def can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - the SDK's signature
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        """Take in an answer, or the error in place of one; always False."""
        known = response is not None and error is not None  # the answer has been counted
        # Files go to addresses that hold an id each, and an id is no label.
        if request.url.startswith(self._base_url) and not known:
            self._count(request.url.removeprefix(self._base_url), outcome_of(response, error))
        return False


def outcome_of(response: HttpResponse | None, error: Exception | None = None) -> str:
    """What a request came to.

    "ok", "no_answer" (a lost connection or too long a wait: its effect is unknown), "not_slack"
    (an answer that is no JSON, as a proxy in between gives), or the class of Slack's error.
    """
    if response is None:
        return "not_slack" if isinstance(error, SlackApiError) else "no_answer"
    if response.status_code == RATE_LIMITED:
        return "rate_limited"
    if response.status_code >= SERVER_ERROR:
        return "slack_fault"
    body = response.body
    if not isinstance(body, Mapping):
        return "not_slack"
    return "ok" if body.get("ok") else CLASSES.get(str(body.get("error")), "refused")


SLACK_ERRORS = (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError)
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

TRANSIENT = UNSURE | {"ratelimited"}
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
    count: CountRequest | None = None,
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
    handlers: list[AsyncRetryHandler] = (
        [RequestCounter(count, base_url), TokenWatch()] if count else []
    )
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


WHERE_BOT = "the Bot User OAuth Token (xoxb-…): your app's page, OAuth & Permissions"
WHERE_APP = (
    "an app-level token (xapp-…) with the scope connections:write: your app's page, "
    "Basic Information"
)


def refusal(error: BaseException, address: str, variable: str, place: str) -> str:
    """Why a token was not taken, and what to do.

    Args:
        error: one of `bot.slack.api.client.SLACK_TROUBLE`.
        address: the Web API's base URL.
        variable: the environment variable that holds the token.
        place: what belongs into it, and where that is found.
    """
    code = code_of(error)
    if code == "no_answer":
        return (
            f"{variable}: Slack at {address} did not answer, so it cannot be tried. Check "
            "SLACK_API_URL and the network."
        )
    return f"{variable}: Slack does not accept it ({code}).\nSet it to {place}."
