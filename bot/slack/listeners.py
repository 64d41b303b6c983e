"""Which of Slack's requests goes where. `manifest.yml` asks for exactly these events."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack.actions.again import Again
from bot.slack.actions.asking import Asking
from bot.slack.actions.asking_views import ASK_CALLBACK
from bot.slack.actions.stop import Stopping
from bot.slack.actions.verdict import REASON_CALLBACK, Verdicts
from bot.slack.blocks import AGAIN, ANOTHER, SHARE, SHOW_ANSWERS, STOP, VERDICT
from bot.slack.deletions import Deletions
from bot.slack.home import Home
from bot.slack.home_views import CHOOSE_PIPELINE, OPEN_SETTINGS
from bot.slack.intake import Intake
from bot.slack.reveal import CLICKS, Reveal
from bot.slack.settings_modal import SettingsModal
from bot.slack.settings_views import CHANNEL_CALLBACK, WORKSPACE_CALLBACK
from bot.slack.sharing import Sharing
from bot.slack.unknown import UnknownRequests, failed

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
class Rooms:
    """Those who take Slack's requests, each its own."""

    intake: Intake
    deletions: Deletions
    reveal: Reveal
    sharing: Sharing
    home: Home
    settings: SettingsModal
    stopping: Stopping
    again: Again
    verdicts: Verdicts
    asking: Asking


def register(app: AsyncApp, rooms: Rooms, held_back: Callable[[], None]) -> None:
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


def _actions(rooms: Rooms) -> Mapping[str, Callable[..., Awaitable[None]]]:
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


async def _ignore_event() -> None:
    """Bolt has acknowledged it."""


async def _acknowledge(ack: Any) -> None:
    await ack()
