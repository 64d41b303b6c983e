"""How a flooding model affects other people: `python -m benchmarks.bot.hostile [--only FLOOD …]`.

The model of one question sends endlessly, in each way of `tests/models/floods.py`, as proposer and
as aggregator. Another person asks before and during the flood. The output shows how many times as
long their reply and acknowledgement take during the worst flood, and the bot's peak memory.
The ratios are only meaningful on a quiet machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.cores import pin_to_core, split_cores
from bot.playground.server import LocalSlack
from bot.playground.state.models import Channel, User
from bot.preferences import ChannelChoice
from bot.storage.database import open_database
from bot.storage.preferences import StoredPreferences
from tests.bot.processes import ROOT, running_bot
from tests.models.floods import FLOODS
from tests.models.replies import Reply
from tests.models.server import ModelServer

ROLES = ("proposer", "aggregator")
QUESTIONS = 3
"""How many questions the other person asks before each flood, and during it."""

ORDINARY = Reply("word " * 60, first_token_s=0.3, pace_s=0.01)

MODEL = '[models.{name}]\nprovider = "openai"\nmodel = "{model}"\nbase_url = "{url}"\n'
PIPELINE = (
    '[pipelines.{name}]\naggregator = "{aggregator}"\n'
    "[[pipelines.{name}.layers]]\nproposers = {proposers}\n"
)


class Bot:
    """A bot process, and two people in different channels."""

    def __init__(self, slack: LocalSlack, pid: int, ana: User, ben: User) -> None:
        self.slack = slack
        self._pid = pid
        self._ana, self._ben = ana, ben
        self._general = slack.add_channel("general", members=[ben])

    async def baseline(self) -> tuple[float, float]:
        """Return the median seconds of a whole reply and of an acknowledgement, without a flood."""
        taken = [await self._ask_as_ben() for _ in range(QUESTIONS)]
        return statistics.median(t[0] for t in taken), statistics.median(t[1] for t in taken)

    async def during_flood(self, channel: Channel) -> tuple[float, float]:
        """Return the same during a flood in the first channel; stop that question afterwards."""
        await self._ask(self._ana, channel)
        await asyncio.sleep(0.5)  # the flood has begun
        taken = [await self._ask_as_ben() for _ in range(QUESTIONS)]
        await self.slack.command(self._ana, channel, "/moa", "stop")
        return statistics.median(t[0] for t in taken), statistics.median(t[1] for t in taken)

    def peak_mb(self) -> float:
        """Return the peak resident memory of the process."""
        status = Path(f"/proc/{self._pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1000

    async def _ask_as_ben(self) -> tuple[float, float]:
        began = time.perf_counter()
        ts = await self._ask(self._ben, self._general)
        await self.slack.wait_for(lambda: self._is_complete(ts), timeout=120)
        return time.perf_counter() - began, self.slack.deliveries[-1].seconds[0]

    async def _ask(self, user: User, channel: Channel) -> str:
        return await self.slack.post(user, channel, f"<@{self.slack.bot_user_id}> What is it?")

    def _is_complete(self, ts: str) -> bool:
        return any(
            m.user == self.slack.bot_user_id and m.metadata and not m.streaming
            for m in self.slack.messages(self._general, ts)
        )


async def main(floods: Sequence[str], roles: Sequence[str]) -> None:
    """Measure each role with every flood, and print one line per role."""
    for role in roles:
        with tempfile.TemporaryDirectory() as folder:
            async with _flooder() as address, _bot(Path(folder), address, role, floods) as found:
                bot, channels = found
                await bot.baseline()  # the first questions open connections
                worst = (0.0, ""), (0.0, "")
                for flood in floods:
                    reply_s, ack_s = await bot.baseline()
                    reply, ack = await bot.during_flood(channels[flood])
                    new = (reply / reply_s, flood), (ack / ack_s, flood)
                    worst = max(worst[0], new[0]), max(worst[1], new[1])
                    print(f"  {role} {flood}: reply x {new[0][0]:.2f}, ack {ack * 1000:.0f} ms")
                print(
                    f"{role:<10}  worst reply x {worst[0][0]:.2f} "
                    f"({worst[0][1]})  worst ack x {worst[1][0]:.1f} ({worst[1][1]})  "
                    f"peak memory {bot.peak_mb():.0f} MB",
                    flush=True,
                )


@asynccontextmanager
async def _flooder() -> AsyncGenerator[str, None]:
    """Start the flooding server in a separate process and yield its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.bot.hostile", "--serve"),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=PIPE,
    )
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


