"""Which of Slack's requests goes where. `manifest.yml` asks for exactly these events."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import (
    run_async_bolt_app,
    send_async_response,
)
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.slack.actions.feedback import REASON_CALLBACK, FeedbackButtons
from bot.slack.actions.regenerate import Regenerate
from bot.slack.actions.share import ReplySharer
from bot.slack.actions.stop import StopButton
from bot.slack.answers_modal import CLICKS, AnswersModal
from bot.slack.home.handlers import HomeTab
from bot.slack.home.views import CHOOSE_PIPELINE, OPEN_SETTINGS
from bot.slack.intake.handlers import QuestionIntake
from bot.slack.intake.shortcut_form import ASK_CALLBACK
from bot.slack.intake.shortcuts import Shortcuts
from bot.slack.settings.handlers import SettingsHandlers
from bot.slack.settings.views import CHANNEL_CALLBACK, WORKSPACE_CALLBACK
from bot.slack.ui.blocks import AGAIN, ANOTHER, SHARE, SHOW_ANSWERS, STOP, VERDICT

log = structlog.get_logger(__name__)

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
    reveal: AnswersModal
    sharing: ReplySharer
    home: HomeTab
    settings: SettingsHandlers
    stopping: StopButton
    again: Regenerate
    verdicts: FeedbackButtons
    asking: Shortcuts


def register(app: AsyncApp, rooms: Handlers) -> None:
    """Connect the listeners. The last of each kind takes whatever nobody else took.

    Without them Bolt answers 404, and Slack sends what was not acknowledged again.
    """
    for event in ASKING:
        app.event(event, middleware=[rooms.intake.claim])(rooms.intake.work)
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


def _actions(rooms: Handlers) -> Mapping[str, Callable[..., Awaitable[None]]]:
    return {
        SHOW_ANSWERS: rooms.reveal.open,
        SHARE: rooms.sharing.share,
        STOP: rooms.stopping.click,
        AGAIN: rooms.again.click,
        ANOTHER: rooms.again.click,
        VERDICT: rooms.verdicts.click,
        CHOOSE_PIPELINE: rooms.home.choose_pipeline,
        OPEN_SETTINGS: rooms.settings.open_workspace,
    }


def _take_the_rest(app: AsyncApp) -> None:
    app.event(ANYTHING)(_ignore_event)
    app.action(ANYTHING)(_acknowledge)
    app.shortcut(ANYTHING)(_acknowledge)
    app.view(ANYTHING)(_acknowledge)
    app.options(ANYTHING)(_acknowledge)
    app.error(_failed)


async def _ignore_event() -> None:
    """Bolt has acknowledged it."""


async def _acknowledge(ack: Any) -> None:
    await ack()


async def _failed(error: Exception) -> None:
    """The outermost edge of a listener: the error is logged, and nothing of it leaves."""
    log.error("listener_failed", error=type(error).__name__, exc_info=error)


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
