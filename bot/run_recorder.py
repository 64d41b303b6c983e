"""Stores a run's answers and calls as its events arrive."""

from __future__ import annotations

from bot.ports import Runs
from moa import Answered, Compared, Event, Failed, Retried


class RunRecorder:
    """Writes the events of one run to the run store."""

    def __init__(self, runs: Runs, run_id: str) -> None:
        self._runs = runs
        self._run_id = run_id

    async def record(self, event: Event) -> None:
        """Store the answer or the call that an event brings, if any."""
        match event:
            case Answered(answer, call) | Failed(answer, call):
                await self._runs.record(self._run_id, answer, call)
            case Retried(call) | Compared(call=call):
                await self._runs.charge(self._run_id, call)
            case _:
                pass
