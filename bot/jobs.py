"""Working on runs in this process: each a task that is owned, bounded in number, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.ports import Runs

log = structlog.get_logger(__name__)

LAST_WAIT_S = 3.0
"""Seconds that work which was stopped has to tidy up; it may be waiting for Slack."""


class LocalJobs:
    """`bot.ports.Jobs` within one process.

    The question is stored before it is handed over, and its answers as they come, so a process
    that dies loses nothing: the next one calls `recover`.
    """

    def __init__(
        self,
        runs: Runs,
        work: Callable[[str], Awaitable[None]],
        *,
        at_once: int = 100,
        last_wait_s: float = LAST_WAIT_S,
    ) -> None:
        self._runs = runs
        self._work = work
        self._last_wait_s = last_wait_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(at_once)

    async def hand_over(self, run_id: str) -> None:
        """Have a run worked on in a task of its own. At most `at_once` of them run together."""
        if run_id in self._tasks:
            return
        task = asyncio.create_task(self._within_places(run_id), name=f"run {run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run_id, None))

    async def recover(self) -> int:
        """Hand over again what an earlier process left unfinished."""
        left = [run_id for run_id in await self._runs.unfinished() if run_id not in self._tasks]
        for run_id in left:
            await self.hand_over(run_id)
        return len(left)

    async def drain(self, seconds: float) -> None:
        """Let running work end within `seconds`, then stop the rest.

        What is stopped stays unfinished in the journal, for the next start to take up.
        """
        running = [*self._tasks.values()]
        if not running:
            return
        try:
            await asyncio.wait(running, timeout=seconds)
        finally:
            await self._stop(running)

    async def _stop(self, running: Sequence[asyncio.Task[None]]) -> None:
        """Cancel, and once more where what is done at the end hangs."""
        for _ in range(2):
            left = [task for task in running if not task.done()]
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=self._last_wait_s)

    async def _within_places(self, run_id: str) -> None:
        async with self._places:
            try:
                await self._work(run_id)
            except Exception as error:
                # The outermost edge. The run stays in the journal, for the next start.
                log.exception("job_failed", run_id=run_id, error=type(error).__name__)
