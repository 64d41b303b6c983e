"""Finds the brainstorms that are due, and has one task at a time work on each."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from bot.errors import Postponed

log = structlog.get_logger(__name__)

TICK_S = 1.0
"""Seconds between two searches for brainstorms that are due."""

RETRY_S = 5.0
"""Seconds until work that failed is tried again."""

LAST_S = 0.2
"""Seconds for a last step: a database connection that is cancelled half open stays open."""

TASK = "brainstorm"

FIRST = 0
"""Before any question: their priorities are negative."""


class JobQueue(Protocol):
    """A queue that all processes share; see `bot.jobs.postgres_queue.PostgresQueue`."""

    def add_task(self, name: str, do: Callable[..., Awaitable[None]]) -> None:
        """Add a kind of jobs."""
        ...

    async def add_job(self, task: str, lock: str, *, priority: int, **arguments: str) -> None:
        """Queue a job, at most once per lock."""
        ...

    async def without_job(self, locks: Sequence[str]) -> Sequence[str]:
        """Return the locks that no job has."""
        ...


class SessionWork(Protocol):
    """Knows what is due; `bot.brainstorm.worker.BrainstormWorker` is one."""

    async def due(self) -> Sequence[str]:
        """Return the IDs of brainstorms that have something to do."""
        ...

    async def work(self, session_id: str) -> None:
        """Do it. This may be cancelled at any time, and done again."""
        ...


class SessionJobs(ABC):
    """Does what is due, soon after it is."""

    def __init__(self, work: SessionWork) -> None:
        self._work = work
        self._rests: dict[str, float] = {}

    @abstractmethod
    async def wake(self, session_id: str) -> None:
        """Do what is due in a brainstorm now."""

    @abstractmethod
    async def idle(self, due: Sequence[str]) -> Sequence[str]:
        """Return those of the brainstorms that no task works on."""

    async def wake_regularly(self) -> None:
        """Wake what is due, every `TICK_S`."""
        failed = False
        while True:
            try:
                due = [each for each in await self._work.due() if not self._is_resting(each)]
                for session_id in await self.idle(due) if due else ():
                    await self.wake(session_id)
                failed = False
            except Exception as error:  # noqa: BLE001 - the outermost edge of a task that must not end
                if not failed:  # once per outage
                    log.warning("brainstorms_not_found", error=type(error).__name__)
                failed = True
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
        """Start the work, unless it is in progress: then it notices by itself."""
        if session_id not in self._tasks:
            task = asyncio.create_task(self.do(session_id), name=f"brainstorm {session_id}")
            self._tasks[session_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(session_id))

    async def idle(self, due: Sequence[str]) -> Sequence[str]:
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
    """For many processes, on Postgres: a job for each, locked by its ID."""

    def __init__(self, queue: JobQueue, work: SessionWork) -> None:
        super().__init__(work)
        self._queue = queue
        queue.add_task(TASK, self.do)

    async def wake(self, session_id: str) -> None:
        """Queue a job. If the database is away, a later search finds the brainstorm."""
        await self._queue.add_job(TASK, _lock(session_id), priority=FIRST, session_id=session_id)

    async def idle(self, due: Sequence[str]) -> Sequence[str]:
        """Return those without a job."""
        free = {*await self._queue.without_job([*map(_lock, due)])}
        return [session_id for session_id in due if _lock(session_id) in free]


def _lock(session_id: str) -> str:
    return f"{TASK}:{session_id}"


@asynccontextmanager
async def session_jobs(
    work: SessionWork, queue: JobQueue | None
) -> AsyncGenerator[SessionJobs, None]:
    """Work on brainstorms until exit, as jobs of a queue or, without one, in this process."""
    jobs = LocalSessions(work) if queue is None else QueuedSessions(queue, work)
    search = asyncio.create_task(jobs.wake_regularly(), name="brainstorms")
    try:
        yield jobs
    finally:
        search.cancel()
        await asyncio.wait([search])
        if isinstance(jobs, LocalSessions):
            await jobs.cancel()
