"""Which of Slack's requests goes where. `manifest.yml` asks for exactly these events."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.async_internals import (
    run_async_bolt_app,
    send_async_response,
)
from slack_bolt.async_app import AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.actions.feedback import REASON_CALLBACK, FeedbackButtons
from bot.slack.actions.regenerate import Regenerate
from bot.slack.actions.share import ReplySharer
from bot.slack.actions.stop import StopButton
from bot.slack.answers_modal import CLICKS, AnswersModal
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.token_watch import TOKEN_REFUSED
from bot.slack.home.handlers import HomeTab
from bot.slack.home.views import CHOOSE_PIPELINE, OPEN_SETTINGS
from bot.slack.intake.deletions import Deletions
from bot.slack.intake.handlers import QuestionIntake
from bot.slack.intake.shortcut_form import ASK_CALLBACK
from bot.slack.intake.shortcuts import Shortcuts
from bot.slack.settings.handlers import SettingsHandlers
from bot.slack.settings.views import CHANNEL_CALLBACK, WORKSPACE_CALLBACK
from bot.slack.ui.blocks import AGAIN, ANOTHER, FEEDBACK, SHARE, SHOW_ANSWERS, STOP

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


ASKING = ("app_mention", "message")
"""Events that may bring a question."""

STOPPED, HOME_OPENED = "agent_session_stopped", "app_home_opened"

EVENTS = (*ASKING, STOPPED, HOME_OPENED)
"""Events that are listened for."""

COMMAND = re.compile(r"/.+")
"""Whatever the manifest names the slash command: two apps of one workspace cannot share a name."""

ASK_ABOUT, SUMMARISE, ASK_ANYWHERE = "ask_about", "summarise_thread", "ask_anywhere"
"""The callback ids of the manifest's shortcuts."""

ANYTHING = re.compile(r".*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Handlers:
    """Those who take Slack's requests, each its own."""

    intake: QuestionIntake
    deletions: Deletions
    reveal: AnswersModal
    sharing: ReplySharer
    home: HomeTab
    settings: SettingsHandlers
    stopping: StopButton
    again: Regenerate
    verdicts: FeedbackButtons
    asking: Shortcuts


def register(app: AsyncApp, rooms: Handlers, held_back: Callable[[], None]) -> None:
    """Connect the listeners. The last of each kind takes whatever nobody else took.

    Args:
        app: made with `raise_error_for_unhandled_request`, so that what no listener takes is
            acknowledged here. Otherwise Bolt answers 404, and Slack sends it again.
        rooms: those who take the requests.
        held_back: called for each minute in which Slack held events back from us.
    """
    app.use(UnknownRequests(held_back))
    for event in ASKING:
        before = [rooms.deletions.heed, rooms.intake.claim]
        app.event(event, middleware=before)(rooms.intake.work)
    app.command(COMMAND)(rooms.intake.command)
    app.event(STOPPED)(rooms.stopping.session_stopped)
    app.event(HOME_OPENED)(rooms.home.opened)
    for action, act in _actions(rooms).items():
        app.action(action)(act)
    app.action(CLICKS)(rooms.reveal.turn)
    app.shortcut(ASK_ABOUT)(rooms.asking.about)
    app.shortcut(SUMMARISE)(rooms.asking.summarise)
    app.shortcut(ASK_ANYWHERE)(rooms.asking.anywhere)
    app.view(ASK_CALLBACK)(rooms.asking.submit)
    app.view(REASON_CALLBACK)(rooms.verdicts.reason)
    app.view(CHANNEL_CALLBACK)(rooms.settings.submit_channel)
    app.view(WORKSPACE_CALLBACK)(rooms.home.submit_workspace)
    _take_the_rest(app)
    app.error(failed)


def _actions(rooms: Handlers) -> Mapping[str, Callable[..., Awaitable[None]]]:
    return {
        SHOW_ANSWERS: rooms.reveal.open,
        SHARE: rooms.sharing.share,
        STOP: rooms.stopping.click,
        AGAIN: rooms.again.click,
        ANOTHER: rooms.again.click,
        FEEDBACK: rooms.verdicts.click,
        CHOOSE_PIPELINE: rooms.home.choose_pipeline,
        OPEN_SETTINGS: rooms.settings.open_workspace,
    }


def _take_the_rest(app: AsyncApp) -> None:
    app.event(ANYTHING)(_ignore_event)
    app.action(ANYTHING)(_acknowledge)
    app.shortcut(ANYTHING)(_acknowledge)
    app.view(ANYTHING)(_acknowledge)
    app.options(ANYTHING)(_acknowledge)


async def _ignore_event() -> None:
    """Bolt has acknowledged it."""


async def _acknowledge(ack: Any) -> None:
    await ack()


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
            except SLACK_ERRORS as error:
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
    logger = logging.getLogger("bot.slack.routes.sdk")
    logger.setLevel(logging.CRITICAL + 1)
    return logger
