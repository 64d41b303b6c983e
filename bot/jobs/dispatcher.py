"""What the bot needs from its worker, whichever database it runs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.ports import Jobs


class Dispatcher(Jobs, Protocol):
    """Hands runs to workers, and takes this process out of service."""

    async def recover(self) -> int:
        """Resume unfinished runs that no process works on; returns how many."""
        ...

    async def drain(self, seconds: float) -> Sequence[str]:
        """Take no new run, let running ones end within `seconds`, and cancel the rest.

        Returns:
            The ids of the runs that were cancelled; another process or the next start resumes them.
        """
        ...
