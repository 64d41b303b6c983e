"""Logs when Slack stops accepting the bot token, and when it accepts it again."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

log = structlog.get_logger(__name__)

TOKEN_REFUSED = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
"""Codes with which any method refuses a token."""

APP_TOKEN_METHOD = "apps.connections.open"  # noqa: S105 - the name of a method


class TokenWatch(AsyncRetryHandler):
    """Checks every Web API response for a refused token. Never asks for a retry.

    Bolt passes the retry handlers on to the client that it creates for each request, so one
    instance sees all calls of the process. `SocketMode` reports on the app-level token.
    """

    def __init__(self) -> None:
        super().__init__(max_retry_count=0)
        self._is_refused = False

    async def can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - the SDK's signature
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002 - the SDK's signature
    ) -> bool:
        """Check a response. Always returns False."""
        body = response.body if response else None
        if isinstance(body, Mapping) and not request.url.endswith(APP_TOKEN_METHOD):
            self._check(body)
        return False

    def _check(self, body: Mapping[str, object]) -> None:
        code = str(body.get("error"))
        if code in TOKEN_REFUSED and not self._is_refused:
            self._is_refused = True
            log.error("slack_token_refused", variable="SLACK_BOT_TOKEN", code=code)
        elif body.get("ok") is True and self._is_refused:
            self._is_refused = False
            log.info("slack_token_accepted", variable="SLACK_BOT_TOKEN")
