"""The promises of `Jobs`, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from bot.jobs import run_tasks
from bot.jobs.run_tasks import RunTasks
from bot.ports import QueuePosition, Run
from bot.storage.database import DatabaseAway
from tests.bot.job_stage import PATIENCE_S, Stage

pytestmark = pytest.mark.usefixtures("hasty")


async def test_a_run_dispatched_twice_runs_once(stage: Stage) -> None:
    """Dispatching a run in progress does nothing."""
    run_id = await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.hand_over(run_id)
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.begun == [(run_id, 0)])
        await jobs.hand_over(run_id)
        stage.work.let.set()
        await stage.work.until(lambda: stage.work.ended == [run_id])
        await jobs.hand_over(run_id)
        other = await stage.claim()
        await jobs.hand_over(other)
        await stage.work.until(lambda: other in stage.work.ended)
    assert stage.work.begun == [(run_id, 0), (other, 0)]


async def test_runs_beyond_the_limit_wait_and_learn_their_position(stage: Stage) -> None:
    """When all slots are taken, a question waits, and its asker sees how many are ahead."""
    async with stage.jobs(at_once=2) as jobs:
        first = [await stage.claim(user) for user in ("U1", "U1")]
        positions = [await jobs.hand_over(run_id) for run_id in first]
        await stage.work.until(lambda: len(stage.work.begun) == 2)
        positions += [await jobs.hand_over(await stage.claim(user)) for user in ("U2", "U3")]
        assert positions == [0, 0, 1, 2]
        assert len(stage.work.begun) == 2
        stage.work.let.set()
        await stage.work.until(lambda: len(stage.work.ended) == 4)
    assert {attempt for _, attempt in stage.work.begun} == {0}


async def test_a_run_is_queued_although_its_position_cannot_be_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question is stored and acknowledged, so nobody would ask it again."""
    read = stage.runs.position

    async def position(run_id: str) -> QueuePosition | None:
        monkeypatch.setattr(stage.runs, "position", read)
        raise DatabaseAway("OperationalError")

    first, second = await stage.claim(), await stage.claim()
    async with stage.jobs(at_once=1) as jobs:
        await jobs.hand_over(first)
        await stage.work.until(lambda: len(stage.work.begun) == 1)
        monkeypatch.setattr(stage.runs, "position", position)
        with suppress(DatabaseAway):
            await jobs.hand_over(second)
        stage.work.let.set()
        await stage.work.until(lambda: stage.work.ended == [first, second])


async def test_queued_runs_start_in_turn_when_a_slot_is_free(stage: Stage) -> None:
    """Of two queued questions, the one by the person who asked fewer goes first."""
    busy, late, early = [await stage.claim(user) for user in ("U1", "U1", "U2")]
    async with stage.jobs(at_once=1) as jobs:
        await jobs.hand_over(busy)
        await stage.work.until(lambda: stage.work.begun == [(busy, 0)])
        assert [await jobs.hand_over(run_id) for run_id in (late, early)] == [2, 1]
        stage.work.let.set()
        await stage.work.until(lambda: len(stage.work.ended) == 3)
    assert stage.work.begun == [(busy, 0), (early, 0), (late, 0)]


async def test_a_claimed_run_that_was_never_dispatched_is_resumed(
    stage: Stage,
) -> None:
    """A process that dies right after storing a question loses nothing."""
    run_ids = {await stage.claim(), await stage.claim()}
    stage.work.let.set()
    async with stage.jobs() as jobs:
        assert await jobs.recover() == 2
        await stage.work.until(lambda: set(stage.work.ended) == run_ids)
    assert {attempt for _, attempt in stage.work.begun} == {0}


async def test_an_unfinished_run_is_resumed_by_the_next_process(stage: Stage) -> None:
    """When the drain time is over, runs are cancelled; the next process begins a new attempt."""
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


async def test_a_draining_process_finishes_its_runs_and_takes_no_new_one(stage: Stage) -> None:
    """Queued runs are left to other processes or to the next start."""
    first, second = await stage.claim(), await stage.claim()
    async with stage.jobs(at_once=1) as jobs:
        await jobs.hand_over(first)
        await stage.work.until(lambda: stage.work.begun == [(first, 0)])
        draining = asyncio.create_task(jobs.drain(PATIENCE_S))
        await asyncio.sleep(0)
        await jobs.hand_over(second)
        stage.work.let.set()
        assert not await draining
        assert stage.work.begun == [(first, 0)]
    async with stage.jobs() as jobs:
        await jobs.recover()
        await stage.work.until(lambda: stage.work.ended == [first, second])
    assert stage.work.begun == [(first, 0), (second, 0)]


async def test_a_drain_cut_short_cancels_its_runs(stage: Stage) -> None:
    """A second signal ends the drain; its runs stay unfinished."""
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


@pytest.mark.parametrize("fault", ["error", "left"])
async def test_failed_work_is_retried_and_affects_no_other_run(stage: Stage, fault: str) -> None:
    """A run whose work fails, or that is postponed, is not lost."""
    bad, good = await stage.claim(), await stage.claim()
    stage.work.let.set()
    fails = True

    async def work(run: Run) -> bool:
        nonlocal fails
        if run.id == bad and fails:
            fails = False
            if fault == "error":
                raise OSError("The database is gone.")
            return False
        return await stage.work(run)

    with capture_logs() as lines:
        async with stage.jobs(work) as jobs:
            await jobs.hand_over(bad)
            await jobs.hand_over(good)
            await stage.work.until(lambda: set(stage.work.ended) == {bad, good})
    logged = [(line["run_id"], line["error"]) for line in lines if line["event"] == "job_failed"]
    assert logged == ([(bad, "OSError")] if fault == "error" else [])
    assert sorted(stage.work.begun) == sorted([(bad, 1), (good, 0)])


async def test_a_run_can_be_stopped(stage: Stage) -> None:
    """Stopping a finished run reports that; a queued run is stopped at its turn."""
    running, ended, waiting = [await stage.claim() for _ in range(3)]
    await stage.runs.delivered(ended)
    async with stage.jobs(at_once=1) as jobs:
        await jobs.hand_over(running)
        await stage.work.until(lambda: len(stage.work.begun) == 1)
        await jobs.hand_over(waiting)
        assert not await jobs.stop(ended, "U1")
        assert await jobs.stop(running, "U1")
        async with asyncio.timeout(PATIENCE_S):
            assert await stage.stopped.get() == running
        assert await jobs.stop(waiting, "U2")
        signals = await stage.runs.signals([waiting])
        assert signals[waiting].stop_by == "U2"
        stage.work.let.set()
        await stage.work.until(lambda: set(stage.work.ended) == {running, waiting})


async def test_a_hanging_clean_up_does_not_block_the_drain(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled work that then waits for Slack is cancelled again."""
    seen: list[str] = []
    begun = asyncio.Event()

    async def work(run: Run) -> bool:
        try:
            begun.set()
            return await asyncio.Event().wait()
        finally:
            seen.append("cleaning up")
            try:
                await asyncio.Event().wait()
            finally:
                seen.append("cancelled again")

    monkeypatch.setattr(run_tasks, "CLEANUP_S", 0.01)
    run_id = await stage.claim()
    tasks = RunTasks(stage.runs, work)
    task = tasks.start(run_id)
    await begun.wait()
    async with asyncio.timeout(PATIENCE_S):
        assert await tasks.drain(0) == [run_id]
    assert not run_tasks.has_ended(task)
    assert seen == ["cleaning up", "cancelled again"]
