"""Works on brainstorms: finds those that are due, and has one task at a time work on each."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
from procrastinate import App, exceptions

from bot.errors import Postponed
from bot.jobs.postgres_queue import QUEUE, PostgresQueue
from bot.jobs.run_tasks import RETRY_S

log = structlog.get_logger(__name__)

TICK_S = 1.0
"""Seconds between two looks for what is due."""

LAST_S = 0.2
"""Seconds for a last step: a database connection that is cancelled half open stays open."""

TASK = "brainstorm"

FIRST = 0
"""Before any question: their priorities are negative."""

WITHOUT_JOB = """
SELECT id FROM brainstorms
WHERE id = ANY(%(ids)s) AND NOT EXISTS (
    SELECT FROM procrastinate_jobs AS job
    WHERE job.queueing_lock = 'brainstorm:' || brainstorms.id AND job.status IN ('todo', 'doing'))
"""


class SessionWork(Protocol):
    """Knows what is due; `bot.brainstorm.worker.BrainstormWorker` is one."""

    async def due(self) -> Sequence[str]:
        """Return the ids of what has something to do."""
        ...

    async def work(self, session_id: str) -> None:
        """Do it. It may be cancelled at any time, and done again."""
        ...


class SessionJobs(ABC):
    """Has the work done that is due, soon after it is."""

    def __init__(self, work: SessionWork) -> None:
        self._work = work
        self._rests: dict[str, float] = {}

    @abstractmethod
    async def wake(self, session_id: str) -> None:
        """Have somebody look at a brainstorm now."""

    @abstractmethod
    async def unattended(self, due: Sequence[str]) -> Sequence[str]:
        """Return those that nobody works on."""

    async def keep_looking(self) -> None:
        """Wake what is due, every `TICK_S`."""
        is_lost = False
        while True:
            try:
                due = [each for each in await self._work.due() if not self._is_resting(each)]
                for session_id in await self.unattended(due) if due else ():
                    await self.wake(session_id)
                is_lost = False
            except Exception as error:  # noqa: BLE001 - the outermost edge of a task that must not end
                if not is_lost:  # once while it lasts
                    log.warning("brainstorms_not_found", error=type(error).__name__)
                is_lost = True
            await asyncio.sleep(TICK_S)

    async def do(self, session_id: str) -> None:
        """Do a brainstorm's work. What fails is left for a later attempt."""
        try:
            await self._work.work(session_id)
        except Postponed:
            log.warning("brainstorm_postponed", brainstorm=session_id)
            self._rests[session_id] = time.monotonic() + RETRY_S
        except Exception as error:
            # The outermost edge. The brainstorm stays due.
            log.exception("brainstorm_failed", brainstorm=session_id, error=type(error).__name__)
            self._rests[session_id] = time.monotonic() + RETRY_S

    def _is_resting(self, session_id: str) -> bool:
        if session_id in self._rests and self._rests[session_id] <= time.monotonic():
            del self._rests[session_id]
        return session_id in self._rests


class LocalSessions(SessionJobs):
    """For a single process, on SQLite: an asyncio task for each."""

    def __init__(self, work: SessionWork) -> None:
        super().__init__(work)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def wake(self, session_id: str) -> None:
        """Start the work, unless it is in progress and will notice by itself."""
        if session_id not in self._tasks:
            task = asyncio.create_task(self.do(session_id), name=f"brainstorm {session_id}")
            self._tasks[session_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(session_id))

    async def unattended(self, due: Sequence[str]) -> Sequence[str]:
        """Return those without a task."""
        return [session_id for session_id in due if session_id not in self._tasks]

    async def cancel(self) -> None:
        """Let tasks end that are about to, and cancel the others."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=LAST_S)
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


class QueuedSessions(SessionJobs):
    """For many processes, on Postgres: a job for each, locked by its id."""

    def __init__(self, app: App, work: SessionWork) -> None:
        super().__init__(work)
        self._app = app
        app.task(name=TASK, queue=QUEUE)(self.do)

    async def wake(self, session_id: str) -> None:
        """Queue a job, once however often it is queued."""
        lock = f"brainstorm:{session_id}"
        job = self._app.configure_task(TASK, lock=lock, queueing_lock=lock, priority=FIRST)
        try:
            await job.defer_async(session_id=session_id)
        except exceptions.AlreadyEnqueued:
            pass
        except exceptions.ConnectorException as error:  # the next look finds it
            log.warning("brainstorm_not_queued", error=type(error).__name__)

    async def unattended(self, due: Sequence[str]) -> Sequence[str]:
        """Return those without a job."""
        rows = await self._app.connector.execute_query_all_async(WITHOUT_JOB, ids=[*due])
        return [row["id"] for row in rows]


@asynccontextmanager
async def session_jobs(queue: object, work: SessionWork) -> AsyncGenerator[SessionJobs, None]:
    """Work on brainstorms, with the queue of questions where there is one (Postgres)."""
    jobs = (
        QueuedSessions(queue.app, work) if isinstance(queue, PostgresQueue) else LocalSessions(work)
    )
    looking = asyncio.create_task(jobs.keep_looking(), name="brainstorms")
    try:
        yield jobs
    finally:
        looking.cancel()
        await asyncio.wait([looking])
        if isinstance(jobs, LocalSessions):
            await jobs.cancel()
