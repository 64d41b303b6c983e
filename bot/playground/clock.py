"""The local Slack's clock. It measures every timeout, and tests can move it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_TOLERANCE = 1e-6
"""Seconds by which a timer may fire early: the resolution of epoch seconds in a float."""


class ClockTimer:
    """A pending callback. `cancel()` may be called at any time and more than once."""

    def __init__(self, due: float, callback: Callable[[], None], timers: set[ClockTimer]) -> None:
        self.due = due
        self.callback = callback
        self.handle: asyncio.TimerHandle | None = None
        self._timers = timers

    def cancel(self) -> None:
        """Cancel the timer."""
        self._timers.discard(self)
        if self.handle:
            self.handle.cancel()


class Clock:
    """A clock in epoch seconds that runs `scale` times as fast as the wall clock.

    With a scale of 0, only `advance` moves it. `start` is the first epoch second, by default the
    current time.
    """

    def __init__(self, *, scale: float = 1.0, start: float | None = None) -> None:
        if scale < 0:
            raise ValueError("a clock cannot run backwards")
        self._scale = scale
        self._base = time.time() if start is None else start
        self._origin = time.monotonic()
        self._timers: set[ClockTimer] = set()

    def now(self) -> float:
        """Return the current epoch seconds of this clock."""
        return self._base + (time.monotonic() - self._origin) * self._scale

    def advance(self, seconds: float) -> None:
        """Jump forward and fire all timers that became due, in order."""
        if seconds < 0:
            raise ValueError("a clock cannot run backwards")
        self._base += seconds
        for timer in sorted(self._timers, key=lambda timer: timer.due):
            if timer not in self._timers:  # cancelled by an earlier timer
                continue
            if timer.handle:
                timer.handle.cancel()
            self._fire(timer)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> ClockTimer:
        """Call `callback` after `seconds` on this clock."""
        timer = ClockTimer(self.now() + seconds, callback, self._timers)
        self._timers.add(timer)
        self._arm(timer)
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` on this clock."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        fired = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: _resolve(fired))
        try:
            await fired
        finally:
            timer.cancel()

    async def within(self, seconds: float, awaited: asyncio.Future[T]) -> T:
        """Return the result of `awaited`, or raise TimeoutError after `seconds`.

        `awaited` is not cancelled.
        """
        expiry = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: _resolve(expiry))
        try:
            await asyncio.wait((awaited, expiry), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        if not awaited.done():
            raise TimeoutError
        return awaited.result()

    def _arm(self, timer: ClockTimer) -> None:
        left = timer.due - self.now()
        loop = asyncio.get_running_loop()
        if left <= _TOLERANCE:
            timer.handle = loop.call_later(0, self._fire, timer)
        elif self._scale:
            timer.handle = loop.call_later(left / self._scale, self._fire, timer)

    def _fire(self, timer: ClockTimer) -> None:
        if timer.due - self.now() > _TOLERANCE:
            self._arm(timer)
            return
        self._timers.discard(timer)
        timer.callback()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
