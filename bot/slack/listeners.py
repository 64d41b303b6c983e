"""Which of Slack's requests goes where. `manifest.yml` asks for exactly these events."""

from __future__ import annotations

import re
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp

from bot.slack.blocks import SHARE, SHOW_ANSWERS
from bot.slack.intake import Intake
from bot.slack.reveal import Reveal
from bot.slack.sharing import Sharing
from bot.slack.views import CHOOSE, PAGE

log = structlog.get_logger(__name__)

EVENTS = ("app_mention", "message")
"""Events that are listened for; `message` in direct messages only."""

COMMAND = re.compile(r"/.+")
"""Whatever the manifest names the slash command: two apps of one workspace cannot share a name."""

ANYTHING = re.compile(r".*", re.DOTALL)


def register(app: AsyncApp, intake: Intake, reveal: Reveal, sharing: Sharing) -> None:
    """Connect the listeners. The last of each kind takes whatever nobody else took.

    Without them Bolt answers 404, and Slack sends what was not acknowledged again.
    """
    for event in EVENTS:
        app.event(event, middleware=[intake.claim])(intake.work)
    app.command(COMMAND)(intake.command)
    app.action(SHOW_ANSWERS)(reveal.open)
    app.action(CHOOSE)(reveal.turn)
    app.action(re.compile(rf"{PAGE}:\d+"))(reveal.turn)
    app.action(SHARE)(sharing.share)
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
