"""Which of Slack's requests goes where. `manifest.yml` asks for exactly these events."""

from __future__ import annotations

import re
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp

from bot.slack.blocks import SHARE, SHOW_ANSWERS
from bot.slack.home import Home
from bot.slack.home_views import CHOOSE_PIPELINE, OPEN_SETTINGS
from bot.slack.intake import Intake
from bot.slack.reveal import CLICKS, Reveal
from bot.slack.settings_modal import SettingsModal
from bot.slack.settings_views import CHANNEL_CALLBACK, WORKSPACE_CALLBACK
from bot.slack.sharing import Sharing

log = structlog.get_logger(__name__)

ASKING = ("app_mention", "message")
"""Events that may bring a question."""

EVENTS = (*ASKING, "app_home_opened")
"""Events that are listened for."""

COMMAND = re.compile(r"/.+")
"""Whatever the manifest names the slash command: two apps of one workspace cannot share a name."""

ANYTHING = re.compile(r".*", re.DOTALL)


def register(
    app: AsyncApp,
    intake: Intake,
    reveal: Reveal,
    sharing: Sharing,
    *,
    home: Home,
    settings: SettingsModal,
) -> None:
    """Connect the listeners. The last of each kind takes whatever nobody else took.

    Without them Bolt answers 404, and Slack sends what was not acknowledged again.
    """
    for event in ASKING:
        app.event(event, middleware=[intake.claim])(intake.work)
    app.command(COMMAND)(intake.command)
    app.action(SHOW_ANSWERS)(reveal.open)
    app.action(CLICKS)(reveal.turn)
    app.action(SHARE)(sharing.share)
    app.event("app_home_opened")(home.opened)
    app.action(CHOOSE_PIPELINE)(home.choose_pipeline)
    app.action(OPEN_SETTINGS)(settings.open_workspace)
    app.view(CHANNEL_CALLBACK)(settings.submit_channel)
    app.view(WORKSPACE_CALLBACK)(home.submit_workspace)
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
