"""Shares the event loop between bursts of requests and streams that flood it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

REQUESTS_PER_TICK: Final = 24
"""Requests started per tick of the event loop: a few questions' worth, and more than one question
has in a layer. A lower number answers the first questions sooner but costs more ticks; see
`docs/performance.md`."""


THROTTLED_SHARE: Final = 0.2
"""The share of the event loop for all streams that send faster than we read."""

MAX_PAUSE_S: Final = 0.5


class StreamThrottle:
    """Pauses streams that flood the event loop, so other questions carry on as usual.

    Flooding streams queue up: ten together get the share of one.
    """

    def __init__(self) -> None:
        self._free_at = 0.0

    async def pause(self, spent_s: float) -> None:
        """Pause after `spent_s` seconds of work on one slice."""
        now = asyncio.get_running_loop().time()
        waiting = min(max(self._free_at - now, 0.0), MAX_PAUSE_S)
        pause_s = waiting + min(spent_s * (1 / THROTTLED_SHARE - 1), MAX_PAUSE_S)
        self._free_at = now + pause_s
        await asyncio.sleep(pause_s)


class BurstPacer:
    """Lets a few callers through per tick of the event loop, in order of arrival.

    An SDK takes a fifth of a millisecond of Python to build a request, and a connection needs a few
    ticks to send it. Unpaced, a burst is built to the last request before the first is sent, and
    every question waits for all the others. Belongs to the event loop that first uses it.
    """

    def __init__(self) -> None:
        self._started = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait_turn(self) -> None:
        """Wait for a turn; return at once while few requests have started in this tick."""
        loop = asyncio.get_running_loop()
        if self._started < REQUESTS_PER_TICK:
            if not self._started:
                loop.call_soon(self._next_tick)
            self._started += 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next_tick(self) -> None:
        self._started = 0
        while self._waiting and self._started < REQUESTS_PER_TICK:
            turn = self._waiting.popleft()
            if not turn.done():  # skip cancelled callers
                turn.set_result(None)
                self._started += 1
        if self._started:
            asyncio.get_running_loop().call_soon(self._next_tick)
