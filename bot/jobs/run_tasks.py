"""The runs in progress in this process, one asyncio task each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from bot.errors import Postponed
from bot.ports import Run, Runs

log = structlog.get_logger(__name__)

RETRY_S = 5.0
"""Seconds until a run that failed or was postponed is tried again."""

CLEANUP_S = 3.0
"""Seconds that a cancelled run has to clean up; it may be waiting for Slack."""

Work = Callable[[Run], Awaitable[bool]]
"""Works on a run that has begun; False when it is left for a later attempt."""


class RunTasks:
    """Starts, cancels and drains the tasks of runs.

    Args:
        runs: the run store.
        work: works on a run.
        cleanup_s: seconds that a cancelled run has to clean up.
    """

    def __init__(self, runs: Runs, work: Work, *, cleanup_s: float = CLEANUP_S) -> None:
        self._runs = runs
        self._work = work
        self._cleanup_s = cleanup_s
        self._tasks: dict[str, asyncio.Task[bool]] = {}
        self._attempts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._tasks

    @property
    def attempts(self) -> Mapping[str, int]:
        """The runs that have begun here, with the number of their attempt."""
        return dict(self._attempts)

    def start(self, run_id: str) -> asyncio.Task[bool]:
        """Begin a run, or join it where it is in progress here.

        The task's result is False when the run is left for a later attempt.
        """
        if run_id not in self._tasks:
            task = asyncio.create_task(self._answer(run_id), name=f"run {run_id}")
            self._tasks[run_id] = task
            task.add_done_callback(lambda _: self._forget(run_id))
        return self._tasks[run_id]

    def cancel(self, run_id: str) -> None:
        """Abandon a run that another process has taken over."""
        if run_id in self._tasks:
            self._tasks[run_id].cancel()

    async def drain(self, seconds: float) -> Sequence[str]:
        """Let runs end within `seconds`, then cancel the rest; returns the ids of those."""
        running = dict(self._tasks)
        if not running:
            return ()
        try:
            await asyncio.wait(running.values(), timeout=seconds)
        finally:
            left = {run_id: task for run_id, task in running.items() if not task.done()}
            await self._cancel_all(list(left.values()))
        return list(left)

    async def _cancel_all(self, tasks: Sequence[asyncio.Task[bool]]) -> None:
        """Cancel, and once more where the clean-up hangs."""
        for _ in range(2):
            left = [task for task in tasks if not task.done()]
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=self._cleanup_s)

    async def _answer(self, run_id: str) -> bool:
        try:
            run = await self._runs.begin(run_id)
            if run is None:
                return True
            self._attempts[run_id] = run.attempt
            return await self._work(run)
        except Postponed:
            log.warning("job_postponed", run_id=run_id)
        except Exception as error:
            # The outermost edge. The run stays in the run store for a later attempt.
            log.exception("job_failed", run_id=run_id, error=type(error).__name__)
        return False

    def _forget(self, run_id: str) -> None:
        del self._tasks[run_id]
        self._attempts.pop(run_id, None)


def has_ended(task: asyncio.Task[bool]) -> bool:
    """Whether a task that is done has ended its run, rather than left it for later."""
    return not task.cancelled() and task.result()
