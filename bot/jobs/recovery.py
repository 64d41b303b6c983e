"""Takes over from dead workers, on Postgres, and follows what other processes have stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

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

AWAY = (exceptions.ConnectorException, Postponed, TimeoutError)
"""Errors of a database that is away."""

ORPHANS = """
SELECT id, turn, state FROM runs
WHERE finished_at IS NULL AND NOT EXISTS (
    SELECT FROM procrastinate_jobs AS job
    WHERE job.queueing_lock = runs.id AND job.status IN ('todo', 'doing'))
ORDER BY created_at
"""
"""Unfinished runs without a job, whatever the reason: a process that died between storing a
question and queueing it, a dead worker, a restored backup, an upgrade from an older release."""

Share = Callable[[int], None]
"""Receives the number of workers, which share the models' rate limits."""


@dataclass
class Recovery:
    """Compares the run store with the queue. All workers do so, and may do it at the same time."""

    app: App
    runs: RunStore
    tasks: RunTasks
    enqueue: Callable[[str, int], Awaitable[None]]
    stop: Stop
    share: Share
    outage: OutageLog
    workers: int = 1
    unqueued: set[str] = field(default_factory=set)

    async def check_regularly(self) -> None:
        """Check every `CHECK_S`, and later after a check that met trouble."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                await self.requeue_orphans()
                await self._follow_signals()
                await self._count_workers()
            except AWAY as error:
                self.outage.start(error)
                await asyncio.sleep(STALLED_S)
            except Exception as error:  # noqa: BLE001 - the outermost edge of a task that must not end
                log.warning("recovery_failed", error=type(error).__name__)
                await asyncio.sleep(STALLED_S)
            else:
                self.outage.end()

    async def requeue_orphans(self, *, new_too: bool = False) -> int:
        """Queue the unfinished runs that no living worker has; returns how many.

        A run that has not begun may be on its way to the queue: without `new_too` it is queued only
        if the last check found it too.
        """
        async with asyncio.timeout(PROMPT_S):
            await self._remove_stalled_jobs()
            orphans = await self.app.connector.execute_query_all_async(ORPHANS)
        known, self.unqueued = self.unqueued, {orphan["id"] for orphan in orphans}
        lost = [o for o in orphans if new_too or o["state"] == "running" or o["id"] in known]
        for orphan in lost:
            log.info("taken_up", run_id=orphan["id"])
            await self.enqueue(orphan["id"], orphan["turn"])
        return len(lost)

    async def _remove_stalled_jobs(self) -> None:
        """Remove dead workers' jobs. A retried job waits for a poll; a new one is announced."""
        manager = self.app.job_manager
        await manager.prune_stalled_workers(STALLED_S)
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
            with suppress(exceptions.ConnectorException):  # another process was quicker
                await manager.finish_job_by_id_async(job.id or 0, Status.FAILED, delete_job=True)

    async def _follow_signals(self) -> None:
        """Cancel runs that another process has taken over, and stop those that are to stop."""
        mine = dict(self.tasks.attempts)
        signals = await self.runs.signals(mine) if mine else {}
        for run_id, signal in signals.items():
            if signal.attempt != mine[run_id]:
                log.info("run_superseded", run_id=run_id)
                if task := self.tasks.in_progress.get(run_id):
                    task.cancel()
            elif signal.stop_by:
                self.stop(run_id)

    async def _count_workers(self) -> None:
        living = "SELECT count(*) FROM procrastinate_workers"
        workers = max(1, (await self.app.connector.execute_query_one_async(living))["count"])
        if workers != self.workers:
            log.info("workers", count=workers)
            self.workers = workers
            self.share(workers)
