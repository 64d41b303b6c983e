"""Runs and their workers, on the real engine and a real journal, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest
from structlog.testing import capture_logs

from bot.jobs import dispatcher, recovery
from bot.jobs.dispatcher import JobDispatcher, durable_jobs
from bot.jobs.engine import Held, forget, records
from bot.jobs.membership import PostgresMembership, SingleProcess
from bot.jobs.worker_pool import Work, WorkerPool
from bot.ports import Question
from bot.storage.database import Database
from bot.storage.notifications import PostgresRelay
from bot.storage.runs import StoredRunStore

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")

PATIENCE_S = 60

T = TypeVar("T")


class Answering:
    """Answers runs when it is let, and keeps what became of each."""

    def __init__(self, runs: StoredRunStore) -> None:
        self.begun: list[tuple[str, int]] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.let = asyncio.Event()
        self._runs = runs
        self._news = asyncio.Condition()

    async def __call__(self, run_id: str, attempt: int) -> None:
        if await self._runs.begin(run_id, attempt) is None:
            return
        await self._add(self.begun, (run_id, attempt))
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.cancelled.append(run_id)
            raise
        await self._runs.delivered(run_id)
        await self._add(self.ended, run_id)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what the lists will show."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(holds)

    async def _add(self, to: list[T], what: T) -> None:
        async with self._news:
            to.append(what)
            self._news.notify_all()


class Stage:
    """A journal, and jobs on it that may be opened one after the other like processes."""

    def __init__(self, database: Database, url: str) -> None:
        self.database = database
        self.runs = StoredRunStore(database)
        self.work = Answering(self.runs)
        self.stopped: asyncio.Queue[str] = asyncio.Queue()
        self.place = records(database.file, url)
        self._numbers = count(1)

    async def claim(self, user: str = "U1") -> str:
        """A new run."""
        ts = f"{next(self._numbers)}.000100"
        question = replace(QUESTION, ts=ts, thread_ts=ts, user=user, channel=f"C{user}")
        run_id = await self.runs.claim(question, [f"message:{ts}"], "balanced")
        assert run_id is not None
        return run_id

    @asynccontextmanager
    async def jobs(
        self, work: Work | None = None, *, at_once: int = 100
    ) -> AsyncGenerator[JobDispatcher, None]:
        """A worker."""

        async def nothing() -> None:
            pass

        file = self.database.file
        presence = PostgresMembership(self.database.engine) if file is None else SingleProcess(file)
        async with durable_jobs(
            self.runs,
            presence,
            PostgresRelay(self.database, presence.worker) if file is None else None,
            work or self.work,
            self.place,
            stop=self.stopped.put_nowait,
            share=lambda _: None,
            tidy=nothing,
            at_once=at_once,
        ) as jobs:
            yield jobs


@pytest.fixture
def stage(opened: Database, database: str) -> Stage:
    """Jobs on a fresh database."""
    return Stage(opened, database)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is only done after some seconds is done after some tenths."""
    monkeypatch.setattr(recovery, "ORPHAN_S", 0.3)
    monkeypatch.setattr(dispatcher, "BEAT_S", 0.1)
    monkeypatch.setattr(dispatcher, "MIND_S", 0.1)


async def test_a_run_handed_over_twice_is_worked_on_once(stage: Stage) -> None:
    """Handing over what is under way does nothing."""
    run_id = await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.hand_over(run_id)
        await jobs.hand_over(run_id)
        stage.work.let.set()
        await stage.work.until(lambda: stage.work.ended == [run_id])
        await jobs.hand_over(run_id)
    assert stage.work.begun == [(run_id, 0)]


async def test_no_more_than_so_many_run_at_once_and_the_rest_are_told_their_place(
    stage: Stage,
) -> None:
    """When all are busy a question waits, and whoever asked hears how many are before it."""
    async with stage.jobs(at_once=2) as jobs:
        places = [await jobs.hand_over(await stage.claim()) for _ in range(2)]
        await stage.work.until(lambda: len(stage.work.begun) == 2)
        places += [await jobs.hand_over(await stage.claim(user)) for user in ("U2", "U3")]
        assert places == [0, 0, 1, 2]
        assert len(stage.work.begun) == 2
        stage.work.let.set()
        await stage.work.until(lambda: len(stage.work.ended) == 4)
    assert {attempt for _, attempt in stage.work.begun} == {0}


