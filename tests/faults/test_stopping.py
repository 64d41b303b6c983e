"""Every way to stop the bot: nothing is lost, nothing is posted twice."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.bot_processes import Lives
from tests.faults.scene import SLOWLY, scene


async def test_unfinished_work_resumes_at_the_next_start(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """`--drain 0`: the process exits at once with code 0, streams closed, work stored."""
    gate = asyncio.Event()
    async with scene(tmp_path, lives, database, replace(SLOWLY, gate=gate)) as there:
        async with there.ready("--drain", "0") as life:
            asked = [await there.ask(), await there.ask()]
            await there.there.models.asked(8)
            life.send(signal.SIGTERM)
            assert await life.ended() == 0
            assert "runs_handed_back" in life.said
        for question in asked:
            assert not any(message.streaming for message in there.ours(question))
        gate.set()
        paid = [there.paid(question) for question in asked]
        async with there.ready():
            await there.answered(*asked)
        for question, before in zip(asked, paid, strict=True):
            there.check_paid(question, before)


@pytest.mark.parametrize("last", [signal.SIGTERM, signal.SIGKILL])
async def test_a_drain_that_ends_early_loses_nothing(
    tmp_path: Path, lives: Lives, database: str, last: signal.Signals
) -> None:
    """A second signal, or SIGKILL from a supervisor, ends a drain early without loss."""
    gate = asyncio.Event()
    async with scene(tmp_path, lives, database, replace(SLOWLY, gate=gate)) as there:
        async with there.ready("--drain", "3600") as life:
            asked = [await there.ask(), await there.ask()]
            await there.there.models.asked(8)
            life.send(signal.SIGTERM)
            await life.says("stopping")
            life.send(last)
            assert await life.ended() == (0 if last is signal.SIGTERM else None)
        gate.set()
        async with there.ready():
            await there.answered(*asked)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_second_process_on_one_file_exits_with_an_explanation(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """It exits with code 2 and an explanation, and does not disturb the first."""
    async with scene(tmp_path, lives, database) as there, there.ready():
        asked = await there.ask()
        async with there.life() as second:
            assert await second.ended() == 2
            assert "Another moa-bot is working on" in second.said
            assert "DATABASE_URL" in second.said
            assert "Traceback" not in second.said
        await there.answered(asked)


async def test_a_stop_survives_the_death_of_its_process(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """The next process calls no model for it, posts one notice, and closes open streams."""
    async with scene(tmp_path, lives, database) as there:
        async with there.ready(point="aggregator in the middle of its stream") as life:
            life.arm()
            asked = await there.ask()
            assert await life.ended() is None
        there.stop(asked)
        calls = len(there.there.models.questions)
        async with there.ready():
            await there.failed(asked)
        assert len(there.there.models.questions) == calls
        assert len(there.ours(asked)) == 1
        assert "Stopped" in there.slack.render(there.ours(asked)[0])
