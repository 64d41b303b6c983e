"""The promises of `Jobs` among several processes, on Postgres."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from structlog.testing import capture_logs

from bot.jobs import recovery
from bot.jobs.postgres_queue import PostgresQueue
from bot.ports import Run
from bot.storage.database import open_database
from tests.bot.job_stage import PATIENCE_S, Stage
from tests.postgres import Postgres

pytestmark = pytest.mark.usefixtures("hasty")

POSTGRES = pytest.mark.parametrize("database", ["postgres"], indirect=True)


@POSTGRES
async def test_a_run_queued_again_while_it_fails_is_retried(stage: Stage) -> None:
    """A second job for a run in progress doesn't keep the first one from being retried."""
    run_id = await stage.claim()
    begun, fail = asyncio.Event(), asyncio.Event()

    async def work(run: Run) -> bool:
        if run.attempt:
            return await stage.work(run)
        begun.set()
        await fail.wait()
        return False

    stage.work.let.set()
    async with stage.jobs(work) as jobs:
        assert isinstance(jobs, PostgresQueue)
        await jobs.hand_over(run_id)
        async with asyncio.timeout(PATIENCE_S):
            await begun.wait()
        await jobs.enqueue(run_id, 0)
        fail.set()
        await stage.work.until(lambda: stage.work.ended == [run_id])


@POSTGRES
async def test_a_lost_dispatch_is_recovered(stage: Stage) -> None:
    """A stored question that no worker has is found while the processes run and answer others."""
    async with stage.jobs() as jobs:
        other = await stage.claim()
        await jobs.hand_over(other)
        await stage.work.until(lambda: stage.work.begun == [(other, 0)])
        lost = await stage.claim()
        await stage.work.until(lambda: (lost, 0) in stage.work.begun)
        stage.work.let.set()
        await stage.work.until(lambda: set(stage.work.ended) == {other, lost})
    assert stage.work.begun == [(other, 0), (lost, 0)]


@POSTGRES
async def test_a_run_is_stopped_in_another_process(stage: Stage) -> None:
    """Its process stops it, and keeps working until the asker has been notified."""
    other = Stage(stage.database)
    run_id = await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.begun == [(run_id, 0)])
        async with other.jobs() as asking:
            assert await asking.stop(run_id, "U1")
            async with asyncio.timeout(PATIENCE_S):
                assert await stage.stopped.get() == run_id
        stage.work.let.set()
        await stage.work.until(lambda: stage.work.ended == [run_id])
    assert not stage.work.cancelled
    assert not other.work.begun


@POSTGRES
async def test_processes_share_the_work_and_count_each_other(stage: Stage) -> None:
    """With one slot each, two processes run two questions at a time."""
    other = Stage(stage.database)
    async with stage.jobs(at_once=1) as jobs, other.jobs(at_once=1):
        for _ in range(2):
            await jobs.hand_over(await stage.claim())
        await stage.work.until(lambda: len(stage.work.begun) == 1)
        await other.work.until(lambda: len(other.work.begun) == 1)
        async with asyncio.timeout(PATIENCE_S):
            while 2 not in stage.shares or 2 not in other.shares:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.05)
        stage.work.let.set()
        other.work.let.set()
        await stage.work.until(lambda: len(stage.work.ended) == 1)
        await other.work.until(lambda: len(other.work.ended) == 1)


@POSTGRES
async def test_a_run_taken_over_by_another_process_is_abandoned(stage: Stage) -> None:
    """The newest attempt counts: a process with an older one stops."""
    run_id = await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.begun == [(run_id, 0)])
        taken = await stage.runs.begin(run_id)
        assert taken is not None
        assert taken.attempt == 1
        await stage.work.until(lambda: stage.work.cancelled == [run_id] or not stage.work.begun)
        stage.work.let.set()
        await stage.work.until(lambda: stage.work.ended == [run_id])
    assert stage.work.begun == [(run_id, 0), (run_id, 2)]


@POSTGRES
async def test_a_run_that_another_process_has_ended_is_abandoned(stage: Stage) -> None:
    """A process that was frozen doesn't post a second reply."""
    run_id = await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.begun == [(run_id, 0)])
        assert await stage.runs.begin(run_id)
        await stage.runs.delivered(run_id, 1)
        async with asyncio.timeout(PATIENCE_S):
            while stage.work.cancelled != [run_id]:  # noqa: ASYNC110 - it records no event
                await asyncio.sleep(0.05)


