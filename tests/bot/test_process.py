"""The bot as an operator runs it: a process that is started, signalled and killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.playground.records import Channel, User
from bot.playground.server import LocalSlack
from tests.models.replies import Reply
from tests.models.server import ModelServer
from tests.stage import CONFIG, variables

ROOT = Path(__file__).parent.parent.parent


@asynccontextmanager
async def running(folder: Path, slack: LocalSlack, *options: str) -> AsyncGenerator[Process, None]:
    """`moa-bot run` in a folder, connected; killed at the end if it still runs."""
    environment = {**os.environ, **variables(slack, folder), "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run", *options),
        cwd=folder,
        env=environment,
        stderr=PIPE,
    )
    try:
        await said(process, "ready")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: Process, word: str) -> str:
    """The first line of the log that holds a word."""
    assert process.stderr is not None
    async with asyncio.timeout(60):
        async for line in process.stderr:
            if word in line.decode():
                return line.decode()
    raise AssertionError(f"the process ended without saying {word!r}")


@asynccontextmanager
async def world(folder: Path, writer: Reply) -> AsyncGenerator[World, None]:
    """A local Slack and model servers that outlive the bot's processes."""
    named = Reply(text=lambda request: f"The answer of {request.model}.")
    async with ModelServer({"writer-1": writer}, default=named) as models, LocalSlack() as slack:
        text = CONFIG.format(
            default="balanced", openai=models.openai_url, anthropic=models.anthropic_url
        )
        (folder / "moa.toml").write_text(text, encoding="utf-8")
        slack.app.events = {"app_mention", "message.im"}
        ana = slack.add_user("Ana")
        yield World(slack, models, ana, slack.add_channel("general", members=[ana]))


class World:
    """What a bot's process talks to."""

    def __init__(self, slack: LocalSlack, models: ModelServer, ana: User, general: Channel) -> None:
        self.slack = slack
        self.models = models
        self.ana = ana
        self.general = general

    async def ask(self) -> str:
        """Have Ana mention the bot."""
        mention = f"<@{self.slack.bot_user_id}> What is the risk?"
        return await self.slack.post(self.ana, self.general, mention)

    async def complete(self, ts: str) -> str:
        """The thread as it reads once the buttons stand under the reply."""

        def shown() -> str:
            return "\n".join(map(self.slack.render, self.slack.messages(self.general, ts)))

        await self.slack.wait_for(lambda: "[Show answers]" in shown(), timeout=30)
        return shown()


async def test_it_connects_answers_and_stops_when_asked(tmp_path: Path) -> None:
    """SIGTERM ends an idle bot with exit code 0."""
    async with (
        world(tmp_path, Reply("The reply.")) as there,
        running(tmp_path, there.slack) as process,
    ):
        assert "The reply." in await there.complete(await there.ask())
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_sigterm_lets_a_running_question_end(tmp_path: Path) -> None:
    """A bot that is stopped in the middle of a question still answers it."""
    gate = asyncio.Event()
    async with (
        world(tmp_path, Reply("The reply.", gate=gate)) as there,
        running(tmp_path, there.slack) as process,
    ):
        ts = await there.ask()
        await there.models.asked(4)
        process.send_signal(signal.SIGTERM)
        await said(process, "stopping")
        gate.set()
        assert "The reply." in await there.complete(ts)
        assert await process.wait() == 0


async def test_a_killed_bot_answers_after_its_restart(tmp_path: Path) -> None:
    """Kill -9 in the middle of a question: the next start answers it from what is stored.

    The proposers' answers were stored, so they are not asked, and paid for, again.
    """
    gate = asyncio.Event()
    async with world(tmp_path, Reply("The reply.", gate=gate)) as there:
        async with running(tmp_path, there.slack) as process:
            ts = await there.ask()
            await there.models.asked(4)
            process.kill()
            await process.wait()
        gate.set()
        async with running(tmp_path, there.slack):
            thread = await there.complete(ts)
        assert thread.count("The reply.") == 1
        asked = [request.model for request in there.models.questions]
        assert sorted(asked) == ["blue-1", "green-1", "red-1", "writer-1", "writer-1"]
        open_streams = [m for m in there.slack.messages(there.general, ts) if m.streaming]
        assert open_streams == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"SLACK_BOT_TOKEN": ""}, "Not set: SLACK_BOT_TOKEN"),
        ({"SLACK_APP_TOKEN": ""}, "Not set: SLACK_APP_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "does not accept SLACK_BOT_TOKEN (invalid_auth)"),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "does not accept SLACK_APP_TOKEN (invalid_auth)"),
        ({"SLACK_API_URL": "http://127.0.0.1:1/api/"}, "Slack at http://127.0.0.1:1/api/"),
        ({"BLUE_KEY": ""}, "models.blue: its key is not set. Set BLUE_KEY"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "cannot be used"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
    ],
)
async def test_what_is_missing_is_said_before_anything_starts(
    tmp_path: Path, change: dict[str, str], says: str
) -> None:
    """One clear message on standard error, exit code 2, no traceback and no secret."""
    async with world(tmp_path, Reply("The reply.")) as there:
        environment = {**os.environ, **variables(there.slack, tmp_path), "PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=tmp_path,
            env=environment | change,
            stderr=PIPE,
        )
        async with asyncio.timeout(60):
            _, stderr = await process.communicate()
        assert process.returncode == 2
        assert says in stderr.decode()
        assert "Traceback" not in stderr.decode()
        assert there.slack.bot_token not in stderr.decode()
