"""The surroundings of a measured bot: the local Slack in this process, the bot on another core."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.bot.pipeline import toml
from benchmarks.cores import apart, everywhere, ordinary, pinned
from bot.playground.server import LocalSlack
from bot.playground.state.models import Channel, User

ROOT = Path(__file__).resolve().parent.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
PEOPLE, CHANNELS = 20, 10
START_S = 60.0

COMMANDS: Mapping[str, Sequence[str]] = {
    "ours": ("-m", "bot", "run"),
    "minimal": ("-m", "benchmarks.bot.minimal"),
    "empty": ("-m", "benchmarks.bot.empty"),
}


@dataclass(slots=True)
class World:
    """The local Slack with people in channels, and the measured bots."""

    slack: LocalSlack
    people: list[User]
    channels: list[Channel]
    bots: list[Process] = field(default_factory=list[Process])
    asked: int = 0

    async def ask(self) -> str:
        """Send a mention by the next person in the next channel, and return its ts."""
        number, self.asked = self.asked, self.asked + 1
        person = self.people[number % PEOPLE]
        channel = self.channels[number % CHANNELS]
        words = f"<@{self.slack.bot_user_id}> Question {number}: what are the risks?"
        return await self.slack.post(person, channel, words)

    def cpu_s(self) -> float:
        """Return the processor time of all bots so far."""
        return sum(map(_cpu_s, self.bots))


def _cpu_s(process: Process) -> float:
    stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@asynccontextmanager
async def world(
    folder: Path,
    models: str,
    kind: str,
    *,
    database: str,
    workers: int = 0,
    at_once: int = 500,
) -> AsyncGenerator[World, None]:
    """Run a bot in Socket Mode with extra workers; each runs `at_once` questions at a time.

    One bot has a core for itself. Several share all cores with everything else; then the local
    Slack and the models have priority, as if on separate machines (`foremost`).
    """
    ours, theirs = apart()
    settle = everywhere if workers else partial(pinned, theirs)
    pinned(ours)
    (folder / "moa.toml").write_text(toml(models, at_once=at_once), encoding="utf-8")
    async with LocalSlack() as slack:
        slack.rate_limits.enabled = False
        slack.app.events = {"app_mention"}
        people = [slack.add_user(f"Person {n}") for n in range(PEOPLE)]
        channels = [slack.add_channel(f"channel-{n}", members=people) for n in range(CHANNELS)]
        there = World(slack, people, channels)
        environment = {
            **os.environ,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "DATABASE_URL": database,
            "MODELS": models,
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": os.environ.get("PYTHONPATH") or str(ROOT),
        }
        commands = [COMMANDS[kind], *[("-m", "bot", "worker")] * workers]
        try:
            for command in commands:
                there.bots.append(await _started(command, folder, environment, settle))
            await _connected(there)
            yield there
        finally:
            for process in there.bots:
                with suppress(ProcessLookupError):
                    process.terminate()
            await asyncio.gather(*(process.wait() for process in there.bots))


async def _connected(there: World) -> None:
    for _ in range(int(START_S / 0.05)):
        if there.slack.connections:
            return
        if any(bot.returncode is not None for bot in there.bots):
            break
        await asyncio.sleep(0.05)
    raise RuntimeError("a bot did not start; BENCH_VERBOSE=1 shows why")


async def _started(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    settle: Callable[[], None],
) -> Process:
    def begin() -> None:
        settle()
        ordinary()

    return await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=folder,
        env=environment,
        stdout=DEVNULL,
        stderr=None if os.environ.get("BENCH_VERBOSE") else DEVNULL,
        preexec_fn=begin,
    )


class Watch:
    """Records when each mention's reply is complete, which is when its stream was stopped."""

    def __init__(self, there: World) -> None:
        self._there = there
        self._seen = 0
        self.began: dict[str, float] = {}
        self.ended: dict[str, float] = {}

    async def ask(self) -> None:
        """Send a mention."""
        began = time.perf_counter()
        self.began[await self._there.ask()] = began

    async def until(self, count: int, patience_s: float) -> None:
        """Wait for this many replies."""
        deadline = time.perf_counter() + patience_s
        while len(self.ended) < count and time.perf_counter() < deadline:
            self.look()
            await asyncio.sleep(0.01)

    def look(self) -> None:
        """Record the replies that were completed since the last look."""
        calls = self._there.slack.calls(after=self._seen)
        now = time.perf_counter()
        for call in calls:
            if call.method != "chat.stopStream":
                continue
            with suppress(KeyError):  # from an abandoned attempt, and deleted from the thread
                message = self._there.slack.message(call.args["channel"], call.args["ts"])
                if message.thread_ts in self.began:
                    self.ended.setdefault(str(message.thread_ts), now)
        self._seen += len(calls)

    def seconds(self) -> list[float]:
        """Return the duration of each reply, from the mention to the end of its stream."""
        return [self.ended[ts] - self.began[ts] for ts in self.ended]


def p(values: Sequence[float], percent: int) -> float:
    """Return a percentile; the maximum of a small sample."""
    if len(values) < 2:
        return max(values, default=0.0)
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
