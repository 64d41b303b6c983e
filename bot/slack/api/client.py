"""The Web API client: connections, retries and error codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook import WebhookResponse

from bot.errors import Trouble
from bot.slack.api.network import connection_trouble, use_network
from bot.slack.api.token_watch import TokenWatch
from bot.slack.api.tolerant_client import RateLimitRetries, TolerantClient
from moa.network import Network

CountRequest = Callable[[str, str], None]
"""Called after each request with the method and the outcome, as `outcome_of` names it."""

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
"""Slack's error codes in a few classes. Metric labels must stay few, and Slack's list keeps growing
(https://docs.slack.dev/reference/methods, "Errors" of each method). Any other code is "refused".
"""

RATE_LIMITED, SERVER_ERROR = 429, 500

CODE = re.compile(r"[a-z_]+")
"""The form of Slack's error codes."""


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
    "access_denied": "not_allowed",
    "ekm_access_denied": "not_allowed",
    "enterprise_is_restricted": "not_allowed",
    "posting_to_channel_denied": "not_allowed",
    "team_access_not_granted": "not_allowed",
    "thread_locked": "not_allowed",
    "token_revoked": "missing_scope",
    "account_inactive": "missing_scope",
    "invalid_auth": "missing_scope",
}
"""Slack's error codes as the trouble to report to the asker."""


