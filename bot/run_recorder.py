"""Stores a run's answers and calls as its events arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from bot.ports import RunStore
from moa import Answered, Call, Compared, Event, Failed, Retried


class RunRecorder:
    """Writes the events of one run to the run store."""

    def __init__(self, runs: RunStore, run_id: str) -> None:
        self._runs = runs
        self._run_id = run_id
        self._stopped: list[Call] = []
        self._storing: asyncio.Task[None] | None = None

    async def record(self, event: Event) -> None:
        """Store the answer or the call that an event reports, if any.

        If the run is stopped meanwhile, `charge_stopped` waits until it is stored.
        """
        match event:
            case Answered(answer, call) | Failed(answer, call):
                await self._store(self._runs.record(self._run_id, answer, call))
            case Retried(call) | Compared(call=call):
                await self._store(self._runs.charge(self._run_id, call))
            case _:
                pass

    def stopped(self, call: Call) -> None:
        """Note a call that was stopped with its run: it is billed, but no event reports it."""
        self._stopped.append(call)

    async def charge_stopped(self) -> None:
        """Store the calls that were stopped, whatever the run's outcome."""
        if self._storing and not self._storing.done():
            await self._storing
        while self._stopped:
            await self._runs.charge(self._run_id, self._stopped.pop(0))

    async def _store(self, store: Coroutine[object, object, None]) -> None:
        self._storing = asyncio.create_task(store)
        await asyncio.shield(self._storing)
