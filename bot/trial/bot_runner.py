"""Starts, kills and restarts the real bot of a trial."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

import structlog

from bot.app import open_bot
from bot.errors import ConfigurationError
from bot.server import serve_socket
from bot.trial.faults import Faults, apply_to_slack, with_model_fault

if TYPE_CHECKING:
    from bot.playground.server import LocalSlack
    from bot.settings import Settings
    from bot.trial.faults import ModelFault

log = structlog.get_logger(__name__)

BotState = Literal["starting", "ready", "killed", "failed"]
_OPENING_S: Final = 5.0
"""Seconds in which a starting bot opens its database. Models may take longer to load."""
LABELS: Final[dict[BotState, str]] = {
    "starting": "starting…",
    "ready": "running",
    "killed": "not running",
    "failed": "can't start",
}


class BotRunner:
    """Runs one bot at a time, connected to the local Slack by Socket Mode.

    Attributes:
        settings: the configuration for the next start.
        faults: the active faults.
        state: the bot's current state.
        problem: why it can't start, or "".
        no_models: how to get a model if none is configured, or "".
    """

    def __init__(self, slack: LocalSlack, settings: Settings, no_models: str = "") -> None:
        self.settings = settings
        self.no_models = no_models
        self.faults = Faults()
        self.state: BotState = "killed"
        self.problem = ""
        self._slack = slack
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    @property
    def label(self) -> str:
        """The state as a text."""
        return LABELS[self.state]

    @property
    def is_demonstration(self) -> bool:
        """Whether the embedded model answers questions."""
        return any(each.provider == "local" for each in self.settings.config.models.values())

    async def start(self) -> None:
        """Start the bot unless it is running. Its state tells when it is ready."""
        async with self._turn:
            if self._task is None or self._task.done():
                self._set("starting")
                self._task = asyncio.create_task(self._run())

    async def kill(self) -> None:
        """End the bot at once, as if its process had died. Nothing is finished first."""
        async with self._turn:
            if self._task:
                # A half-open database connection would never be closed.
                with contextlib.suppress(TimeoutError):
                    await self._slack.wait_for(lambda: self.state != "starting", _OPENING_S)
                self._task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._task
            self._task = None
            self._set("killed")

    async def set_model_fault(self, fault: ModelFault) -> None:
        """Restart the bot with models that fail as chosen. A killed bot is not restarted."""
        self.faults.models = fault
        was_killed = self.state == "killed"
        await self.kill()
        if not was_killed:
            await self.start()

    def set_slack_fault(self, name: str, *, on: bool) -> None:
        """Switch `rate_limits` or `no_streaming`."""
        setattr(self.faults, name, on)
        apply_to_slack(self.faults, self._slack)
        self._slack.announce_change()

    async def _run(self) -> None:
        config = with_model_fault(self.settings.config, self.faults.models)
        settings = replace(self.settings, config=config)
        try:
            async with open_bot(settings, mode="socket") as bot, serve_socket(bot, settings):
                await bot.jobs.recover()
                await self._slack.wait_for(lambda: self._slack.connections)
                self._set("ready")
                await self._repeat_missed_events()
                await asyncio.get_running_loop().create_future()
        except ConfigurationError as error:
            self._set("failed", str(error))
        except Exception:
            log.exception("bot_failed")
            self._set("failed", "The bot failed to start. The terminal shows why.")

    async def _repeat_missed_events(self) -> None:
        """Resend the events that no bot has acknowledged.

        Slack does so after one and five minutes, which is a long wait in front of a page.
        """
        for delivery in self._slack.deliveries:
            if delivery.state == "pending" and not any(ack.ok for ack in delivery.acks):
                await self._slack.redeliver(delivery.event_id)

    def _set(self, state: BotState, problem: str = "") -> None:
        self.state, self.problem = state, problem
        self._slack.announce_change()
