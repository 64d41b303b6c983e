"""Every way to stop the bot: nothing is lost, nothing is posted twice."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.bot_processes import BotLauncher
from tests.faults.scene import SLOWLY, scene


async def test_unfinished_work_resumes_at_the_next_start(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """`--drain 0`: the process exits at once with code 0, streams closed, work stored."""
    gate = asyncio.Event()
    async with scene(tmp_path, launcher, database, replace(SLOWLY, gate=gate)) as scenario:
        async with scenario.ready("--drain", "0") as bot:
            asked = [await scenario.ask(), await scenario.ask()]
            await scenario.services.models.asked(8)
            bot.send(signal.SIGTERM)
            assert await bot.exit_code() == 0
            assert "runs_handed_back" in bot.log_text
        for question in asked:
            assert not any(message.streaming for message in scenario.ours(question))
        gate.set()
        paid = [scenario.paid(question) for question in asked]
        async with scenario.ready():
            await scenario.answered(*asked)
        for question, before in zip(asked, paid, strict=True):
            scenario.check_paid(question, before)


@pytest.mark.parametrize("last", [signal.SIGTERM, signal.SIGKILL])
async def test_a_drain_that_ends_early_loses_nothing(
    tmp_path: Path, launcher: BotLauncher, database: str, last: signal.Signals
) -> None:
    """A second signal, or SIGKILL from a supervisor, ends a drain early without loss."""
    gate = asyncio.Event()
    async with scene(tmp_path, launcher, database, replace(SLOWLY, gate=gate)) as scenario:
        async with scenario.ready("--drain", "3600") as bot:
            asked = [await scenario.ask(), await scenario.ask()]
            await scenario.services.models.asked(8)
            bot.send(signal.SIGTERM)
            await bot.wait_for_log("stopping")
            bot.send(last)
            assert await bot.exit_code() == (0 if last is signal.SIGTERM else None)
        gate.set()
        async with scenario.ready():
            await scenario.answered(*asked)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_second_process_on_one_file_exits_with_an_explanation(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """It exits with code 2 and an explanation, and does not disturb the first."""
    async with scene(tmp_path, launcher, database) as scenario, scenario.ready():
        asked = await scenario.ask()
        async with scenario.start() as second:
            assert await second.exit_code() == 2
            assert "Another moa-bot is working on" in second.log_text
            assert "DATABASE_URL" in second.log_text
            assert "Traceback" not in second.log_text
        await scenario.answered(asked)


async def test_a_stop_survives_the_death_of_its_process(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """The next process calls no model for it, posts one notice, and closes open streams."""
    async with scene(tmp_path, launcher, database) as scenario:
        async with scenario.ready(point="aggregator in the middle of its stream") as bot:
            bot.arm()
            asked = await scenario.ask()
            assert await bot.exit_code() is None
        scenario.stop(asked)
        calls = len(scenario.services.models.questions)
        async with scenario.ready():
            await scenario.failed(asked)
        assert len(scenario.services.models.questions) == calls
        assert len(scenario.ours(asked)) == 1
        assert "Stopped" in scenario.slack.render(scenario.ours(asked)[0])
