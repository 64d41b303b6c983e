"""The promises of `Jobs`, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from structlog.testing import capture_logs

from bot.errors import ConfigurationError
from bot.jobs import local_pool as local
from bot.jobs import postgres_queue as shared
from bot.jobs import recovery, run_tasks
from bot.jobs.local_pool import local_pool
from bot.jobs.postgres_queue import postgres_queue
from bot.jobs.run_tasks import RunTasks, Work
from bot.ports import Dispatcher, Question, Run
from bot.storage.database import Database, open_database
from bot.storage.runs import StoredRunStore
from tests.postgres import Postgres

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")

PATIENCE_S = 60

POSTGRES = pytest.mark.parametrize("database", ["postgres"], indirect=True)
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

T = TypeVar("T")


class Answering:
    """Answers runs once allowed, and records their outcomes."""

    def __init__(self, runs: StoredRunStore) -> None:
        self.begun: list[tuple[str, int]] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.let = asyncio.Event()
        self._runs = runs
        self._news = asyncio.Condition()

    async def __call__(self, run: Run) -> bool:
        await self._add(self.begun, (run.id, run.attempt))
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.cancelled.append(run.id)
            raise
        await self._runs.delivered(run.id)
        await self._add(self.ended, run.id)
        return True

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until the lists contain the expected values."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(holds)

    async def _add(self, to: list[T], what: T) -> None:
        async with self._news:
            to.append(what)
            self._news.notify_all()


class Stage:
    """A run store, and successive jobs on it, like processes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.runs = StoredRunStore(database)
        self.work = Answering(self.runs)
        self.stopped: asyncio.Queue[str] = asyncio.Queue()
        self.shares: list[int] = []
        self._numbers = count(1)

    async def claim(self, user: str = "U1") -> str:
        """Store a new run and return its id."""
        ts = f"{next(self._numbers)}.000100"
        question = replace(QUESTION, ts=ts, thread_ts=ts, user=user, channel=f"C{user}")
        run_id = await self.runs.claim(question, [f"message:{ts}"], "balanced")
        assert run_id is not None
        return run_id

    @asynccontextmanager
    async def jobs(
        self, work: Work | None = None, *, at_once: int = 100
    ) -> AsyncGenerator[Dispatcher, None]:
        """Open jobs, as a worker process does."""
        work, stop, file = work or self.work, self.stopped.put_nowait, self.database.file
        if file is not None:
            async with local_pool(self.runs, work, file, stop=stop, at_once=at_once) as pool:
                yield pool
            return
        async with postgres_queue(
            *(self.runs, work, self.database.dsn),
            stop=stop,
            share=self.shares.append,
            outage=self.database.outage,
            at_once=at_once,
        ) as queue:
            yield queue


@pytest.fixture
def stage(opened: Database) -> Stage:
    """Open jobs on a fresh database."""
    return Stage(opened)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the intervals of periodic checks."""
    monkeypatch.setattr(recovery, "HEARTBEAT_S", 0.3)
    monkeypatch.setattr(recovery, "STALLED_S", 3.0)
    monkeypatch.setattr(recovery, "CHECK_S", 0.2)
    monkeypatch.setattr(shared, "POLL_S", 0.2)
    monkeypatch.setattr(shared, "RETRY_S", 0.2)
    monkeypatch.setattr(local, "RETRY_S", 0.2)


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


@POSTGRES
async def test_a_lost_dispatch_is_recovered(stage: Stage) -> None:
    """A stored question that no worker has is found while the processes run."""
    stage.work.let.set()
    async with stage.jobs():
        run_id = await stage.claim()
        await stage.work.until(lambda: stage.work.ended == [run_id])
    assert stage.work.begun == [(run_id, 0)]


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


async def test_a_hanging_clean_up_does_not_block_the_drain(stage: Stage) -> None:
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

    run_id = await stage.claim()
    tasks = RunTasks(stage.runs, work, cleanup_s=0.01)
    task = tasks.start(run_id)
    await begun.wait()
    async with asyncio.timeout(PATIENCE_S):
        assert await tasks.drain(0) == [run_id]
    assert not run_tasks.has_ended(task)
    assert seen == ["cleaning up", "cancelled again"]


@SQLITE
async def test_a_second_process_on_a_file_is_refused(stage: Stage) -> None:
    """The message names the file and the remedy; after the first process ends, one can start."""
    async with stage.jobs():
        message = r"Another moa-bot .*bot-1\.db.*DATABASE_URL"
        with pytest.raises(ConfigurationError, match=message):
            await stage.jobs().__aenter__()
    async with stage.jobs():
        pass


@SQLITE
async def test_an_unwritable_folder_is_named(stage: Stage, tmp_path: Path) -> None:
    """A lock file that cannot be created gets a clear message."""
    (tmp_path / "folder").touch()
    file = tmp_path / "folder" / "bot.db"
    pool = local_pool(stage.runs, stage.work, file, stop=print, at_once=1)
    with pytest.raises(ConfigurationError, match="cannot be locked"):
        await pool.__aenter__()