async def serve() -> None:
    """Flood every client, until killed."""
    os.nice(10)
    models = {f"flood-{n}": Reply(fault=fault) for n, fault in enumerate(FLOODS.values())}
    async with ModelServer(models) as server:
        print(server.openai_url, flush=True)
        await asyncio.Event().wait()


@asynccontextmanager
async def _bot(
    folder: Path, flooder: str, role: str, floods: Sequence[str]
) -> AsyncGenerator[tuple[Bot, dict[str, Channel]], None]:
    ours, theirs = split_cores()
    async with ModelServer(default=ORDINARY) as models, LocalSlack() as slack:
        (folder / "moa.toml").write_text(
            _config(models.openai_url, flooder, role, floods), encoding="utf-8"
        )
        slack.app.events = {"app_mention"}
        slack.rate_limits.enabled = False
        ana, ben = slack.add_user("Ana"), slack.add_user("Ben")
        channels = {
            flood: slack.add_channel(f"flood-{number}", members=[ana])
            for number, flood in enumerate(floods)
        }
        await _choose(folder, slack, list(channels.values()))
        pin_to_core(theirs)  # inherited by the bot
        async with running_bot(folder, slack, whole=True) as process:
            pin_to_core(ours)
            reading = asyncio.create_task(_drain(process.stderr))
            yield Bot(slack, process.pid, ana, ben), channels
            reading.cancel()
            await asyncio.wait([reading])


async def _drain(log: asyncio.StreamReader | None) -> None:
    """Read the bot's log, since a full pipe would block the bot."""
    assert log
    while await log.read(65_536):
        pass


async def _choose(folder: Path, slack: LocalSlack, channels: Sequence[Channel]) -> None:
    """Give each channel the pipeline with its flood, as `/moa settings` would."""
    database = await open_database(f"sqlite:///{folder / 'bot.db'}")
    stored = StoredPreferences(database)
    for number, channel in enumerate(channels):
        choice = ChannelChoice(pipeline=f"p{number}")
        await stored.write(slack.team_id, "channel", channel.id, choice, "U0")
    await database.dispose()


def _config(ordinary: str, flooder: str, role: str, floods: Sequence[str]) -> str:
    names = ("red", "green", "blue", "writer")
    parts = [MODEL.format(name=name, model=name, url=ordinary) for name in names]
    parts.append(PIPELINE.format(name="usual", aggregator="writer", proposers=[*names[:3]]))
    known = list(FLOODS)
    for number, flood in enumerate(floods):
        name = f"f{number}"
        parts.append(MODEL.format(name=name, model=f"flood-{known.index(flood)}", url=flooder))
        proposers, aggregator = (
            ([name, "green", "blue"], "writer") if role == "proposer" else (["red"], name)
        )
        parts.append(PIPELINE.format(name=f"p{number}", aggregator=aggregator, proposers=proposers))
    limits = '[limits]\nquestions_per_person_hour = "unlimited"\n'
    return "\n".join(['default_pipeline = "usual"', limits, *parts])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(FLOODS), metavar="FLOOD")
    parser.add_argument("--role", choices=ROLES, help="of the flooding model; default: both")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    roles = [chosen.role] if chosen.role else ROLES
    asyncio.run(serve() if chosen.serve else main(chosen.only or list(FLOODS), roles))
