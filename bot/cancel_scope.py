"""A scope whose work can be ended from outside, with a reason to show to the asker."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Self

from bot.errors import Trouble, Unanswerable

CLOSE_S = 1.0
"""Seconds that a running call gets to finish after its work was stopped."""


async def finish_call(call: Coroutine[object, object, None]) -> None:
    """Make a call whose effect must be known. If cancelled, it gets `CLOSE_S` more to finish."""
    task = asyncio.create_task(call)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=CLOSE_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


class CancelScope:
    """A scope that can be interrupted. It then raises `Unanswerable` with the reason.

    Like `asyncio.timeout`, it cancels the task that entered it, and distinguishes its own
    cancellation from others. It can be entered again. Interrupting it while it is not entered, or a
    second time, does nothing.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._trouble: Trouble | None = None
        self._before = 0

    def interrupt(self, trouble: Trouble) -> None:
        """End the work within the scope."""
        if self._task and self._trouble is None:
            self._trouble = trouble
            self._task.cancel()

    async def __aenter__(self) -> Self:
        """Enter the scope in the current task."""
        self._task = task = asyncio.current_task()
        self._before = task.cancelling() if task else 0
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the scope. Cancellations from elsewhere propagate."""
        task, self._task = self._task, None
        if self._trouble is None or task is None:
            return
        if task.uncancel() <= self._before and (error is None or kind is asyncio.CancelledError):
            raise Unanswerable(self._trouble) from None
