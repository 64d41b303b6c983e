"""Socket Mode: Slack's requests over a connection that we open, each answered on it."""

from __future__ import annotations

import time
from collections.abc import Callable

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import (
    run_async_bolt_app,
    send_async_response,
)
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

Acknowledged = Callable[[float, int], None]
"""Told of each request: the seconds until it was answered, and the HTTP status of the answer."""


class TimedSocketMode(AsyncSocketModeHandler):
    """Bolt's handler, with each acknowledgement measured."""

    def __init__(self, app: AsyncApp, app_token: str, acknowledged: Acknowledged) -> None:
        super().__init__(app, app_token)
        self._acknowledged = acknowledged

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - Bolt's own override differs in the same way
        """Have Bolt answer a request, and send its answer; none is sent for what it refuses."""
        began, wall = time.perf_counter(), time.time()
        answer = await run_async_bolt_app(self.app, req)
        await send_async_response(client, req, answer, wall)
        self._acknowledged(time.perf_counter() - began, answer.status)
