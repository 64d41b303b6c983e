"""The calls of one run that are under way: heard through one inbox, and all stopped with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from moa.engine.in_flight_call import CallSlot, InFlightCall, OnText
from moa.engine.model_request import ModelRequest
from moa.ports import Model


@dataclass(frozen=True, slots=True)
class TextReceived:
    """A piece of an aggregator's text came in, or the first of a proposer's.

    `anew`: what came before it was a thought.
    """

    call: InFlightCall
    text: str
    anew: bool = False


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call has ended, whichever way."""

    call: InFlightCall


@dataclass(eq=False, slots=True)
class Timer:
    """Something to do at a time, unless it is cancelled before it was heard of."""

    act: Callable[[], object]
    handle: asyncio.TimerHandle | None = None
    cancelled: bool = False

    def cancel(self) -> None:
        """Leave it undone."""
        self.cancelled = True
        if self.handle:
            self.handle.cancel()
        self.handle = None


Report = TextReceived | CallEnded | Timer


class CallPool:
    """Owns the tasks of a run. Times are the event loop's."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[Report] = asyncio.Queue()
        self._running: dict[InFlightCall, asyncio.TimerHandle] = {}
        self._timers: set[Timer] = set()
        self.began = self._loop.time()

    def now(self) -> float:
        """The event loop's time in seconds."""
        return self._loop.time()

    def start(
        self, model: Model, place: CallSlot, request: ModelRequest, deadline: float
    ) -> InFlightCall:
        """Ask a model. At the deadline the call is stopped, however far it has come."""
        call = InFlightCall(place, model, self.now(), deadline, question=self)
        hear = self._hear_all if place.role == "aggregator" else self._hear_first
        call.task = asyncio.create_task(call.ask(request.prompt, request.sampling, hear(call)))
        self._running[call] = self._loop.call_at(deadline, call.cancel, "timeout")
        call.task.add_done_callback(partial(self._report, call))
        return call

    def later(self, when: float, act: Callable[[], object]) -> Timer:
        """Have something done at a time, by whoever reads the reports."""
        timer = Timer(act)
        timer.handle = self._loop.call_at(when, self._inbox.put_nowait, timer)
        self._timers.add(timer)
        return timer

    def running(self, layer: int | None = None) -> list[InFlightCall]:
        """The calls whose end was not reported yet, of one layer or of all."""
        return [c for c in self._running if layer is None or c.place.layer == layer]

    async def next(self, *, until: float | None = None) -> Report | None:
        """The next report, or None when there is none by the time `until`."""
        if until is None:  # a timeout costs as much as all the rest of what is done for a token
            report = await self._inbox.get()
        else:
            try:
                async with asyncio.timeout_at(until):
                    report = await self._inbox.get()
            except TimeoutError:
                return None
        if isinstance(report, CallEnded):
            self._running.pop(report.call).cancel()
        elif isinstance(report, Timer):
            self._timers.discard(report)
            report.handle = None  # it holds the timer
        return report

    async def stop(self) -> list[InFlightCall]:
        """Cancel what still runs and wait until its connections are closed.

        Returns the calls whose end was not reported.
        """
        for timer in self._timers:
            timer.cancel()
        for call, deadline in self._running.items():
            deadline.cancel()
            call.cancel("cancelled")
        unheard = [*self._running]
        tasks = [call.task for call in unheard if call.task]
        await asyncio.gather(*tasks, return_exceptions=True)
        # Reports and timers hold calls, and these hold the crew: such a circle would be left to the
        # garbage collector, for which a busy program stops now and then.
        self._running.clear()
        self._timers.clear()
        while not self._inbox.empty():
            self._inbox.get_nowait()
        return unheard

    def _report(self, call: InFlightCall, task: asyncio.Task[None]) -> None:
        call.end(task)
        self._inbox.put_nowait(CallEnded(call))

    def _hear_all(self, call: InFlightCall) -> OnText:
        def heard(text: str, *, anew: bool = False) -> None:
            self._inbox.put_nowait(TextReceived(call, text, anew))

        return heard

    def _hear_first(self, call: InFlightCall) -> OnText:
        """A proposer's text is read when its call has ended; that it began may stop a hedge."""

        def heard(text: str, *, anew: bool = False) -> None:
            if len(call.pieces) == 1 and not anew:
                self._inbox.put_nowait(TextReceived(call, text))

        return heard
