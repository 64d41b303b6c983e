"""Works on runs in one process, on SQLite: a bounded pool of asyncio tasks.

The run store is the checkpoint. What a process leaves unfinished, the next start resumes.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

import structlog
from filelock import FileLock, Timeout

from bot.errors import ConfigurationError
from bot.jobs.dispatcher import Stop
from bot.jobs.run_tasks import RETRY_S, RunTasks, Work, has_ended
from bot.ports import Runs

log = structlog.get_logger(__name__)


class LocalQueue:
    """The runs that wait for a free slot, the smallest turn first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._run_ids: set[str] = set()
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, run_id: str, turn: int) -> None:
        """Queue a run, once however often it is added."""
        if run_id not in self._run_ids:
            self._run_ids.add(run_id)
            heapq.heappush(self._heap, (turn, next(self._numbers), run_id))

    def pop(self) -> str:
        """Remove and return the run whose turn is next. Raises IndexError when empty."""
        run_id = heapq.heappop(self._heap)[2]
        self._run_ids.discard(run_id)
        return run_id


class LocalPool:
    """`bot.jobs.dispatcher.Dispatcher` for a single process."""

    def __init__(self, runs: Runs, tasks: RunTasks, *, stop: Stop, at_once: int) -> None:
        self._runs = runs
        self._tasks = tasks
        self._stop = stop
        self._at_once = at_once
        self._queue = LocalQueue()
        self._is_open = True

    async def hand_over(self, run_id: str) -> int:
        """Start a run, or queue it when all slots are taken; returns its position then, else 0."""
        if self._has_room and not self._queue:
            self._start(run_id)
            return 0
        position = await self._runs.position(run_id)
        if position is None or run_id in self._tasks:
            return 0
        self._queue.add(run_id, position.turn)
        self._start_next()  # a slot may be free by now
        return 0 if run_id in self._tasks else position.ahead + 1

    async def stop(self, run_id: str, user: str) -> bool:
        """Stop a run; False when it has ended already. One that waits is stopped at its turn."""
        is_live = await self._runs.ask_to_stop(run_id, user)
        if is_live:
            self._stop(run_id)
        return is_live

    async def recover(self) -> int:
        """Resume the runs that earlier processes left unfinished; returns how many."""
        unfinished = await self._runs.unfinished()
        for run in unfinished:
            log.info("taken_up", run_id=run.run_id)
            self._queue.add(run.run_id, run.turn)
        self._start_next()
        return len(unfinished)

    async def drain(self, seconds: float) -> Sequence[str]:
        """Start nothing new and let running work end; the next start resumes what waits."""
        self._is_open = False
        return await self._tasks.drain(seconds)

    @property
    def _has_room(self) -> bool:
        return self._is_open and len(self._tasks) < self._at_once

    def _start_next(self) -> None:
        while self._queue and self._has_room:
            self._start(self._queue.pop())

    def _start(self, run_id: str) -> None:
        if run_id in self._tasks:
            return
        task = self._tasks.start(run_id)
        task.add_done_callback(lambda done: self._ended(run_id, done))

    def _ended(self, run_id: str, task: asyncio.Task[bool]) -> None:
        if not self._is_open:
            return
        if not has_ended(task):
            asyncio.get_running_loop().call_later(RETRY_S, self._retry, run_id)
        self._start_next()

    def _retry(self, run_id: str) -> None:
        self._queue.add(run_id, 0)
        self._start_next()


@contextmanager
def single_process(database: Path) -> Generator[None, None, None]:
    """Lock an SQLite file for this process, by a lock file beside it.

    Raises:
        ConfigurationError: when another process has the lock, or it cannot be taken.
    """
    lock = FileLock(f"{database}.lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigurationError(
            f"Another moa-bot is working on {database}. Stop it first, or set DATABASE_URL to "
            "a Postgres database, which any number of processes can share."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{database}.lock cannot be locked ({error.strerror}). Check that its folder can "
            "be written to."
        ) from None
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def local_pool(
    runs: Runs, work: Work, database: Path, *, stop: Stop, at_once: int
) -> AsyncGenerator[LocalPool, None]:
    """A pool that is the only one on its database; at the end running work is cancelled.

    Raises:
        ConfigurationError: when another process works on the database.
    """
    with single_process(database):
        pool = LocalPool(runs, RunTasks(runs, work), stop=stop, at_once=at_once)
        try:
            yield pool
        finally:
            await pool.drain(0)
