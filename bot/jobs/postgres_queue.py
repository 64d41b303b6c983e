"""Works on runs in many processes, on Postgres: the queue and its workers are procrastinate's.

Source: https://procrastinate.readthedocs.io/
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy, exceptions
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Status
from psycopg import AsyncConnection

from bot.errors import Postponed
from bot.jobs import recovery
from bot.jobs.recovery import Recovery, Share
from bot.jobs.run_tasks import RETRY_S, RunTasks, Stop, Work, has_ended
from bot.logs import OutageLog
from bot.ports import RunStore

log = structlog.get_logger(__name__)

QUEUE = "questions"
TASK = "answer"

POLL_S = 1.0
"""Seconds between two looks at the queue, for jobs that are not announced as they are retried, and
until a worker that lost the database starts again."""

CONNECTIONS = 4  # at most, beside the one that listens
CLOSE_S = 5.0  # for the worker to store, at the end, what became of its jobs


class PostgresQueue:
    """`bot.ports.Dispatcher` for one of many processes."""

    def __init__(
        self,
        app: App,
        runs: RunStore,
        work: Work,
        *,
        stop: Stop,
        share: Share,
        outage: OutageLog,
        at_once: int,
    ) -> None:
        self.app = app
        self._outage = outage
        self._runs = runs
        self._stop = stop
        self._at_once = at_once
        self._tasks = RunTasks(runs, work)
        self._recovery = Recovery(app, runs, self._tasks, self.enqueue, stop, share, outage)
        self._worker_id: int | None = None
        self._is_open = True
        retry = RetryStrategy(wait=RETRY_S)
        app.task(name=TASK, queue=QUEUE, pass_context=True, retry=retry)(self.answer)
        self._worker = asyncio.create_task(self._keep_working(), name="worker")
        self._checks = asyncio.create_task(self._recovery.check_regularly(), name="recovery")

    async def hand_over(self, run_id: str) -> int:
        """Queue a run; returns its position when all workers are busy, else 0."""
        position = await self._runs.position(run_id)
        if position is None:
            return 0
        await self.enqueue(run_id, position.turn)
        is_busy = position.running + position.ahead >= self._at_once * self._recovery.workers
        return position.ahead + 1 if is_busy else 0

    async def enqueue(self, run_id: str, turn: int) -> None:
        """Queue a run, once however often it is queued; the smallest turn goes first."""
        job = self.app.configure_task(TASK, lock=run_id, queueing_lock=run_id, priority=-turn)
        try:
            await job.defer_async(run_id=run_id)
        except exceptions.AlreadyEnqueued:
            pass
        except exceptions.ConnectorException as error:  # a later check finds the run
            log.warning("not_queued", run_id=run_id, error=type(error).__name__)

    async def stop(self, run_id: str, user: str) -> bool:
        """Stop a run wherever it is in progress; False when it has ended already."""
        is_live = await self._runs.request_stop(run_id, user)
        if is_live and run_id in self._tasks.in_progress:
            self._stop(run_id)
        elif is_live:
            manager, doing = self.app.job_manager, Status.DOING.value
            with suppress(exceptions.ConnectorException):  # the other process finds what is stored
                for job in await manager.list_jobs_async(lock=run_id, status=doing):
                    await manager.cancel_job_by_id_async(job.id or 0, abort=True)
        return is_live

    async def recover(self) -> int:
        """Queue the unfinished runs that no living worker has; return how many.

        A slow database doesn't keep the bot from starting: the regular checks find the runs later.
        """
        try:
            return await self._recovery.requeue_orphans(new_too=True)
        except recovery.AWAY as error:
            self._outage.start(error)
            return 0

    async def answer(self, context: JobContext, run_id: str) -> None:
        """The job: start the run and wait for its end.

        The engine cancels this to stop the run, and when its worker ends. A draining worker waits
        for its runs; one that lost the database gives up its jobs, which are then taken again.
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
            raise Postponed  # the engine retries the job

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

    async def close(self) -> None:
        """Cancel what runs here, and end the background tasks."""
        await self.drain(0)
        self._checks.cancel()
        await asyncio.wait([self._checks], timeout=CLOSE_S)

    async def _keep_working(self) -> None:
        """Run the engine's worker, and again after it lost the database."""
        while self._is_open:
            try:
                await self.app.run_worker_async(
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
                await self.app.job_manager.update_heartbeat(self._worker_id)
            await asyncio.sleep(recovery.HEARTBEAT_S)


async def _autocommit(connection: AsyncConnection[Any]) -> None:
    """Each statement of the engine is a transaction by itself, without round trips for its ends."""
    await connection.set_autocommit(True)


@asynccontextmanager
async def postgres_queue(
    runs: RunStore,
    work: Work,
    dsn: str,
    *,
    stop: Stop,
    share: Share,
    outage: OutageLog,
    at_once: int,
) -> AsyncGenerator[PostgresQueue, None]:
    """A queue in the run store's database (`dsn`, for libpq), with a worker in this process.

    Each worker works on `at_once` runs at a time. At the end running work is cancelled.
    """
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # we log what matters ourselves
    pool: dict[str, Any] = {"min_size": 1, "max_size": CONNECTIONS, "configure": _autocommit}
    connector = PsycopgConnector(conninfo=dsn, **pool)
    async with App(connector=connector).open_async() as app:
        queue = PostgresQueue(
            app, runs, work, stop=stop, share=share, outage=outage, at_once=at_once
        )
        try:
            yield queue
        finally:
            await queue.close()
