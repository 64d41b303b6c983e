"""A run store and jobs on it, for tests of the queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import TypeVar

from bot.jobs.local_pool import LocalPool
from bot.jobs.postgres_queue import PostgresQueue
from bot.jobs.run_tasks import Work
from bot.ports import Dispatcher, Question, Run
from bot.storage.database import Database
from bot.storage.runs import StoredRunStore

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")

PATIENCE_S = 60

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
        await self._runs.delivered(run.id, run.attempt)
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
        work, stop = work or self.work, self.stopped.put_nowait
        if self.database.file is not None:
            pool = LocalPool(self.runs, work, stop=stop, at_once=at_once)
            try:
                yield pool
            finally:
                await pool.drain(0)
            return
        async with PostgresQueue(
            *(self.runs, work, self.database.dsn),
            stop=stop,
            share=self.shares.append,
            outage=self.database.outage,
            at_once=at_once,
        ) as queue:
            yield queue
