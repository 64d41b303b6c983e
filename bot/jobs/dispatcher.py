"""What the rest of the bot needs from either way of working on runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.ports import Jobs

log = structlog.get_logger(__name__)

CLEANUP_EVERY_S = 600.0
"""Seconds between two deletions of expired runs."""

Stop = Callable[[str], None]
"""Stops a run that is in progress in this process because someone asked for it."""


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


@asynccontextmanager
async def repeating(
    act: Callable[[], Awaitable[object]], every_s: float
) -> AsyncGenerator[None, None]:
    """Run something every so many seconds, for as long as this is entered; log its errors."""
    task = asyncio.create_task(_repeat(act, every_s), name="repeating")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _repeat(act: Callable[[], Awaitable[object]], every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await act()
        except (SQLAlchemyError, OSError) as error:
            log.warning("upkeep_failed", error=type(error).__name__)
        except Exception:
            # The outermost edge of a task that must not end.
            log.exception("upkeep_failed")
