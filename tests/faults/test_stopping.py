"""Being told to stop, in all the ways that there are: nothing is lost, nothing said twice."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.bot_processes import Lives
from tests.faults.scene import SLOWLY, scene


async def test_work_that_is_out_of_time_is_gone_on_with_at_the_next_start(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """`--drain 0`: the process ends at once with code 0, its streams closed, its work stored."""
    gate = asyncio.Event()
    async with scene(tmp_path, lives, database, replace(SLOWLY, gate=gate)) as there:
        async with there.ready("--drain", "0") as life:
            asked = [await there.ask(), await there.ask()]
            await there.there.models.asked(8)
            life.send(signal.SIGTERM)
            assert await life.ended() == 0
            assert "handed_back" in life.said
        for question in asked:
            assert not any(message.streaming for message in there.ours(question))
        gate.set()
        paid = [there.paid(question) for question in asked]
        async with there.ready():
            await there.answered(*asked)
        for question, before in zip(asked, paid, strict=True):
            there.check_paid(question, before)


@pytest.mark.parametrize("last", [signal.SIGTERM, signal.SIGKILL])
async def test_a_drain_that_is_cut_short_loses_nothing(
    tmp_path: Path, lives: Lives, database: str, last: signal.Signals
) -> None:
    """A second signal, or a supervisor without patience, while running work is let end."""
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
async def test_a_second_process_on_one_file_is_told_what_to_do(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """It ends with code 2 and words, and harms nothing of the first."""
    async with scene(tmp_path, lives, database) as there, there.ready():
        asked = await there.ask()
        async with there.life() as second:
            assert await second.ended() == 2
            assert "Another moa-bot is working on" in second.said
            assert "DATABASE_URL" in second.said
            assert "Traceback" not in second.said
        await there.answered(asked)


async def test_a_question_whose_stop_came_as_its_process_died_is_stopped(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """The next process calls no model for it, says so once, and closes what was left open."""
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
