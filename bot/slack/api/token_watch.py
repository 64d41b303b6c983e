"""Says once that Slack no longer accepts the bot's token, and once that it does again."""

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
"""Slack's codes for a token that it does not accept, for any method."""

OF_THE_APP_TOKEN = "apps.connections.open"  # noqa: S105 - a method's name


class TokenWatch(AsyncRetryHandler):
    """Looks at every answer of the Web API, and never asks for another try.

    Bolt hands the handlers on to the clients that it makes for each request, so one of these sees
    all calls of the process. The app-level token is `SocketMode`'s to report.
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
        """Take in an answer; always False."""
        body = response.body if response else None
        if isinstance(body, Mapping) and not request.url.endswith(OF_THE_APP_TOKEN):
            self._note(body)
        return False

    def _note(self, body: Mapping[str, object]) -> None:
        code = body.get("error")
        if code in TOKEN_REFUSED and not self._is_refused:
            self._is_refused = True
            log.error("slack_token_refused", variable="SLACK_BOT_TOKEN", code=code)
        elif body.get("ok") is True and self._is_refused:
            self._is_refused = False
            log.info("slack_token_accepted", variable="SLACK_BOT_TOKEN")
