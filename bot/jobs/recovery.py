"""Finds unfinished runs that no worker has, on Postgres, and queues them again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from procrastinate import App, exceptions
from procrastinate.jobs import Status

from bot.jobs.run_tasks import RunTasks
from bot.ports import Runs

log = structlog.get_logger(__name__)

HEARTBEAT_S = 1.5
STALLED_S = 5.0
"""Seconds without a heartbeat after which a worker counts as dead. A dead worker's runs are queued
again within `STALLED_S + CHECK_S`, and taken within another second."""

CHECK_S = 1.5
"""Seconds between two checks."""

PROMPT_S = 2.0
"""Seconds in which a check must be done. One that takes longer met a database that was away, when
no worker could send heartbeats: they get `STALLED_S` to do so before the next check."""

ORPHANS = """
SELECT id, turn FROM runs
WHERE finished_at IS NULL AND NOT EXISTS (
    SELECT FROM procrastinate_jobs AS job
    WHERE job.queueing_lock = runs.id AND job.status IN ('todo', 'doing'))
ORDER BY created_at
"""
"""Unfinished runs without a job, whatever the reason: a process that died between storing a
question and queueing it, a dead worker, a restored backup, an upgrade from an older release."""

WORKERS = "SELECT count(*) AS workers FROM procrastinate_workers"

Enqueue = Callable[[str, int], Awaitable[None]]
"""Queues a run by its id, in the order of its turn."""


class Recovery:
    """Compares the run store with the queue. All workers do this, and may do it together."""

    def __init__(self, app: App, runs: Runs, tasks: RunTasks, enqueue: Enqueue) -> None:
        self._app = app
        self._runs = runs
        self._tasks = tasks
        self._enqueue = enqueue

    async def requeue_orphans(self, queue: str) -> int:
        """Queue the unfinished runs that no living worker has; returns how many."""
        manager = self._app.job_manager
        await manager.prune_stalled_workers(STALLED_S)
        stalled = await manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=STALLED_S)
        for job in stalled:
            assert job.id
            try:
                # A retried job would wait for a poll; a new one is announced to all workers.
                await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
            except exceptions.ConnectorException:
                log.info("stalled_job_gone", job_id=job.id)  # another worker was quicker
        orphans = await self._app.connector.execute_query_all_async(ORPHANS)
        for orphan in orphans:
            log.info("taken_up", run_id=orphan["id"])
            await self._enqueue(orphan["id"], orphan["turn"])
        return len(orphans)

    async def workers(self) -> int:
        """The number of living workers, at least this one."""
        found = await self._app.connector.execute_query_one_async(WORKERS)
        return max(1, found["workers"])

    async def follow_signals(self, stop: Callable[[str], None]) -> None:
        """Cancel runs that another worker has taken over, and stop those that are to stop."""
        mine = self._tasks.attempts
        signals = await self._runs.signals(mine) if mine else {}
        for run_id, signal in signals.items():
            if signal.attempt != mine[run_id]:
                log.info("superseded", run_id=run_id)
                self._tasks.cancel(run_id)
            elif signal.stop_by:
                stop(run_id)


async def check_regularly(check: Callable[[], Awaitable[None]]) -> None:
    """Run a check every `CHECK_S`, and less eagerly after one that met trouble."""
    while True:
        await asyncio.sleep(CHECK_S)
        try:
            async with asyncio.timeout(PROMPT_S):
                await check()
        except Exception as error:  # noqa: BLE001 - the outermost edge of a task that must not end
            log.warning("recovery_failed", error=type(error).__name__)
            await asyncio.sleep(STALLED_S)
