"""The runs in progress in this process, one asyncio task each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.errors import Postponed
from bot.ports import Run, RunStore

log = structlog.get_logger(__name__)

CLEANUP_S = 3.0
"""Seconds that a cancelled run has to clean up; it may be waiting for Slack."""

RETRY_S = 5  # until a run that failed or was postponed is tried again

Work = Callable[[Run], Awaitable[bool]]
"""Works on a run that has begun; returns False if it leaves the run for a later attempt."""

Stop = Callable[[str], None]
"""Stops a run that is in progress in this process because someone asked for it."""


class RunTasks:
    """Starts, cancels and drains the tasks of runs.

    `in_progress` has the task of each run, `attempts` the number of the attempt once it has begun.
    """

    def __init__(self, runs: RunStore, work: Work) -> None:
        self.attempts: dict[str, int] = {}
        self._runs = runs
        self._work = work
        self.in_progress: dict[str, asyncio.Task[bool]] = {}

    def start(self, run_id: str) -> asyncio.Task[bool]:
        """Begin a run, or return its task if it is in progress here.

        The task's result is False if the run is left for a later attempt.
        """
        if run_id not in self.in_progress:
            task = asyncio.create_task(self._answer(run_id), name=f"run {run_id}")
            self.in_progress[run_id] = task
            task.add_done_callback(lambda _: self._forget(run_id))
        return self.in_progress[run_id]

    async def drain(self, seconds: float) -> Sequence[str]:
        """Let runs end within `seconds`, then cancel the rest; return their ids."""
        running = dict(self.in_progress)
        try:
            if running:
                await asyncio.wait(running.values(), timeout=seconds)
        finally:
            left = [run_id for run_id, task in running.items() if not task.done()]
            for _ in range(2):  # once more if the clean-up hangs
                unfinished = [task for task in running.values() if not task.done()]
                for task in unfinished:
                    task.cancel()
                if unfinished:
                    await asyncio.wait(unfinished, timeout=CLEANUP_S)
        return left

    async def _answer(self, run_id: str) -> bool:
        try:
            run = await self._runs.begin(run_id)
            if run is None:
                return True
            self.attempts[run_id] = run.attempt
            return await self._work(run)
        except Postponed:
            log.warning("job_postponed", run_id=run_id)
        except Exception as error:
            # The outermost edge. The run stays in the run store for a later attempt.
            log.exception("job_failed", run_id=run_id, error=type(error).__name__)
        return False

    def _forget(self, run_id: str) -> None:
        del self.in_progress[run_id]
        self.attempts.pop(run_id, None)


def has_ended(task: asyncio.Task[bool]) -> bool:
    """Return whether a finished task ended its run, rather than left it for later."""
    return not task.cancelled() and task.result()
