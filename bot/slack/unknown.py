"""Requests of Slack's that no listener is for: acknowledged, since Slack would send them again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

log = structlog.get_logger(__name__)

LISTENED_FOR = frozenset(
    {
        "block_actions",
        "block_suggestion",
        "event_callback",
        "message_action",
        "shortcut",
        "view_submission",
    }
)
"""Types of requests that have listeners. A slash command has no type."""

RATE_LIMITED = "app_rate_limited"
"""Sent for each minute in which Slack holds events back, because a workspace had more than 30,000
in an hour. Source: https://docs.slack.dev/reference/events/app_rate_limited."""

TYPE_SHOWN = 50
"""Characters of an unknown type in the log."""


class UnknownRequests(AsyncMiddleware):
    """Acknowledges every type of request that has no listener, before Bolt looks into it.

    Args:
        held_back: called for each minute in which Slack held events back.
    """

    def __init__(self, held_back: Callable[[], None]) -> None:
        self._held_back = held_back

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002 - Bolt's signature
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt's signature
    ) -> BoltResponse | None:
        """Pass on what may have a listener."""
        body: Mapping[str, Any] = req.body
        if body.get("type") in LISTENED_FOR or "command" in body:
            return await next()
        if body.get("type") == RATE_LIMITED:
            self._held_back()
            log.warning("slack_holds_events_back", minute=body.get("minute_rate_limited"))
        else:
            log.info("request_ignored", type=str(body.get("type"))[:TYPE_SHOWN])
        return BoltResponse(status=200, body="")


async def failed(error: Exception) -> BoltResponse | None:
    """The outermost edge of a request: an error is logged, and nothing of it leaves.

    What no listener took is no error: Bolt would answer 404.
    """
    if isinstance(error, BoltUnhandledRequestError):
        log.info("request_ignored", type="no listener")
        return BoltResponse(status=200, body="")
    log.error("listener_failed", error=type(error).__name__, exc_info=error)
    return None