async def test_what_was_claimed_and_never_handed_over_is_taken_up_at_the_start(
    stage: Stage,
) -> None:
    """A process that died right after it had stored a question loses nothing."""
    run_ids = {await stage.claim(), await stage.claim()}
    stage.work.let.set()
    async with stage.jobs() as jobs:
        await jobs.recover()
        await stage.work.until(lambda: set(stage.work.ended) == run_ids)


async def test_what_did_not_end_in_time_is_taken_up_by_the_next(stage: Stage) -> None:
    """A drain that is over stops what runs; the next worker goes on under a new attempt."""
    run_id = await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.begun == [(run_id, 0)])
        assert await jobs.drain(0) == [run_id]
    assert stage.work.cancelled == [run_id]
    stage.work.let.set()
    async with stage.jobs() as jobs:
        await jobs.recover()
        await stage.work.until(lambda: stage.work.ended == [run_id])
    assert stage.work.begun == [(run_id, 0), (run_id, 1)]


async def test_a_worker_that_stops_leaves_what_waits_to_others(stage: Stage) -> None:
    """While it lets its work end it takes nothing from the queue, where others may have room."""
    first, second = await stage.claim(), await stage.claim()
    async with stage.jobs(at_once=1) as jobs:
        await jobs.hand_over(first)
        await stage.work.until(lambda: len(stage.work.begun) == 1)
        draining = asyncio.create_task(jobs.drain(PATIENCE_S))
        await asyncio.sleep(0)
        await jobs.hand_over(second)
        stage.work.let.set()
        assert not await draining
        held = await jobs.engine.held()
        assert [(one.run_id, one.worker) for one in held] == [(second, None)]
    async with stage.jobs() as jobs:
        await stage.work.until(lambda: stage.work.ended == [first, second])
    assert stage.work.begun == [(first, 0), (second, 0)]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize("change", ["another comes", "it stops"])
async def test_what_waits_in_a_process_is_everybodys_as_soon_as_others_could_take_it(
    stage: Stage, change: str
) -> None:
    """The only worker keeps its line to itself; then the queue has it, in the order of turns."""
    busy, late, early = [await stage.claim(user) for user in ("U1", "U1", "U2")]
    other = PostgresMembership(stage.database.engine)
    async with stage.jobs(at_once=1) as jobs:
        await jobs.hand_over(busy)
        await stage.work.until(lambda: stage.work.begun == [(busy, 0)])
        assert [await jobs.hand_over(late), await jobs.hand_over(early)] == [2, 1]
        assert await jobs.engine.held() == []
        stopping = asyncio.create_task(jobs.drain(PATIENCE_S)) if change == "it stops" else None
        if not stopping:
            await other.look()
        for _ in range(int(PATIENCE_S / 0.05)):
            if {one.run_id for one in await jobs.engine.held()} == {late, early}:
                break
            await asyncio.sleep(0.05)
        stage.work.let.set()
        if stopping:
            assert not await stopping
            assert {one.run_id for one in await jobs.engine.held()} == {late, early}
        else:
            await stage.work.until(lambda: len(stage.work.ended) == 3)
            assert stage.work.begun == [(busy, 0), (early, 0), (late, 0)]
    await other.leave()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_what_there_is_no_place_for_is_passed_on_to_a_worker_that_has_one(
    stage: Stage,
) -> None:
    """It hears of it at once; and where it does nothing, the run is found all the same."""
    other, heard = PostgresMembership(stage.database.engine), asyncio.Queue[str]()
    listening = asyncio.create_task(
        PostgresRelay(stage.database, other.worker).heed(heard.put_nowait)
    )
    async with stage.jobs(at_once=1) as jobs:
        await other.look()
        await jobs.look_around()
        kept, passed = await stage.claim(), await stage.claim()
        assert [await jobs.hand_over(kept), await jobs.hand_over(passed)] == [0, 0]
        async with asyncio.timeout(PATIENCE_S):
            assert await heard.get() == passed
        assert await jobs.engine.held() == []
        stage.work.let.set()
        await stage.work.until(lambda: set(stage.work.ended) == {kept, passed})
        assert (passed, 1) in stage.work.begun
    listening.cancel()
    await asyncio.wait([listening])
    await other.leave()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_what_is_passed_on_is_taken_once_and_waits_where_there_is_no_place(
    stage: Stage,
) -> None:
    """A worker begins with it if it can; else the queue has it, for whoever can first."""
    relay = PostgresRelay(stage.database, "0")
    first, second = await stage.claim(), await stage.claim()
    async with stage.jobs(at_once=1) as jobs:
        while first not in {run_id for run_id, _ in stage.work.begun}:
            await relay.pass_on(first, jobs.worker)  # it may not listen yet
            await asyncio.sleep(0.05)
        await relay.pass_on(first, jobs.worker)
        await relay.pass_on(second, jobs.worker)
        for _ in range(int(PATIENCE_S / 0.05)):
            if second in {one.run_id for one in await jobs.engine.held()}:
                break
            await asyncio.sleep(0.05)
        stage.work.let.set()
        await stage.work.until(lambda: len(stage.work.ended) == 2)
    assert [run_id for run_id, _ in stage.work.begun] == [first, second]


