"""Takes over from dead workers, on Postgres, and follows what other processes have stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from procrastinate import App, exceptions
from procrastinate.jobs import Status

from bot.errors import Postponed
from bot.jobs.run_tasks import RunTasks, Stop
from bot.logs import OutageLog
from bot.ports import RunStore

log = structlog.get_logger(__name__)

HEARTBEAT_S = 1.5
STALLED_S = 5.0
"""Seconds without a heartbeat after which a worker counts as dead and its runs are queued again."""

CHECK_S = 1.5  # between two checks
PROMPT_S = 2.0
"""Seconds that a check may take. If the database was away, workers first get `STALLED_S` to send
heartbeats again."""

AWAY = (exceptions.ConnectorException, Postponed, TimeoutError)  # errors of a database that is away

Share = Callable[[int], None]
"""Receives the number of workers, which share the models' rate limits."""


@dataclass
class Recovery:
    """Compares the run store with the queue. All workers do so, and may do it at the same time."""

    app: App
    runs: RunStore
    tasks: RunTasks
    enqueue: Callable[[str, int], Awaitable[None]]
    without_job: Callable[[Sequence[str]], Awaitable[Collection[str]]]
    stop: Stop
    share: Share
    outage: OutageLog
    workers: int = 1

    async def check_regularly(self) -> None:
        """Check every `CHECK_S`, and later after a check that failed."""
        while True:
            await asyncio.sleep(CHECK_S)
            if await self.check() is None:
                await asyncio.sleep(STALLED_S)

    async def check(self) -> int | None:
        """Compare once; return how many runs were queued again, None if the check failed."""
        try:
            requeued = await self._requeue_orphans()
            await self._follow_signals()
            await self._count_workers()
        except AWAY as error:
            self.outage.start(error)
        except Exception as error:  # noqa: BLE001 - the outermost edge of a task that must not end
            log.warning("recovery_failed", error=type(error).__name__)
        else:
            self.outage.end()
            return requeued
        return None

    async def _requeue_orphans(self) -> int:
        """Queue the unfinished runs without a job, whatever the reason; return how many.

        A process died between storing a question and queueing it, a worker died, a backup was
        restored, an older release was upgraded. Or another process is about to queue the run: of
        its two jobs, the second finds it ended.
        """
        async with asyncio.timeout(PROMPT_S):
            await self._remove_stalled_jobs()
            unfinished = {run.run_id: run.turn for run in await self.runs.unfinished()}
            orphans = await self.without_job([*unfinished]) if unfinished else ()
        for run_id in orphans:
            log.info("taken_up", run_id=run_id)
            await self.enqueue(run_id, unfinished[run_id])
        return len(orphans)

    async def _remove_stalled_jobs(self) -> None:
        """Remove dead workers' jobs. A retried job waits for a poll; a new one is announced."""
        manager = self.app.job_manager
        await manager.prune_stalled_workers(STALLED_S)
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
            with suppress(exceptions.ConnectorException):  # another process was quicker
                await manager.finish_job_by_id_async(job.id or 0, Status.FAILED, delete_job=True)

    async def _follow_signals(self) -> None:
        """Cancel runs that another process took over or has ended; stop those that are to stop."""
        mine = self.tasks.attempts
        signals = await self.runs.signals([*mine]) if mine else {}
        for run_id, signal in signals.items():
            if signal.attempt > mine.get(run_id, signal.attempt):
                task = self.tasks.in_progress.get(run_id)
                if task and not task.cancelling():  # once: it may take a while to clean up
                    log.info("run_superseded", run_id=run_id)
                    task.cancel()
            elif signal.is_live and signal.stop_by:
                self.stop(run_id)

    async def _count_workers(self) -> None:
        living = "SELECT count(*) FROM procrastinate_workers"
        workers = max(1, (await self.app.connector.execute_query_one_async(living))["count"])
        if workers != self.workers:
            log.info("workers", count=workers)
            self.workers = workers
            self.share(workers)
