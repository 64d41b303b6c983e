"""The order of the queue, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bot.ports import Question, QueuePosition
from bot.storage import runs as run_store
from bot.storage.database import Database
from bot.storage.runs import EPOCH, StoredRunStore
from tests.bot.job_stage import Stage

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")


class Askers:
    """People who ask at times set by the test.

    Attributes:
        now: seconds since the start.
    """

    def __init__(self, opened: Database) -> None:
        self.runs = StoredRunStore(opened)
        self.now = 1000
        self._count = 0

    async def ask(self, user: str = "U1", channel: str = "C1", team: str = "T1") -> str:
        """Store a question now and return its id."""
        self._count += 1
        question = replace(QUESTION, user=user, channel=channel, team=team)
        run_id = await self.runs.claim(question, [f"message:{self._count}"], "balanced")
        assert run_id is not None
        return run_id

    async def position(self, run_id: str) -> QueuePosition:
        """Return its position in the queue."""
        position = await self.runs.position(run_id)
        assert position is not None
        return position

    async def turn(self, user: str = "U1", channel: str = "C1", team: str = "T1") -> int:
        """Return the turn of a question asked now."""
        return (await self.position(await self.ask(user, channel, team))).turn


@pytest.fixture
def askers(opened: Database, monkeypatch: pytest.MonkeyPatch) -> Askers:
    """Return people who ask, with a fixed clock."""
    askers = Askers(opened)
    clock = SimpleNamespace(time=lambda: float(EPOCH + askers.now))
    monkeypatch.setattr(run_store, "time", clock)
    return askers


@pytest.mark.parametrize(
    ("origin", "seconds"),
    [
        (("U1", "C1", "T1"), 5),
        (("U1", "C2", "T1"), 3),
        (("U2", "C1", "T1"), 3),
        (("U2", "C2", "T1"), 1),
        (("U2", "C2", "T2"), 0),
    ],
)
async def test_an_unfinished_question_delays_the_next_of_its_origin(
    askers: Askers, origin: tuple[str, str, str], seconds: int
) -> None:
    """The delay is two seconds for the person, two for the channel, and one for the workspace."""
    assert await askers.turn() == askers.now
    assert await askers.turn(*origin) == askers.now + seconds


async def test_only_unfinished_questions_count(askers: Askers) -> None:
    """Heavy use an hour ago causes no delay."""
    answered, failed, running = [await askers.ask() for _ in range(3)]
    await askers.runs.delivered(answered)
    await askers.runs.fail(failed, "internal")
    await askers.runs.begin(running)
    assert await askers.turn() == askers.now + 5


async def test_a_quiet_channels_question_overtakes_a_busy_channels(askers: Askers) -> None:
    """Of twenty questions, all but the first few are behind it."""
    busy = [await askers.ask() for _ in range(20)]
    quiet = await askers.ask("U2", "C2")
    assert (await askers.position(quiet)).ahead == 4
    ahead = [(await askers.position(run_id)).ahead for run_id in busy]
    assert ahead == [*range(5), *range(6, 21)]


async def test_nobody_waits_forever(askers: Askers) -> None:
    """A later question is behind the last of a busy channel's questions."""
    busy = [await askers.ask() for _ in range(20)]
    last = (await askers.position(busy[-1])).turn
    assert last == askers.now + 19 * 5
    askers.now += 19 * 5 + 1
    later = await askers.ask("U3", "C3", "T3")
    assert (await askers.position(later)).ahead == len(busy)


async def test_running_questions_have_no_queue_position(askers: Askers) -> None:
    """They are counted separately from those that wait ahead."""
    first, second = await askers.ask(), await askers.ask()
    await askers.runs.begin(first)
    assert await askers.runs.position(first) is None
    position = await askers.position(second)
    assert (position.ahead, position.running) == (0, 1)


async def test_a_worker_takes_the_quiet_channels_question_first(
    opened: Database,
) -> None:
    """A busy channel's queue does not delay another channel's question."""
    stage = Stage(opened)
    async with stage.jobs(at_once=1) as jobs:
        busy = [await stage.claim("U1") for _ in range(6)]
        for run_id in busy:
            await jobs.hand_over(run_id)
        await stage.work.until(lambda: len(stage.work.begun) == 1)
        quiet = await stage.claim("U2")
        await jobs.hand_over(quiet)
        stage.work.let.set()
        await stage.work.until(lambda: len(stage.work.ended) == len(busy) + 1)
    assert stage.work.ended.index(quiet) == 2


async def test_questions_stored_concurrently_each_have_a_turn(askers: Askers) -> None:
    """All are stored, and no turn is earlier than the time of its question."""
    ids = await asyncio.gather(*(askers.ask() for _ in range(5)))
    turns = [(await askers.position(run_id)).turn for run_id in ids]
    assert min(turns) == askers.now
    assert max(turns) <= askers.now + 4 * 5
