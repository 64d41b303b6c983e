"""The questions that wait in this process until it has room for them, the smallest turn first."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple


class Waiting(NamedTuple):
    """A question in the line; `number` tells which of two with the same turn came first."""

    turn: int
    number: int
    run_id: str


class LocalQueue:
    """They also stand in the journal: what is lost with the process is taken up from there."""

    def __init__(self) -> None:
        self._heap: list[Waiting] = []
        self._run_ids: set[str] = set()
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._heap)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._run_ids

    @property
    def run_ids(self) -> frozenset[str]:
        """Those that wait."""
        return frozenset(self._run_ids)

    def add(self, run_id: str, turn: int) -> None:
        """Let a question wait; once, however often it is added."""
        if run_id not in self._run_ids:
            self._run_ids.add(run_id)
            heapq.heappush(self._heap, Waiting(turn, next(self._numbers), run_id))

    def take(self) -> str:
        """The next in turn. Raises IndexError where nobody waits."""
        run_id = heapq.heappop(self._heap).run_id
        self._run_ids.discard(run_id)
        return run_id

    def leave(self) -> Sequence[Waiting]:
        """All of them, in turn; nobody waits here any more."""
        left = sorted(self._heap)
        self._heap.clear()
        self._run_ids.clear()
        return left
