"""Socket Mode: Slack's requests over a websocket that we open, keep open, and open again."""

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

from bot.slack.client import SLACK_TROUBLE, code_of
from bot.slack.token_watch import TOKEN_REFUSED

log = structlog.get_logger(__name__)

Acknowledged = Callable[[float, int], None]
"""Told of each request: the seconds until it was answered, and the HTTP status of the answer."""

PING_S = 5.0
"""Between two pings. After four without an answer a session counts as lost."""

OPEN_S = 10.0
"""How long a new session may take until Slack's `hello`. Its address is good for one try only, so
after this the next try asks for a new one."""

CHECK_S = 0.5
LONGEST_PAUSE_S = 60.0
"""Between two tries to connect. The first follows a loss at once, the second after a second."""

RETIRE_S = 5.0
"""How long a replaced session stays for acknowledgements that are under way. Slack waits 3 s."""

REPLACED = frozenset({"warning", "refresh_requested"})
"""Reasons of a `disconnect` message for which Slack wants a new session in place of this one.
Source: https://docs.slack.dev/apis/events-api/using-socket-mode, "Disconnecting"."""


class SocketSession(SocketModeClient):
    """One websocket session, which ends when Slack says so. `SocketMode` opens the next one.

    The SDK's own reconnection is off: it tries a refused address again for ever, and logs a
    traceback at each try.

    Attributes:
        disconnect_reason: why Slack ends the session; None as long as it has not said.
    """

    def __init__(self, app_token: str, web_client: AsyncWebClient) -> None:
        super().__init__(
            app_token,
            logger=_silent(),
            web_client=web_client,
            auto_reconnect_enabled=False,
            ping_interval=PING_S,
        )
        self.greeted = asyncio.Event()
        self.dismissed = asyncio.Event()
        self.disconnect_reason: str | None = None

    async def run_message_listeners(self, message: dict[str, object], raw_message: str) -> None:
        """Note what Slack says of the session itself; everything else is a request."""
        match message.get("type"):
            case "hello":
                self.greeted.set()
            case "disconnect":
                self.disconnect_reason = str(message.get("reason"))
                self.dismissed.set()
            case _:
                await super().run_message_listeners(message, raw_message)

    async def open(self) -> None:
        """Connect, and wait for Slack's greeting.

        Raises:
            SLACK_TROUBLE: when Slack gives no address, or the session does not come about.
        """
        self.wss_uri = await self.issue_new_wss_url()
        async with asyncio.timeout(OPEN_S):
            await self.connect()
            await self.greeted.wait()

    async def is_up(self) -> bool:
        """Whether Slack greeted us, answers our pings, and has not turned Socket Mode off."""
        kept = self.disconnect_reason is None or self.disconnect_reason in REPLACED
        return kept and self.greeted.is_set() and await self.is_connected()


class SocketMode:
    """Keeps a session to Slack, and logs each loss and each recovery once.

    Args:
        app: takes the requests.
        app_token: the token with `connections:write`.
        acknowledged: told of each request.
    """

    def __init__(self, app: AsyncApp, app_token: str, acknowledged: Acknowledged) -> None:
        self._app = app
        self._app_token = app_token
        self._acknowledged = acknowledged
        self._session: SocketSession | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._lost_at: float | None = None
        self._told: set[str] = set()
        """Why no session could be opened, as far as it was logged since the last one."""
        self._first = asyncio.Event()

    async def is_up(self) -> bool:
        """Whether Slack's requests reach us now."""
        return self._session is not None and await self._session.is_up()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        """Connected for the first time once this is entered; kept so until it is left."""
        task = asyncio.create_task(self._keep())
        try:
            await self._first.wait()
            yield
        finally:
            await _ended(task, *self._retiring)
            if self._session:
                await self._session.close()

    async def _keep(self) -> None:
        tries = 0
        while True:
            session = SocketSession(self._app_token, self._app.client)
            session.socket_mode_request_listeners.append(self._handle)
            try:
                await session.open()
            except SLACK_TROUBLE as error:
                await session.close()
                self._tell_why(code_of(error))
            except BaseException:
                await session.close()
                raise
            else:
                tries = 0
                self._take_over(session)
                await self._wait_for_end(session)
            await self._pause(tries)
            tries += 1

    def _take_over(self, session: SocketSession) -> None:
        """The new session is the one that counts; the old one stays for its acknowledgements."""
        old, self._session = self._session, session
        if old:
            task = asyncio.create_task(_retire(old))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)
        if not self._first.is_set():
            log.info("slack_connected")
        elif self._lost_at is not None:
            log.info("slack_connected_again", after_s=round(time.monotonic() - self._lost_at, 1))
        self._lost_at = None
        self._told.clear()
        self._first.set()

    async def _wait_for_end(self, session: SocketSession) -> None:
        """Return when a new session is needed; this one may still be up then."""
        while not session.dismissed.is_set() and await session.is_up():
            with suppress(TimeoutError):
                await asyncio.wait_for(session.dismissed.wait(), CHECK_S)

    async def _pause(self, tries: int) -> None:
        """Wait before the next try, and notice meanwhile when a session ends that was to end."""
        until = time.monotonic() + (min(LONGEST_PAUSE_S, 2.0 ** (tries - 1)) if tries else 0)
        await self._notice_loss()
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(CHECK_S, left))
            await self._notice_loss()

    async def _notice_loss(self) -> None:
        session = self._session
        if session and self._lost_at is None and not await session.is_up():
            self._lost_at = time.monotonic()
            reason = session.disconnect_reason or "closed"
            log.warning("slack_connection_lost", reason=reason)

    def _tell_why(self, code: str) -> None:
        if code in self._told:
            return
        self._told.add(code)
        if code in TOKEN_REFUSED:
            log.error("slack_token_refused", variable="SLACK_APP_TOKEN", code=code)
        else:
            log.warning("slack_not_connected", code=code)

    async def _handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        """Have Bolt answer a request, and send its answer; none is sent for what it refuses."""
        began, wall = time.perf_counter(), time.time()
        try:
            answer = await run_async_bolt_app(self._app, req)
            await send_async_response(client, req, answer, wall)
        except ConnectionError:
            # Slack sends it again over the next session.
            log.info("acknowledgement_lost", type=req.type)
        except Exception as error:
            log.exception("request_failed", error=type(error).__name__)
        else:
            self._acknowledged(time.perf_counter() - began, answer.status)


async def _retire(session: SocketSession) -> None:
    try:
        await asyncio.sleep(RETIRE_S)
    finally:
        await session.close()


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _silent() -> logging.Logger:
    """The SDK's log of a session: what matters of it is told here, in a line each."""
    logger = logging.getLogger("bot.slack.socket_mode.sdk")
    logger.setLevel(logging.CRITICAL + 1)
    return logger
