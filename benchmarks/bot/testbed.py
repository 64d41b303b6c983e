"""The testbed of a measured bot: the local Slack in this process, the bot on another core."""

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
from benchmarks.cores import pin_to_core, restore_priority, split_cores, unpin
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
class Testbed:
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
async def running_testbed(
    folder: Path,
    models: str,
    kind: str,
    *,
    database: str,
    workers: int = 0,
    at_once: int = 500,
) -> AsyncGenerator[Testbed, None]:
    """Run a bot in Socket Mode and extra workers; each runs up to `at_once` questions at a time.

    One bot has a core for itself. Several share all cores with everything else; then the local
    Slack and the models have priority, as if on separate machines (`raise_priority`).
    """
    ours, theirs = split_cores()
    set_core = unpin if workers else partial(pin_to_core, theirs)
    pin_to_core(ours)
    (folder / "moa.toml").write_text(toml(models, at_once=at_once), encoding="utf-8")
    async with LocalSlack() as slack:
        slack.rate_limits.enabled = False
        slack.app.events = {"app_mention"}
        people = [slack.add_user(f"Person {n}") for n in range(PEOPLE)]
        channels = [slack.add_channel(f"channel-{n}", members=people) for n in range(CHANNELS)]
        testbed = Testbed(slack, people, channels)
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
                testbed.bots.append(await _start(command, folder, environment, set_core))
            await _wait_until_connected(testbed)
            yield testbed
        finally:
            for process in testbed.bots:
                with suppress(ProcessLookupError):
                    process.terminate()
            await asyncio.gather(*(process.wait() for process in testbed.bots))


async def _wait_until_connected(testbed: Testbed) -> None:
    for _ in range(int(START_S / 0.05)):
        if testbed.slack.connections:
            return
        if any(bot.returncode is not None for bot in testbed.bots):
            break
        await asyncio.sleep(0.05)
    raise RuntimeError("a bot did not start; BENCH_VERBOSE=1 shows why")


async def _start(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    set_core: Callable[[], None],
) -> Process:
    def prepare() -> None:
        set_core()
        restore_priority()

    return await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=folder,
        env=environment,
        stdout=DEVNULL,
        stderr=None if os.environ.get("BENCH_VERBOSE") else DEVNULL,
        preexec_fn=prepare,
    )


class ReplyWatch:
    """Records when each mention's reply is complete, which is when its stream was stopped."""

    def __init__(self, testbed: Testbed) -> None:
        self._testbed = testbed
        self._seen = 0
        self.began: dict[str, float] = {}
        self.ended: dict[str, float] = {}

    async def ask(self) -> None:
        """Send a mention."""
        began = time.perf_counter()
        self.began[await self._testbed.ask()] = began

    async def wait_for(self, count: int, timeout_s: float) -> None:
        """Wait for this many replies."""
        deadline = time.perf_counter() + timeout_s
        while len(self.ended) < count and time.perf_counter() < deadline:
            self.record_finished()
            await asyncio.sleep(0.01)

    def record_finished(self) -> None:
        """Record the replies that were completed since the last call."""
        calls = self._testbed.slack.calls(after=self._seen)
        now = time.perf_counter()
        for call in calls:
            if call.method != "chat.stopStream":
                continue
            with suppress(KeyError):  # from an abandoned attempt, and deleted from the thread
                message = self._testbed.slack.message(call.args["channel"], call.args["ts"])
                if message.thread_ts in self.began:
                    self.ended.setdefault(str(message.thread_ts), now)
        self._seen += len(calls)

    def seconds(self) -> list[float]:
        """Return the duration of each reply, from the mention to the end of its stream."""
        return [self.ended[ts] - self.began[ts] for ts in self.ended]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile; the maximum of a small sample."""
    if len(values) < 2:
        return max(values, default=0.0)
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
