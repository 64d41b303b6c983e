"""Works on runs in many processes, on Postgres: the queue and its workers are procrastinate's.

Source: https://procrastinate.readthedocs.io/
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from operator import methodcaller
from typing import Any, Self

import structlog
from procrastinate import App, JobContext, PsycopgConnector, exceptions
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Status

from bot.jobs import recovery
from bot.jobs.recovery import Recovery, Share
from bot.jobs.run_tasks import RETRY_S, RunTasks, Stop, Work, has_ended
from bot.logs import OutageLog
from bot.ports import RunStore

log = structlog.get_logger(__name__)

QUEUE = "questions"
TASK = "answer"

WITHOUT_JOB = """
SELECT wanted FROM unnest(%(locks)s::text[]) AS wanted
WHERE NOT EXISTS (
    SELECT FROM procrastinate_jobs AS job
    WHERE job.queueing_lock = wanted AND job.status IN ('todo', 'doing'))
"""

POLL_S = 1.0
"""Seconds between two looks at the queue, in case an announcement was lost, and until a worker that
lost the database starts again."""

AUTOCOMMIT = methodcaller("set_autocommit", value=True)  # a statement is a transaction
CONNECTIONS = 4  # at most, besides the one that listens
CLOSE_S = 5.0  # for the worker to store the outcome of its jobs at the end


class PostgresQueue:
    """`bot.ports.Dispatcher` for one of many processes, open as a context manager.

    While it is open, this process has a worker, which works on `at_once` runs at a time. At the
    end, running work is cancelled. `dsn` is the run store's database, for libpq.
    """

    def __init__(
        self,
        runs: RunStore,
        work: Work,
        dsn: str,
        *,
        stop: Stop,
        share: Share,
        outage: OutageLog,
        at_once: int,
    ) -> None:
        pool: dict[str, Any] = {"min_size": 1, "max_size": CONNECTIONS, "configure": AUTOCOMMIT}
        self._app = App(connector=PsycopgConnector(conninfo=dsn, **pool))
        self._app.task(name=TASK, queue=QUEUE, pass_context=True)(self.answer)
        self._outage = outage
        self._runs = runs
        self._stop = stop
        self._at_once = at_once
        self._tasks = RunTasks(runs, work)
        self._recovery = Recovery(
            self._app, runs, self._tasks, self.enqueue, self.without_job, stop, share, outage
        )
        self._worker_id: int | None = None
        self._is_open = True

    async def __aenter__(self) -> Self:
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # we log what matters
        await self._app.open_async()
        self._worker = asyncio.create_task(self._keep_working(), name="worker")
        self._checks = asyncio.create_task(self._recovery.check_regularly(), name="recovery")
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.drain(0)
            self._checks.cancel()
            await asyncio.wait([self._checks], timeout=CLOSE_S)
        finally:
            await self._app.close_async()

    async def hand_over(self, run_id: str) -> int:
        """Queue a run; return its position if all workers are busy, else 0."""
        position = await self._runs.position(run_id)
        if position is None:
            return 0
        await self.enqueue(run_id, position.turn)
        is_busy = position.running + position.ahead >= self._at_once * self._recovery.workers
        return position.ahead + 1 if is_busy else 0

    async def enqueue(self, run_id: str, turn: int) -> None:
        """Queue a run; the smallest turn goes first."""
        await self.add_job(TASK, run_id, priority=-turn, run_id=run_id)

    def add_task(self, name: str, do: Callable[..., Awaitable[None]]) -> None:
        """Add a kind of jobs besides questions. Until then, such jobs fail."""
        self._app.task(name=name, queue=QUEUE)(do)

    async def add_job(self, task: str, lock: str, *, priority: int, **arguments: str) -> None:
        """Queue a job, at most once per lock. One job per lock runs at a time.

        If the database is away, the job is not queued; callers check regularly for lost jobs.
        """
        job = self._app.configure_task(task, lock=lock, queueing_lock=lock, priority=priority)
        try:
            await job.defer_async(**arguments)
        except exceptions.AlreadyEnqueued:
            pass
        except exceptions.ConnectorException as error:
            log.warning("not_queued", task=task, job=lock, error=type(error).__name__)

    async def without_job(self, locks: Sequence[str]) -> Sequence[str]:
        """Return the locks that no job has, queued or running."""
        rows = await self._app.connector.execute_query_all_async(WITHOUT_JOB, locks=[*locks])
        return [row["wanted"] for row in rows]

    async def stop(self, run_id: str, user: str) -> bool:
        """Stop a run wherever it is in progress; return False if it has ended already."""
        is_live = await self._runs.request_stop(run_id, user)
        if is_live and run_id in self._tasks.in_progress:
            self._stop(run_id)
        elif is_live:
            manager, doing = self._app.job_manager, Status.DOING.value
            with suppress(exceptions.ConnectorException):  # the other process finds what is stored
                for job in await manager.list_jobs_async(lock=run_id, status=doing):
                    await manager.cancel_job_by_id_async(job.id or 0, abort=True)
        return is_live

    async def recover(self) -> int:
        """Queue the unfinished runs that no living worker has; return how many.

        A slow database doesn't keep the bot from starting: the regular checks find the runs later.
        """
        return await self._recovery.check() or 0

    async def answer(self, context: JobContext, run_id: str) -> None:
        """Start a run and wait until it ends. This is the job.

        The engine cancels it to stop the run, and when its worker ends. A draining worker waits
        for its runs; one that lost the database gives up its jobs. The checks queue the run of a
        lost or failed job again.
        """
        self._worker_id = context.job.worker_id
        task = self._tasks.start(run_id)
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                if context.abort_reason() is AbortReason.USER_REQUEST:
                    self._stop(run_id)
                elif self._is_open:
                    raise
        if self._is_open and not has_ended(task):
            # The engine's own retry fails if the run was queued again meanwhile.
            await asyncio.sleep(RETRY_S)

    async def drain(self, seconds: float) -> Sequence[str]:
        """Take no new run and let running ones end; other workers find the rest."""
        self._is_open = False
        self._worker.cancel()
        heartbeats = asyncio.create_task(self._send_heartbeats(), name="heartbeats")
        try:
            return await self._tasks.drain(seconds)
        finally:
            await asyncio.wait([self._worker], timeout=CLOSE_S)
            heartbeats.cancel()

    async def _keep_working(self) -> None:
        """Run the engine's worker, and again after it lost the database."""
        while self._is_open:
            try:
                await self._app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=self._at_once,
                    fetch_job_polling_interval=POLL_S,
                    shutdown_graceful_timeout=0,  # `drain` decides how long runs may take
                    delete_jobs="always",
                    install_signal_handlers=False,
                    update_heartbeat_interval=recovery.HEARTBEAT_S,
                    stalled_worker_timeout=recovery.STALLED_S,
                )
                self._outage.start()
            except recovery.AWAY as error:
                self._outage.start(error)
            except Exception as error:  # noqa: BLE001 - the outermost edge of a task that must not end
                log.warning("queue_lost", error=type(error).__name__)
            await asyncio.sleep(POLL_S)

    async def _send_heartbeats(self) -> None:
        """Keep a draining worker alive in the eyes of others: the engine's stops sending them."""
        while self._worker_id is not None:
            with suppress(exceptions.ConnectorException):
                await self._app.job_manager.update_heartbeat(self._worker_id)
            await asyncio.sleep(recovery.HEARTBEAT_S)
