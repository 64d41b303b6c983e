"""Run the bot as a separate process, for tests that start, signal and read it."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.playground.server import LocalSlack
from bot.playground.state.models import Channel, User
from tests.forks import ROOT, Forked, fork
from tests.models.replies import Reply
from tests.models.server import ModelServer
from tests.stage import CONFIG, variables

__all__ = [
    "ROOT",
    "LocalServices",
    "local_services",
    "log_until",
    "rest_of_log",
    "running_bot",
    "started_bot",
]


class LocalServices:
    """The services that a bot process talks to."""

    def __init__(self, slack: LocalSlack, models: ModelServer, ana: User, general: Channel) -> None:
        self.slack = slack
        self.models = models
        self.ana = ana
        self.general = general

    async def ask(self, text: str = "What is the risk?") -> str:
        """Have Ana mention the bot."""
        mention = f"<@{self.slack.bot_user_id}> {text}"
        return await self.slack.post(self.ana, self.general, mention)

    async def complete(self, ts: str, word: str = "[Show answers]") -> str:
        """Return the thread once it contains a word: the buttons under the reply."""

        def shown() -> str:
            return "\n".join(map(self.slack.render, self.slack.messages(self.general, ts)))

        await self.slack.wait_for(lambda: word in shown(), timeout=30)
        return shown()


@asynccontextmanager
async def local_services(folder: Path, writer: Reply) -> AsyncGenerator[LocalServices, None]:
    """Run a local Slack and model servers that outlive the bot processes."""
    named = Reply(text=lambda request: f"The answer of {request.model}.")
    async with ModelServer({"writer-1": writer}, default=named) as models, LocalSlack() as slack:
        text = CONFIG.format(
            default="balanced", openai=models.openai_url, anthropic=models.anthropic_url
        )
        (folder / "moa.toml").write_text(text, encoding="utf-8")
        slack.app.events = {"app_mention", "message.im"}
        ana = slack.add_user("Ana")
        yield LocalServices(slack, models, ana, slack.add_channel("general", members=[ana]))


@asynccontextmanager
async def started_bot(
    folder: Path,
    slack: LocalSlack,
    *options: str,
    change: Mapping[str, str] | None = None,
    database: str | None = None,
    whole: bool = False,
) -> AsyncGenerator[Process | Forked, None]:
    """Start `moa-bot run` in a folder; kill it on exit if it still runs.

    `database` is a URL (see `tests.databases`); the default is a SQLite file in the folder.
    A `whole` start begins with a new Python, as an operator's does; others are forks, which skip
    the imports.
    """
    environment = {**os.environ, **variables(slack, folder, database), "PYTHONPATH": str(ROOT)}
    environment |= dict(change or {})
    process = await (_whole if whole else fork)(folder, ("run", *options), environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _whole(folder: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments), cwd=folder, env=environment, stderr=PIPE
    )


@asynccontextmanager
async def running_bot(
    folder: Path,
    slack: LocalSlack,
    *options: str,
    change: Mapping[str, str] | None = None,
    database: str | None = None,
    whole: bool = False,
) -> AsyncGenerator[Process | Forked, None]:
    """Run `moa-bot run` in a folder, and wait until it is connected."""
    async with started_bot(
        folder, slack, *options, change=change, database=database, whole=whole
    ) as process:
        await log_until(process, "ready")
        yield process


async def log_until(process: Process | Forked, word: str) -> str:
    """Return the log up to and including the first line that contains a word."""
    assert process.stderr is not None
    heard = ""
    async with asyncio.timeout(60):
        async for line in process.stderr:
            heard += line.decode()
            if word in line.decode():
                return heard
    raise AssertionError(f"the process ended without saying {word!r}: {heard}")


async def rest_of_log(process: Process | Forked) -> str:
    """Return the rest of the log of a process that ends."""
    async with asyncio.timeout(60):
        _, log = await process.communicate()
    return log.decode()
