"""The calls of one run that are under way: heard through one inbox, and all stopped with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from moa.calls import Place, Running
from moa.compose import Request
from moa.ports import Model


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of a model's text came in."""

    call: Running
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """A call has ended, whichever way."""

    call: Running


class Crew:
    """Owns the tasks of a run. Times are the event loop's."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[Text | Done] = asyncio.Queue()
        self._running: dict[Running, asyncio.TimerHandle] = {}
        self.began = self._loop.time()

    def now(self) -> float:
        """The event loop's time in seconds."""
        return self._loop.time()

    def start(self, model: Model, place: Place, request: Request, deadline: float) -> Running:
        """Ask a model. At the deadline the call is stopped, however far it has come."""
        call = Running(place, model, self.now(), deadline)
        on_text = self._hear(call) if place.role == "aggregator" else _unheard
        call.task = asyncio.create_task(call.ask(request.prompt, request.sampling, on_text))
        self._running[call] = self._loop.call_at(deadline, call.cancel, "timeout")
        call.task.add_done_callback(lambda _: self._inbox.put_nowait(Done(call)))
        return call

    def running(self, layer: int | None = None) -> list[Running]:
        """The calls whose end was not reported yet, of one layer or of all."""
        return [c for c in self._running if layer is None or c.place.layer == layer]

    async def next(self, *, until: float | None = None) -> Text | Done | None:
        """The next report, or None at the time `until`."""
        try:
            async with asyncio.timeout_at(until):
                report = await self._inbox.get()
        except TimeoutError:
            return None
        if isinstance(report, Done):
            self._running.pop(report.call).cancel()
        return report

    async def stop(self) -> None:
        """Cancel what still runs and wait until its connections are closed."""
        for call, timer in self._running.items():
            timer.cancel()
            call.cancel("cancelled")
        tasks = [call.task for call in self._running if call.task]
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()

    def _hear(self, call: Running) -> Callable[[str], None]:
        def heard(text: str) -> None:
            self._inbox.put_nowait(Text(call, text))

        return heard


def _unheard(_text: str) -> None:
    """A proposer's text is read when its call has ended."""