async def test_what_waits_in_a_process_that_stops_waits_for_the_next(stage: Stage) -> None:
    """It is as new as before, and keeps its turn; nothing of it counts as broken off."""
    busy, late, early = [await stage.claim(user) for user in ("U1", "U1", "U2")]
    async with stage.jobs(at_once=1) as jobs:
        for run_id in (busy, late, early):
            await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.begun == [(busy, 0)])
        assert await jobs.drain(0) == [busy]
        assert {one.run_id for one in await jobs.engine.held() if not one.worker} == {late, early}
    stage.work.let.set()
    async with stage.jobs(at_once=1) as jobs:
        await jobs.recover()
        await stage.work.until(lambda: set(stage.work.ended) == {busy, late, early})
    begun = stage.work.begun[1:]
    assert sorted(begun) == sorted([(busy, 1), (late, 0), (early, 0)])
    assert begun.index((early, 0)) < begun.index((late, 0))


async def test_what_waits_in_a_process_begins_in_turn_as_soon_as_there_is_room(
    stage: Stage,
) -> None:
    """Of two that wait, whose person has asked less goes first, and neither waits for a poll."""
    busy, late, early = [await stage.claim(user) for user in ("U1", "U1", "U2")]
    async with stage.jobs(at_once=1) as jobs:
        for run_id in (busy, late, early):
            await jobs.hand_over(run_id)
            assert await jobs.hand_over(run_id) == 0  # twice is once
        stage.work.let.set()
        await stage.work.until(lambda: len(stage.work.ended) == 3)
        assert not await jobs.engine.held()
    assert stage.work.begun == [(busy, 0), (early, 0), (late, 0)]


async def test_a_drain_that_is_cut_short_stops_what_runs(stage: Stage) -> None:
    """A second signal cancels the drain; what ran is stopped and stays unfinished."""
    run_id = await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: len(stage.work.begun) == 1)
        draining = asyncio.create_task(jobs.drain(3_600))
        await asyncio.sleep(0)
        draining.cancel()
        await asyncio.wait((draining,))
        assert draining.cancelled()
    assert stage.work.cancelled == [run_id]
    assert [run.run_id for run in await stage.runs.unfinished()] == [run_id]


@pytest.mark.usefixtures("hasty")
async def test_work_that_fails_harms_no_other_and_is_done_again(stage: Stage) -> None:
    """An error that comes out of a run's work stands in the log, and the run is not lost."""
    bad, good = await stage.claim(), await stage.claim()
    stage.work.let.set()
    fails = True

    async def work(run_id: str, attempt: int) -> None:
        nonlocal fails
        if run_id == bad and fails:
            fails = False
            raise OSError("The database is gone.")
        await stage.work(run_id, attempt)

    with capture_logs() as lines:
        async with stage.jobs(work) as jobs:
            await jobs.hand_over(bad)
            await jobs.hand_over(good)
            await stage.work.until(lambda: set(stage.work.ended) == {bad, good})
    told = [(line["run_id"], line["error"]) for line in lines if line["event"] == "job_failed"]
    assert told == [(bad, "OSError")]
    assert sorted(attempt for _, attempt in stage.work.begun) == [0, 1]


@pytest.mark.usefixtures("hasty")
async def test_a_hand_over_that_was_lost_is_made_up_for(stage: Stage) -> None:
    """A question that is stored and that no worker knows of is found by whoever leads."""
    stage.work.let.set()
    async with stage.jobs():
        run_id = await stage.claim()
        await stage.work.until(lambda: stage.work.ended == [run_id])


