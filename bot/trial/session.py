"""Starts a whole trial: the local Slack, its people, the examples, the real bot and the page."""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout
from pydantic import SecretStr

from bot.errors import ConfigurationError
from bot.http import serve
from bot.http_connections import ConnectionLimits
from bot.playground.clock import Clock
from bot.playground.server import LocalSlack
from bot.trial.bot_runner import BotRunner
from bot.trial.cast import BOT, OUTSIDE_NAME, OUTSIDE_TEAM, WORKSPACE
from bot.trial.draw.regions import RegionDrawer
from bot.trial.examples import play_examples
from bot.trial.live import LiveUpdates
from bot.trial.security import Gate
from bot.trial.stage_set import furnish, install_app, past_seconds
from bot.trial.web import TrialPage, trial_app
from moa.pipeline.config import Config

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from bot.settings import Settings

HOST: Final = "127.0.0.1"
LIMITS: Final = ConnectionLimits(request_s=120, response_s=86_400)
"""Live updates are one response that lasts as long as the page is open."""

_STATE_FILE: Final = "slack.json"
_SAVE_EVERY_S: Final = 2.0

NOTHING_CONFIGURED: Final[dict[str, Any]] = {
    "default_pipeline": "none",
    "models": {"no-model": {"provider": "scripted", "model": "echo", "fail": "rejected"}},
    "pipelines": {"none": {"description": "No model is set up.", "aggregator": "no-model"}},
}
"""Models for a trial without models: each question fails, as it would in Slack."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A running trial. `address` opens the page."""

    address: str
    slack: LocalSlack
    runner: BotRunner


@asynccontextmanager
async def open_trial(
    settings: Settings, folder: Path, *, port: int = 0, keep: bool = False, no_models: str = ""
) -> AsyncGenerator[Trial, None]:
    """Run a trial. The bot starts in the background, because models may take long to load.

    Args:
        settings: models, pipelines and budgets; Slack and the database are replaced.
        folder: contains the database and, with `keep`, the local Slack's state.
        port: the page's port; 0 picks a free one.
        keep: whether to continue an earlier trial from the folder, and save this one at the end.
        no_models: how to get a model, if `settings` has none.

    Raises:
        ConfigurationError: the port can't be opened, or the folder contains something else.
    """
    async with AsyncExitStack() as stack:
        if keep:
            stack.enter_context(_alone_in(folder))
        slack, is_new = await stack.enter_async_context(_open_slack(folder, keep=keep))
        app = install_app(slack)
        local = _with_local_slack(settings, slack, folder)
        if is_new:
            await furnish(slack)
            await play_examples(slack, local)
        runner = BotRunner(slack, local, no_models)
        stack.push_async_callback(runner.kill)
        live = LiveUpdates(slack)
        gate = Gate(trial_app(TrialPage(slack, app, runner, RegionDrawer(runner), live)))
        gate.port = await stack.enter_async_context(serve(gate, HOST, port, limits=LIMITS))
        stack.callback(live.close)
        await runner.start()
        yield Trial(gate.address, slack, runner)


def nothing_configured() -> Config:
    """Return the configuration of a trial without models."""
    return Config.from_table(NOTHING_CONFIGURED)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Generator[None, None, None]:
    """Lock a kept folder, because two trials would overwrite each other's state."""
    lock = FileLock(folder / "trial.lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigurationError(
            f"Another trial uses {folder}. Stop it first, or choose another folder with --keep."
        ) from None
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def _open_slack(folder: Path, *, keep: bool) -> AsyncGenerator[tuple[LocalSlack, bool], None]:
    """Open the local Slack. Yield it and whether it is empty."""
    saved = folder / _STATE_FILE
    text = saved.read_text(encoding="utf-8") if keep and saved.exists() else ""
    start = time.time() - (0.0 if text else past_seconds())
    async with LocalSlack(clock=Clock(start=start), team_name=WORKSPACE, bot_name=BOT) as slack:
        slack.name_team(OUTSIDE_TEAM, OUTSIDE_NAME)
        if text:
            try:
                slack.restore(text)
            except ValueError:
                raise ConfigurationError(
                    f"{saved} isn't a saved trial. Choose an empty folder with --keep."
                ) from None
        if not keep:
            yield slack, True
            return
        task = asyncio.create_task(_save_regularly(slack, saved))
        try:
            yield slack, not text
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            _save(slack, saved)


async def _save_regularly(slack: LocalSlack, saved: Path) -> None:
    version = slack.changes
    while True:
        version = await slack.wait_for_change(version)
        await asyncio.sleep(_SAVE_EVERY_S)
        _save(slack, saved)


def _save(slack: LocalSlack, saved: Path) -> None:
    """Replace the file in one step, so that a crash leaves the earlier one intact."""
    fresh = saved.with_suffix(".new")
    fresh.touch(mode=0o600)  # it holds tokens and people's messages
    fresh.write_text(slack.dump(), encoding="utf-8")
    fresh.replace(saved)


def _with_local_slack(settings: Settings, slack: LocalSlack, folder: Path) -> Settings:
    environment = settings.environment.model_copy(
        update={
            "slack_bot_token": SecretStr(slack.bot_token),
            "slack_app_token": SecretStr(slack.app_token),
            "slack_signing_secret": None,
            "slack_api_url": slack.api_url,
            "database_url": f"sqlite:///{folder / 'bot.db'}",
        }
    )
    return replace(settings, environment=environment)