class RequestCounter(AsyncRetryHandler):
    """Counts every request, including retries. Never asks for a retry.

    The SDK calls its retry handlers after each response and each error. Bolt passes the handlers on
    to the client that it creates for each request.
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
        """Count a response, or the error in its place. Always returns False."""
        is_counted = response is not None and error is not None  # this response was counted before
        # Uploads go to URLs that contain an id, which must not become a label.
        if request.url.startswith(self._base_url) and not is_counted:
            self._count(request.url.removeprefix(self._base_url), outcome_of(response, error))
        return False


def outcome_of(response: HttpResponse | None, error: Exception | None = None) -> str:
    """Return the outcome of a request as a metric label.

    "ok", "no_answer" (connection lost or timeout: the effect is unknown), "not_slack" (a response
    that isn't JSON, for example from a proxy), or the class of Slack's error.
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
"""Everything that a Web API call may raise."""

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
"""Codes of `code_of` after which the call may still have taken effect."""

TRANSIENT = UNSURE | {"ratelimited"}
"""Codes that a later retry may overcome."""

NOT_ABOUT_CONTENT = frozenset(
    {
        "cant_update_message",
        "edit_window_closed",
        "expired_url",
        "feature_not_enabled",
        "invalid_url",
        "message_not_in_streaming_state",
        "missing_recipient_team_id",
        "missing_recipient_user_id",
        "not_allowed_token_type",
        "not_authed",
        "stopped_by_user",
        "streaming_state_conflict",
        "team_not_found",
        "token_expired",
        "unknown_method",
        "used_url",
        "user_not_found",
        "user_not_in_channel",
    }
)
"""Codes about the message's place, its state or our rights, in addition to `READ_ERRORS`."""


def refuses_content(code: str) -> bool:
    """Return whether Slack may accept the same call with plainer content.

    Any unknown code counts, because the documented lists of codes are incomplete.
    """
    elsewhere = code in NOT_ABOUT_CONTENT or code in READ_ERRORS or code in TRANSIENT
    return not (elsewhere or code.startswith(("method_", "restricted_action")))


TIMEOUT_S = 20
RATE_LIMIT_TRIES = 3

CONNECTIONS = 100
"""The most open connections to Slack. Further calls wait for a free one."""

POSTING = (
    "chat.postMessage",
    "chat.postEphemeral",
    "chat.startStream",
    "chat.appendStream",
    "chat.stopStream",
)
"""Methods that post text. If the response was lost, the call may have taken effect, so a retry
could post twice."""


class SafeRetries(AsyncConnectionErrorRetryHandler):
    """Retries after a connection error, except for methods in `POSTING`."""

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


def client_session() -> aiohttp.ClientSession:
    """Return the connection pool that all Web API calls share. The caller closes it.

    Without it, the SDK opens a new connection for each call. `trust_env` stays off: `use_network`
    reads the proxy once, whereas aiohttp would look it up in a thread for each call.
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
    network: Network | None = None,
) -> AsyncWebClient:
    """Return a client that retries safe calls and waits when Slack limits its rate.

    Args:
        token: the bot token.
        base_url: the base URL of the Web API.
        count: called after each request, including retries. If set, refused tokens are also logged.
        session: from `client_session`. Without it, each call opens a new connection.
        network: the proxies and certificates to use; without it, the SDK reads the environment.

    Raises:
        ConfigurationError: a network setting can't be used.
    """
    handlers: list[AsyncRetryHandler] = (
        [RequestCounter(count, base_url), TokenWatch()] if count else []
    )
    handlers += [
        SafeRetries(max_retry_count=2),
        RateLimitRetries(max_retry_count=RATE_LIMIT_TRIES),
    ]
    client = TolerantClient(
        token=token,
        base_url=base_url,
        timeout=TIMEOUT_S,
        session=session,
        retry_handlers=handlers,
    )
    if network is not None:
        use_network(client, network)
    return client


def code_of(error: BaseException) -> str:
    """Return Slack's error code, or "no_answer" or "not_slack" if there is none."""
    if isinstance(error, SlackApiError):
        # A proxy in front of Slack may respond with plain text.
        data = getattr(error.response, "data", error.response)
        code = data.get("error") if isinstance(data, Mapping) else None
        return str(code or "not_slack")
    return "no_answer"


def raise_refusal(response: WebhookResponse) -> None:
    """Raise an error unless Slack accepted a request to a response_url.

    Slack reports a refusal in the HTTP status, with the code as JSON or as plain text
    (slackapi/java-slack-sdk 1017, louislam/uptime-kuma 941).

    Raises:
        SlackApiError: with Slack's code.
    """
    try:
        body = json.loads(response.body)
    except ValueError:
        body = {"error": response.body.strip()} if CODE.fullmatch(response.body.strip()) else {}
    code = str(body.get("error") or "") if isinstance(body, Mapping) else ""
    if response.status_code >= SERVER_ERROR:
        raise response_error("internal_error")
    if response.status_code in {403, 404, 410}:
        raise response_error(code or "expired_url")
    is_refused = isinstance(body, Mapping) and body.get("ok") is False
    if response.status_code != 200 or is_refused:  # noqa: PLR2004 - HTTP's OK
        raise response_error(code or "invalid_payload")


def response_error(code: str) -> SlackApiError:
    """Return the error for a failed request to a response_url."""
    return SlackApiError("The response_url did not work.", {"ok": False, "error": code})


BOT_HINT = "the Bot User OAuth Token (xoxb-…): your app's page, OAuth & Permissions"
APP_HINT = (
    "an app-level token (xapp-…) with the scope connections:write: your app's page, "
    "Basic Information"
)
"""The tokens for SLACK_BOT_TOKEN and SLACK_APP_TOKEN, and where to find them."""


def token_error_text(error: BaseException, base_url: str, variable: str, hint: str) -> str:
    """Return why Slack didn't accept a token, and what to do.

    Args:
        error: one of `SLACK_ERRORS`.
        base_url: the base URL of the Web API.
        variable: the environment variable that holds the token.
        hint: the right token, and where to find it.
    """
    if trouble := connection_trouble(error):
        return f"{variable}: Slack at {base_url} could not be reached: {trouble}."
    code = code_of(error)
    if code == "no_answer":
        return (
            f"{variable}: Slack at {base_url} did not respond, so the token could not be checked. "
            "Check SLACK_API_URL and the network."
        )
    return f"{variable}: Slack rejected it ({code}).\nSet it to {hint}."