@POSTGRES
async def test_an_abandoned_run_has_time_to_clean_up(stage: Stage) -> None:
    """It ends its stream and its status in Slack, which takes longer than until the next check."""
    run_id = await stage.claim()
    cleaned_up = asyncio.Event()

    async def work(run: Run) -> bool:
        if run.attempt:
            return await stage.work(run)
        try:
            return await stage.work(run)
        finally:
            await asyncio.sleep(5 * recovery.CHECK_S)
            cleaned_up.set()

    async with stage.jobs(work) as jobs:
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.begun == [(run_id, 0)])
        assert await stage.runs.begin(run_id)
        await stage.work.until(lambda: stage.work.cancelled == [run_id] or not stage.work.begun)
        stage.work.let.set()
        await stage.work.until(lambda: stage.work.ended == [run_id])
    assert cleaned_up.is_set()


@POSTGRES
async def test_the_runs_of_a_dead_worker_are_taken_over(stage: Stage) -> None:
    """A worker without heartbeats counts as dead, and another begins a new attempt."""
    run_id = await stage.claim()
    other = Stage(stage.database)
    async with stage.jobs() as jobs:
        await jobs.hand_over(run_id)
        await stage.work.until(lambda: stage.work.begun == [(run_id, 0)])
    # The state after a kill: a running job of a worker without recent heartbeats.
    with psycopg.connect(stage.database.dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
        connection.execute(
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) "
            "VALUES (now() - interval '1 minute') RETURNING id) "
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, "
            "status, worker_id) SELECT 'questions', 'answer', %(run)s, %(run)s, "
            "jsonb_build_object('run_id', %(run)s::text), 'doing', id FROM dead",
            {"run": run_id},
        )
    other.work.let.set()
    async with other.jobs():
        await other.work.until(lambda: other.work.ended == [run_id])
    assert other.work.begun == [(run_id, 1)]


@POSTGRES
async def test_a_draining_process_does_not_count_as_dead(stage: Stage) -> None:
    """While a long run ends in one process, no other starts it."""
    run_id = await stage.claim()
    other = Stage(stage.database)
    async with stage.jobs() as jobs, other.jobs():
        await jobs.hand_over(run_id)
        async with asyncio.timeout(PATIENCE_S):
            while not stage.work.begun and not other.work.begun:  # noqa: ASYNC110 - either of the two
                await asyncio.sleep(0.05)
        mine = stage if stage.work.begun else other
        draining = asyncio.create_task(jobs.drain(PATIENCE_S))
        await asyncio.sleep(2 * recovery.STALLED_S)
        mine.work.let.set()
        await mine.work.until(lambda: mine.work.ended == [run_id])
        await draining
    assert stage.work.begun + other.work.begun == [(run_id, 0)]


@POSTGRES
async def test_a_slow_database_does_not_keep_the_bot_from_starting(stage: Stage) -> None:
    """The run is resumed once the database answers; until then the log says that it is away."""
    left = await stage.claim()
    async with (
        await psycopg.AsyncConnection.connect(stage.database.dsn) as busy,
        stage.jobs() as jobs,
    ):
        await busy.execute("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE")
        with capture_logs() as logs:
            assert await jobs.recover() == 0
        assert "database_away" in [line["event"] for line in logs]
        await busy.rollback()
        stage.work.let.set()
        await stage.work.until(lambda: stage.work.ended == [left])


async def test_work_continues_after_a_database_restart(
    stoppable_database: str, postgres: Postgres
) -> None:
    """A process that lost its database resumes its work and accepts new questions."""
    database = await open_database(stoppable_database)
    stage = Stage(database)
    before = await stage.claim()
    async with stage.jobs() as jobs:
        await jobs.hand_over(before)
        await stage.work.until(lambda: stage.work.begun == [(before, 0)])
        await postgres.restart("immediate")
        after = await stage.claim()
        stage.work.let.set()
        await stage.work.until(lambda: set(stage.work.ended) >= {before, after})
    assert (after, 0) in stage.work.begun
    await database.dispose()
