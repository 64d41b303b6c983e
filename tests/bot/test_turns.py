"""Whose turn it is in the queue, on a real SQLite file and on a real Postgres."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bot.ports import Question, QueuePosition
from bot.storage import runs as run_store
from bot.storage.database import Database
from bot.storage.runs import EPOCH, StoredRunStore
from tests.bot.test_jobs import Stage

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")


class Asking:
    """People who ask, at moments that a test sets.

    Attributes:
        now: seconds since the turns' beginning.
    """

    def __init__(self, opened: Database) -> None:
        self.runs = StoredRunStore(opened)
        self.now = 1000
        self._count = 0

    async def ask(self, user: str = "U1", channel: str = "C1", team: str = "T1") -> str:
        """The id of a question that is stored now."""
        self._count += 1
        question = replace(QUESTION, user=user, channel=channel, team=team)
        run_id = await self.runs.claim(question, [f"message:{self._count}"], "balanced")
        assert run_id is not None
        return run_id

    async def position(self, run_id: str) -> QueuePosition:
        """Its position in the queue."""
        position = await self.runs.position(run_id)
        assert position is not None
        return position

    async def turn(self, user: str = "U1", channel: str = "C1", team: str = "T1") -> int:
        """The turn of a question that is asked now."""
        return (await self.position(await self.ask(user, channel, team))).turn


@pytest.fixture
def asking(opened: Database, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """People who ask, with a clock that stands still."""
    asking = Asking(opened)
    clock = SimpleNamespace(time=lambda: float(EPOCH + asking.now))
    monkeypatch.setattr(run_store, "time", clock)
    return asking


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
async def test_an_unfinished_question_puts_the_next_of_its_origin_back(
    asking: Asking, origin: tuple[str, str, str], seconds: int
) -> None:
    """By two seconds for the person, two for the channel, and one for the workspace."""
    assert await asking.turn() == asking.now
    assert await asking.turn(*origin) == asking.now + seconds


async def test_only_what_has_not_ended_counts(asking: Asking) -> None:
    """Who asked much an hour ago waits no longer for it."""
    answered, failed, running = [await asking.ask() for _ in range(3)]
    await asking.runs.delivered(answered)
    await asking.runs.fail(failed, "internal")
    await asking.runs.begin(running)
    assert await asking.turn() == asking.now + 5


async def test_a_question_of_a_quiet_channel_overtakes_those_of_a_busy_one(asking: Asking) -> None:
    """Of twenty, all but the first few stand behind it."""
    busy = [await asking.ask() for _ in range(20)]
    quiet = await asking.ask("U2", "C2")
    assert (await asking.position(quiet)).ahead == 4
    ahead = [(await asking.position(run_id)).ahead for run_id in busy]
    assert ahead == [*range(5), *range(6, 21)]


async def test_nobody_waits_for_ever(asking: Asking) -> None:
    """What comes late enough stands behind the last of a busy channel's questions."""
    busy = [await asking.ask() for _ in range(20)]
    last = (await asking.position(busy[-1])).turn
    assert last == asking.now + 19 * 5
    asking.now += 19 * 5 + 1
    later = await asking.ask("U3", "C3", "T3")
    assert (await asking.position(later)).ahead == len(busy)


async def test_what_runs_is_counted_apart_and_has_no_place(asking: Asking) -> None:
    """A place is told from those that wait ahead."""
    first, second = await asking.ask(), await asking.ask()
    await asking.runs.begin(first)
    assert await asking.runs.position(first) is None
    position = await asking.position(second)
    assert (position.ahead, position.running) == (0, 1)


async def test_a_worker_takes_the_quiet_channels_question_first(
    opened: Database,
) -> None:
    """A busy channel's queue does not keep another's question waiting for all of it."""
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


async def test_questions_that_are_stored_together_each_have_a_turn(asking: Asking) -> None:
    """Whatever they see of each other, all are stored, and none before its time."""
    ids = await asyncio.gather(*(asking.ask() for _ in range(5)))
    turns = [(await asking.position(run_id)).turn for run_id in ids]
    assert min(turns) == asking.now
    assert max(turns) <= asking.now + 4 * 5
