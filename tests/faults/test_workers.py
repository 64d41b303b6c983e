"""Several processes on one Postgres: one answers each question, and any of them may die."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.faults.bot_processes import Life, Lives
from tests.faults.kill_points import QUEUED
from tests.faults.scene import SLOWLY, Asked, Scene, scene

TAKEN_OVER_S = 30
"""More than the allowed 10 s: the test checks that it happens, even on a slow machine."""


@pytest.fixture
def database(databases: Databases) -> str:
    """Return a Postgres URL, since SQLite has one process."""
    return databases.fresh("postgres")


@asynccontextmanager
async def two(there: Scene, *options: str) -> AsyncGenerator[tuple[Life, Life], None]:
    """Start two processes and wait until they know of each other."""
    async with there.ready(*options) as one, there.ready(*options) as other:
        await one.says("count=2")
        await other.says("count=2")
        yield one, other


async def several(there: Scene, *, calls: int) -> list[Asked]:
    """Ask questions and wait until each has made a number of model calls."""
    asked = [await there.ask() for _ in range(4)]
    await there.there.models.asked(calls * len(asked))
    return asked


async def test_a_dead_workers_questions_are_answered_by_another(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """One of two is killed; the other answers everything and repeats no stored call."""
    gate = asyncio.Event()
    async with (
        scene(tmp_path, lives, database, replace(SLOWLY, gate=gate)) as there,
        two(there) as (one, other),
    ):
        asked = await several(there, calls=4)
        await one.kill()
        paid = [there.paid(question) for question in asked]
        await other.says("taken_up")
        gate.set()
        await there.answered(*asked, patience_s=TAKEN_OVER_S)
        for question, before in zip(asked, paid, strict=True):
            there.check_paid(question, before)


async def test_a_worker_answers_the_question_of_a_dead_process(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """`moa-bot worker` receives no events, and answers the question of a process that died."""
    async with (
        scene(tmp_path, lives, database) as there,
        there.ready(command="worker") as worker,
        there.ready(point="question stored, not acknowledged") as front,
    ):
        front.arm()
        asked = await there.ask()
        assert await front.ended() is None
        await worker.says("taken_up")
        await there.answered(asked, patience_s=TAKEN_OVER_S)
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0


@pytest.mark.parametrize("point", QUEUED)
async def test_a_queued_question_survives_any_process(
    tmp_path: Path, lives: Lives, database: str, point: str
) -> None:
    """One process queues it and either may fetch it. Whichever dies, it is answered once."""
    gate = asyncio.Event()
    async with scene(tmp_path, lives, database, replace(SLOWLY, gate=gate)) as there:
        there.configure("[work]\nat_once = 1")
        async with (
            there.ready(point=point) as front,
            there.ready(command="worker", point=point) as worker,
        ):
            await front.says("count=2")
            first = await there.ask()
            await there.begun(first)
            front.arm()
            worker.arm()
            second = await there.ask()
            gate.set()
            ends = [asyncio.create_task(life.ended()) for life in (front, worker)]
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            assert {end.result() for end in done} == {None}
            (front if ends[1] in done else worker).disarm()
            async with there.ready():
                await there.answered(first, second, patience_s=TAKEN_OVER_S)
            for end in ends:
                end.cancel()


async def test_another_process_continues_returned_work(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """In a rolling restart, a process that runs out of time leaves its work to the others."""
    gate = asyncio.Event()
    async with (
        scene(tmp_path, lives, database, replace(SLOWLY, gate=gate)) as there,
        two(there, "--drain", "0") as (one, other),
    ):
        asked = await several(there, calls=4)
        one.send(signal.SIGTERM)
        assert await one.ended() == 0
        gate.set()
        await there.answered(*asked, patience_s=TAKEN_OVER_S)
        assert "exit" not in other.said


async def test_an_event_over_two_connections_is_answered_once(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """Slack may repeat an event over any connection, at the same moment or later."""
    async with scene(tmp_path, lives, database) as there, two(there):
        await there.slack.wait_for(lambda: there.slack.connections == 2)
        there.slack.drop_acks(2)
        asked = await there.ask()
        event_id = there.slack.deliveries[-1].event_id
        await asyncio.gather(*(there.slack.redeliver(event_id) for _ in range(4)))
        await there.answered(asked)
        await there.slack.redeliver(event_id)
        there.check(asked)


async def test_new_processes_continue_after_all_died(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """After a power cut, the first process that starts resumes everything."""
    gate = asyncio.Event()
    async with scene(tmp_path, lives, database, replace(SLOWLY, gate=gate)) as there:
        async with two(there) as (one, other):
            asked = await several(there, calls=4)
            await asyncio.gather(one.kill(), other.kill())
        gate.set()
        async with two(there):
            await there.answered(*asked, patience_s=TAKEN_OVER_S)
