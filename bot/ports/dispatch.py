"""The interfaces of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Jobs(Protocol):
    """Queues runs for a worker, in this process or another."""

    async def hand_over(self, run_id: str) -> int:
        """Queue a run and return at once. A run queued twice runs once.

        Returns:
            Its queue position if all workers are busy, else 0.
        """
        ...

    async def stop(self, run_id: str, user: str) -> bool:
        """Stop a run on any worker. Return False if it has ended."""
        ...


class Dispatcher(Jobs, Protocol):
    """Jobs that this process also works on: resumes unfinished runs and shuts down."""

    async def recover(self) -> int:
        """Resume unfinished runs that no process is working on. Return their number."""
        ...

    async def drain(self, seconds: float) -> Sequence[str]:
        """Accept no new runs, let running ones finish within `seconds`, and cancel the rest.

        Returns:
            The ids of the cancelled runs; another process or the next start resumes them.
        """
        ...
