"""Who has the event loop when many requests begin at once, or a server sends without end."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

A_TURN: Final = 24
"""Requests that begin in one turn of the event loop: those of some questions, and more than one
question has in a layer. Fewer bring the first questions' answers sooner and cost more turns of the
loop; `docs/performance.md` has the figures."""


FLOOD_SHARE: Final = 0.2
"""Of the event loop, for all streams together that bring more than can be read as they come."""

LONGEST_REST_S: Final = 0.5


class FloodGate:
    """Has streams rest that keep the event loop busy, so that other questions go on as usual.

    They take turns: ten floods together get the share of one.
    """

    def __init__(self) -> None:
        self._free_at = 0.0

    async def rest(self, spent_s: float) -> None:
        """Wait after so many seconds of work on one slice."""
        now = asyncio.get_running_loop().time()
        waiting = min(max(self._free_at - now, 0.0), LONGEST_REST_S)
        rest_s = waiting + min(spent_s * (1 / FLOOD_SHARE - 1), LONGEST_REST_S)
        self._free_at = now + rest_s
        await asyncio.sleep(rest_s)


class BurstPacer:
    """Lets a few callers through in each turn of the event loop, in the order in which they came.

    An SDK takes a fifth of a millisecond of Python to build a request, and a connection takes a few
    turns of the loop before the request goes out on it. Left alone, a burst is built to its last
    request before its first is sent, and everybody waits for all the others. It belongs to the
    event loop in which it was first used.
    """

    def __init__(self) -> None:
        self._begun = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Wait for the caller's turn; not at all while few have begun in this turn of the loop."""
        loop = asyncio.get_running_loop()
        if self._begun < A_TURN:
            if not self._begun:
                loop.call_soon(self._next_turn)
            self._begun += 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next_turn(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < A_TURN:
            turn = self._waiting.popleft()
            if not turn.done():  # whoever was cancelled holds nobody up
                turn.set_result(None)
                self._begun += 1
        if self._begun:
            asyncio.get_running_loop().call_soon(self._next_turn)
