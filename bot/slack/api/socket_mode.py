"""Socket Mode: keeps a websocket session to Slack open and reconnects when it is lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from slack_bolt.adapter.socket_mode.async_internals import (
    run_async_bolt_app,
    send_async_response,
)
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.token_watch import TOKEN_REFUSED

log = structlog.get_logger(__name__)

OnResponse = Callable[[float, int], None]
"""Called after each response to Slack with the seconds that it took and its HTTP status."""

PING_S = 5.0
"""Seconds between two pings. After four pings without a pong, the session counts as lost."""

OPEN_TIMEOUT_S = 10.0
"""Seconds that a new session may take until Slack's `hello`. Its address works only once, so the
next attempt requests a new one."""

CHECK_INTERVAL_S = 0.5
MAX_RETRY_DELAY_S = 60.0
"""The longest delay between attempts to connect. The first is immediate, the second comes after a
second."""

RETIRE_AFTER_S = 5.0
"""Seconds that a replaced session stays open to send its last responses. Slack waits 3 s."""

REPLACED = frozenset({"warning", "refresh_requested"})
"""Reasons of a `disconnect` message with which Slack asks for a new session.
Source: https://docs.slack.dev/apis/events-api/using-socket-mode, "Disconnecting"."""


class SocketSession(SocketModeClient):
    """One websocket session. It ends when Slack ends it, and `SocketMode` opens the next one.

    The SDK's reconnection is off: it retries a refused address forever and logs a traceback each
    time.

    Attributes:
        disconnect_reason: why Slack ends the session; None until Slack says so.
    """

    def __init__(self, app_token: str, web_client: AsyncWebClient) -> None:
        super().__init__(
            app_token,
            logger=_silent_logger(),
            web_client=web_client,
            auto_reconnect_enabled=False,
            ping_interval=PING_S,
        )
        self.proxy = web_client.proxy
        self.greeted = asyncio.Event()
        self.disconnect_requested = asyncio.Event()
        self.disconnect_reason: str | None = None

    async def run_message_listeners(self, message: dict[str, object], raw_message: str) -> None:
        """Handle messages about the session, and pass everything else on as a request."""
        match message.get("type"):
            case "hello":
                self.greeted.set()
            case "disconnect":
                self.disconnect_reason = str(message.get("reason"))
                self.disconnect_requested.set()
            case _:
                await super().run_message_listeners(message, raw_message)

    async def open(self) -> None:
        """Connect and wait for Slack's `hello`.

        Raises:
            SLACK_ERRORS: Slack returns no address, or the session can't be opened.
        """
        self.wss_uri = await self.issue_new_wss_url()
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            await self.connect()
            await self.greeted.wait()

    async def is_up(self) -> bool:
        """Return whether Slack greeted us, answers pings, and hasn't turned Socket Mode off."""
        kept = self.disconnect_reason is None or self.disconnect_reason in REPLACED
        return kept and self.greeted.is_set() and await self.is_connected()


class SocketMode:
    """Keeps a session to Slack open, and logs each loss and each recovery once.

    Args:
        app: handles the requests.
        app_token: the token with `connections:write`.
        on_response: called after each response to Slack.
    """

    def __init__(self, app: AsyncApp, app_token: str, on_response: OnResponse) -> None:
        self._app = app
        self._app_token = app_token
        self._on_response = on_response
        self._session: SocketSession | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._lost_at: float | None = None
        self._logged_codes: set[str] = set()
        """Why connecting failed, as logged since the last session."""
        self._connected_once = asyncio.Event()

    async def is_up(self) -> bool:
        """Return whether Slack's requests reach us now."""
        return self._session is not None and await self._session.is_up()

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[None, None]:
        """Enter once the first session is up, and keep one open until the context exits."""
        task = asyncio.create_task(self._stay_connected())
        try:
            await self._connected_once.wait()
            yield
        finally:
            await _cancel(task, *self._retiring)
            if self._session:
                await self._session.close()

    async def _stay_connected(self) -> None:
        attempts = 0
        while True:
            session = SocketSession(self._app_token, self._app.client)
            session.socket_mode_request_listeners.append(self._handle)
            try:
                await session.open()
            except SLACK_ERRORS as error:
                await session.close()
                self._log_failure(code_of(error))
            except BaseException:
                await session.close()
                raise
            else:
                attempts = 0
                self._switch_to(session)
                await self._wait_for_end(session)
            await self._wait_before_retry(attempts)
            attempts += 1

    def _switch_to(self, session: SocketSession) -> None:
        """Make this the current session. The old one stays open to send its last responses."""
        old, self._session = self._session, session
        if old:
            task = asyncio.create_task(_retire(old))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)
        if not self._connected_once.is_set():
            log.info("slack_connected")
        elif self._lost_at is not None:
            log.info("slack_connected_again", after_s=round(time.monotonic() - self._lost_at, 1))
        self._lost_at = None
        self._logged_codes.clear()
        self._connected_once.set()

    async def _wait_for_end(self, session: SocketSession) -> None:
        """Return when a new session is needed. This one may still be up."""
        while not session.disconnect_requested.is_set() and await session.is_up():
            with suppress(TimeoutError):
                await asyncio.wait_for(session.disconnect_requested.wait(), CHECK_INTERVAL_S)

    async def _wait_before_retry(self, attempts: int) -> None:
        """Wait with exponential backoff. Log if a replaced session ends meanwhile."""
        delay_s = min(MAX_RETRY_DELAY_S, 2.0 ** (attempts - 1)) if attempts else 0
        until = time.monotonic() + delay_s
        await self._log_loss()
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(CHECK_INTERVAL_S, left))
            await self._log_loss()

    async def _log_loss(self) -> None:
        session = self._session
        if session and self._lost_at is None and not await session.is_up():
            self._lost_at = time.monotonic()
            reason = session.disconnect_reason or "closed"
            log.warning("slack_connection_lost", reason=reason)

    def _log_failure(self, code: str) -> None:
        if code in self._logged_codes:
            return
        self._logged_codes.add(code)
        if code in TOKEN_REFUSED:
            log.error("slack_token_refused", variable="SLACK_APP_TOKEN", code=code)
        else:
            log.warning("slack_not_connected", code=code)

    async def _handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        """Let Bolt handle a request, and send its response. Bolt sends none if it refuses."""
        started, started_wall = time.perf_counter(), time.time()
        try:
            response = await run_async_bolt_app(self._app, req)
            await send_async_response(client, req, response, started_wall)
        except ConnectionError:
            # Slack sends the request again over the next session.
            log.info("acknowledgement_lost", type=req.type)
        except Exception as error:
            log.exception("request_failed", error=type(error).__name__)
        else:
            self._on_response(time.perf_counter() - started, response.status)


async def _retire(session: SocketSession) -> None:
    try:
        await asyncio.sleep(RETIRE_AFTER_S)
    finally:
        await session.close()


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _silent_logger() -> logging.Logger:
    """Return a silent logger for the SDK: this module logs what matters, one line each."""
    logger = logging.getLogger("bot.slack.socket_mode.sdk")
    logger.setLevel(logging.CRITICAL + 1)
    return logger
