"""Counting what each request to Slack's Web API came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

Count = Callable[[str, str], None]
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


class Counting(AsyncRetryHandler):
    """Counts each request, and never asks for another one.

    The SDK shows every answer and every error to its retry handlers, the tries that are repeated
    included; and Bolt hands the handlers on to the clients that it makes for each request.
    """

    def __init__(self, count: Count, base_url: str) -> None:
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
