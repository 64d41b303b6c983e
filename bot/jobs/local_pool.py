"""Works on runs in one process, on SQLite: a bounded pool of asyncio tasks.

The run store is the checkpoint. What a process leaves unfinished, the next start resumes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count

import structlog

from bot.errors import Postponed
from bot.jobs.run_tasks import RETRY_S, RunTasks, Stop, Work, has_ended
from bot.ports import RunStore

log = structlog.get_logger(__name__)


class LocalPool:
    """`bot.ports.Dispatcher` for a single process, which works on `at_once` runs at a time."""

    def __init__(self, runs: RunStore, work: Work, *, stop: Stop, at_once: int) -> None:
        self._runs = runs
        self._tasks = RunTasks(runs, work)
        self._stop = stop
        self._at_once = at_once
        self._waiting: asyncio.PriorityQueue[tuple[int, int, str]] = asyncio.PriorityQueue()
        self._numbers = count()
        self._is_open = True

    async def hand_over(self, run_id: str) -> int:
        """Start a run, or queue it if all slots are taken. Return its position then, else 0."""
        if self._has_room:
            self._start(run_id)
            return 0
        try:
            position = await self._runs.position(run_id)
        except Postponed:
            self.enqueue(run_id, 0)  # until the next start, nothing would look for it
            return 0
        if position is None or run_id in self._tasks.in_progress:
            return 0
        self.enqueue(run_id, position.turn)
        return 0 if run_id in self._tasks.in_progress else position.ahead + 1

    def enqueue(self, run_id: str, turn: int) -> None:
        """Queue a run for the next free slot; the smallest turn goes first."""
        self._waiting.put_nowait((turn, next(self._numbers), run_id))
        self._start_next()

    async def stop(self, run_id: str, user: str) -> bool:
        """Stop a run; return False if it has ended already. A waiting run stops at its turn."""
        is_live = await self._runs.request_stop(run_id, user)
        if is_live:
            self._stop(run_id)
        return is_live

    async def recover(self) -> int:
        """Resume the runs that earlier processes left unfinished; return how many."""
        unfinished = await self._runs.unfinished()
        for run in unfinished:
            log.info("taken_up", run_id=run.run_id)
            self.enqueue(run.run_id, run.turn)
        return len(unfinished)

    async def drain(self, seconds: float) -> Sequence[str]:
        """Start nothing new and let running work end; the next start resumes what waits."""
        self._is_open = False
        return await self._tasks.drain(seconds)

    @property
    def _has_room(self) -> bool:
        return self._is_open and len(self._tasks.in_progress) < self._at_once

    def _start_next(self) -> None:
        while self._has_room and not self._waiting.empty():
            self._start(self._waiting.get_nowait()[2])

    def _start(self, run_id: str) -> None:
        if run_id not in self._tasks.in_progress:
            task = self._tasks.start(run_id)
            task.add_done_callback(lambda done: self._ended(run_id, done))

    def _ended(self, run_id: str, task: asyncio.Task[bool]) -> None:
        if self._is_open and not has_ended(task):
            asyncio.get_running_loop().call_later(RETRY_S, self.enqueue, run_id, 0)
        self._start_next()
