"""The runs that this process works on: each a task that is owned, bounded in number, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.errors import Postponed

log = structlog.get_logger(__name__)

LAST_WAIT_S = 3.0
"""Seconds that work which was stopped has to tidy up; it may be waiting for Slack."""

Work = Callable[[str, int], Awaitable[None]]
"""Works on a run's attempt, until it has ended or somebody else has taken the run over."""


class WorkerPool:
    """The tasks of this process, each for one attempt at a run.

    Args:
        work: what is done.
        at_once: how many are worked on together; the others wait for a place.
        last_wait_s: seconds that cancelled work has to tidy up.

    Attributes:
        on_room: called whenever work has ended, while new work is taken.
    """

    def __init__(self, work: Work, *, at_once: int, last_wait_s: float = LAST_WAIT_S) -> None:
        self._work = work
        self._at_once = at_once
        self._last_wait_s = last_wait_s
        self._places = asyncio.Semaphore(at_once)
        self._tasks: dict[str, asyncio.Task[bool]] = {}
        self._attempts: dict[str, int] = {}
        self._is_open = True
        self.on_room: Callable[[], None] = lambda: None

    @property
    def attempts(self) -> dict[str, int]:
        """The runs that are worked on, with their attempts."""
        return dict(self._attempts)

    @property
    def is_closed(self) -> bool:
        """Whether nothing is taken any more."""
        return not self._is_open

    def has_room(self, most: int) -> bool:
        """Whether one more would be worked on at once, without there being more than `most`."""
        return self._is_open and len(self._tasks) < most

    def begin(self, run_id: str, attempt: int) -> asyncio.Task[bool]:
        """Work on a run that is not worked on here, in a task of its own, which is given.

        Its result is False when the run was not worked on to its end: the work failed or was put
        off, or the process is stopping. Then it is left to the next who looks.
        """
        task = asyncio.create_task(self._within_places(run_id, attempt), name=f"run {run_id}")
        self._tasks[run_id], self._attempts[run_id] = task, attempt
        task.add_done_callback(lambda _: self._forget(run_id, task))
        return task

    async def on(self, run_id: str, attempt: int) -> bool:
        """Work on a run to its end; False when it was not, as the result of `begin`'s task.

        A newer attempt takes the place of an older one, which is stopped first.
        """
        while run_id in self._tasks:
            if self._attempts[run_id] >= attempt:
                return False
            self.cancel(run_id)
            await asyncio.wait([self._tasks[run_id]])
        return await ended(self.begin(run_id, attempt)) if self._is_open else False

    def cancel(self, run_id: str) -> None:
        """Leave a run alone from now on."""
        if run_id in self._tasks:
            self._tasks[run_id].cancel()

    async def drain(self, seconds: float) -> Sequence[str]:
        """Take nothing new, let what runs end within `seconds`, then stop the rest.

        Returns:
            The ids of the runs that did not end.
        """
        self._is_open = False
        running = dict(self._tasks)
        if not running:
            return ()
        try:
            await asyncio.wait(running.values(), timeout=seconds)
        finally:
            left = [run_id for run_id, task in running.items() if not task.done()]
            await self._stop([running[run_id] for run_id in left])
        return left

    async def _stop(self, tasks: Sequence[asyncio.Task[bool]]) -> None:
        """Cancel, and once more where what is done at the end hangs."""
        for _ in range(2):
            left = [task for task in tasks if not task.done()]
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=self._last_wait_s)

    def _forget(self, run_id: str, task: asyncio.Task[bool]) -> None:
        if self._tasks.get(run_id) is task:
            del self._tasks[run_id], self._attempts[run_id]
        if self._is_open:
            self.on_room()

    async def _within_places(self, run_id: str, attempt: int) -> bool:
        async with self._places:
            try:
                await self._work(run_id, attempt)
            except Postponed:
                log.warning("job_postponed", run_id=run_id, attempt=attempt)
                return False
            except Exception as error:
                # The outermost edge. The run stays in the journal, for the next who looks.
                log.exception("job_failed", run_id=run_id, error=type(error).__name__)
                return False
        return True


async def ended(task: asyncio.Task[bool]) -> bool:
    """Wait for a run's task, without being what ends it; whether it worked to its end."""
    await asyncio.wait([task])
    return not task.cancelled() and task.result()
