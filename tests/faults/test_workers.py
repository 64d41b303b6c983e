"""Several processes on one Postgres: each question is answered by one, and survives any of them."""

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
"""Longer than it may take (10 s): what is tested is that it happens, on however slow a machine."""


@pytest.fixture
def database(databases: Databases) -> str:
    """Postgres: SQLite has one process."""
    return databases.fresh("postgres")


@asynccontextmanager
async def two(there: Scene, *options: str) -> AsyncGenerator[tuple[Life, Life], None]:
    """Two processes that serve, and see each other."""
    async with there.ready(*options) as one, there.ready(*options) as other:
        await one.says("count=2")
        await other.says("count=2")
        yield one, other


async def several(there: Scene, *, calls: int) -> list[Asked]:
    """Questions that all have got to a certain number of calls of models."""
    asked = [await there.ask() for _ in range(4)]
    await there.there.models.asked(calls * len(asked))
    return asked


async def test_a_dead_workers_questions_are_answered_by_another(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """One of two is killed; the other answers all, and buys no stored answer again."""
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


async def test_a_worker_answers_what_a_dead_process_had_taken_in(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """`moa-bot worker` takes no events, and does the work of a process that took one and died."""
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
async def test_a_question_on_its_way_through_the_queue_survives_whoever_has_it(
    tmp_path: Path, lives: Lives, database: str, point: str
) -> None:
    """One process queues it, either may fetch it; whichever of both dies, it is answered once."""
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


async def test_what_one_hands_back_another_goes_on_with(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """A rolling restart: whoever is told to stop and is out of time leaves its work to the rest."""
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


async def test_an_event_that_comes_by_two_connections_is_answered_once(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """Slack may send an event again, over whichever connection, at the same moment or later."""
    async with scene(tmp_path, lives, database) as there, two(there):
        await there.slack.wait_for(lambda: there.slack.connections == 2)
        there.slack.drop_acks(2)
        asked = await there.ask()
        event_id = there.slack.deliveries[-1].event_id
        await asyncio.gather(*(there.slack.redeliver(event_id) for _ in range(4)))
        await there.answered(asked)
        await there.slack.redeliver(event_id)
        there.check(asked)


async def test_all_die_and_new_ones_go_on(tmp_path: Path, lives: Lives, database: str) -> None:
    """After a power cut the first that comes back takes up everything."""
    gate = asyncio.Event()
    async with scene(tmp_path, lives, database, replace(SLOWLY, gate=gate)) as there:
        async with two(there) as (one, other):
            asked = await several(there, calls=4)
            await asyncio.gather(one.kill(), other.kill())
        gate.set()
        async with two(there):
            await there.answered(*asked, patience_s=TAKEN_OVER_S)