@pytest.mark.usefixtures("hasty")
async def test_a_run_that_another_has_taken_over_is_left_alone(stage: Stage) -> None:
    """The newest attempt counts: whoever works on an older one stops.

    Here the other one is gone again at once, so that the run comes back under a third attempt.
    """
    run_id = await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.begun == [(run_id, 0)])
        assert await stage.runs.renew(run_id, 0)
        await stage.work.until(lambda: stage.work.begun == [(run_id, 0), (run_id, 2)])
        assert stage.work.cancelled == [run_id]
        stage.work.let.set()
        await stage.work.until(lambda: stage.work.ended == [run_id])


@pytest.mark.usefixtures("hasty")
async def test_a_run_is_stopped_wherever_it_is_asked_for(stage: Stage) -> None:
    """Here at once; and where the wish was only stored, as another process does, soon after."""
    here, elsewhere, ended = [await stage.claim() for _ in range(3)]
    await stage.runs.delivered(ended)
    async with stage.jobs() as jobs:
        await jobs.hand_over(here)
        await jobs.hand_over(elsewhere)
        await stage.work.until(lambda: len(stage.work.begun) == 2)
        assert not await jobs.stop(ended, "U1")
        assert await jobs.stop(here, "U1")
        assert stage.stopped.get_nowait() == here
        assert await stage.runs.ask_to_stop(elsewhere, "U1")
        async with asyncio.timeout(PATIENCE_S):
            while await stage.stopped.get() != elsewhere:
                pass  # the other one is told again with each beat until it has ended
        stage.work.let.set()


async def test_what_is_purged_is_gone_from_the_engine_as_well(stage: Stage) -> None:
    """Records of a run's attempts are deleted by its id, and of no other run."""
    gone, kept = await stage.claim(), await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.drain(0)
        await jobs.hand_over(gone)
        await jobs.hand_over(kept)
    await forget(stage.place, [gone])
    async with stage.jobs() as jobs:
        await stage.work.until(lambda: len(stage.work.begun) == 1)
        assert [one.run_id for one in await jobs.engine.held()] == [kept]
        stage.work.let.set()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_end_that_the_engine_cannot_store_does_not_hold_a_run_for_ever(
    stage: Stage,
) -> None:
    """A full disk may leave a record of work that is over: it is found, and the run goes on."""
    run_id = await stage.claim()
    stage.work.let.set()
    fails = True

    async def work(run_id: str, attempt: int) -> None:
        nonlocal fails
        if fails:
            fails = False
            raise OSError("The disk is full.")
        await stage.work(run_id, attempt)

    async with stage.jobs(work) as jobs:
        file = stage.place
        assert isinstance(file, Path)
        with sqlite3.connect(file) as engine:
            engine.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON workflow_status "
                "WHEN NEW.status = 'SUCCESS' AND NEW.workflow_uuid LIKE '%.0' "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        engine.close()
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.ended == [run_id])
        held = {one.workflow_id for one in await jobs.engine.held()}
        assert Held(run_id, 0, None).workflow_id not in held


async def test_work_whose_end_hangs_does_not_hold_the_drain() -> None:
    """What is stopped and then waits for a Slack that does not answer is stopped once more."""
    seen: list[str] = []

    async def work(run_id: str, _attempt: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append(f"tidying up {run_id}")
            try:
                await asyncio.Event().wait()
            finally:
                seen.append("stopped again")

    working = WorkerPool(work, at_once=1, last_wait_s=0.01)
    on = asyncio.create_task(working.on("a", 0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        assert await working.drain(0) == ["a"]
    assert not await on
    assert seen == ["tidying up a", "stopped again"]


async def test_a_newer_attempt_takes_the_place_of_an_older_one() -> None:
    """The older one is stopped before the newer begins; an older one that comes late is refused."""
    seen: list[str] = []
    let = asyncio.Event()

    async def work(_run_id: str, attempt: int) -> None:
        seen.append(f"begun {attempt}")
        try:
            await let.wait()
        finally:
            seen.append(f"over {attempt}")

    working = WorkerPool(work, at_once=1)
    older = asyncio.create_task(working.on("a", 0))
    await asyncio.sleep(0.01)
    newer = asyncio.create_task(working.on("a", 1))
    assert not await older
    assert not await working.on("a", 0)
    let.set()
    assert await newer
    assert seen == ["begun 0", "over 0", "begun 1", "over 1"]
