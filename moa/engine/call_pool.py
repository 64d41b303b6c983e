"""Runs the calls of one run as tasks, and reports their progress through one queue."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from moa.engine.in_flight_call import CallSlot, InFlightCall, OnText
from moa.engine.model_request import ModelRequest
from moa.ports import Model


@dataclass(eq=False, slots=True)  # not frozen, which is slower: there is one per token
class TextReceived:
    """Text arrived: every piece of an aggregator's, only the first of any other call's.

    Attributes:
        call: the call that sent it.
        text: the piece of text.
        retract: whether all earlier text of the call was a thought and no longer counts.
    """

    call: InFlightCall
    text: str
    retract: bool = False


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call has ended: it succeeded, failed or was cancelled."""

    call: InFlightCall


@dataclass(eq=False, slots=True)
class Timer:
    """A callback to run at a set time, unless it is cancelled before it is handled."""

    callback: Callable[[], object]
    handle: asyncio.TimerHandle | None = None
    cancelled: bool = False

    def cancel(self) -> None:
        """Don't run the callback."""
        self.cancelled = True
        if self.handle:
            self.handle.cancel()
        self.handle = None


PoolEvent = TextReceived | CallEnded | Timer


class CallPool:
    """Owns the tasks of one run. All times are event loop times in seconds.

    Attributes:
        started_at: when the run started.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # There is one reader. An asyncio.Queue, made for many, costs more per streamed token.
        self._events: deque[PoolEvent] = deque()
        self._arrival: asyncio.Future[None] | None = None
        self._running: dict[InFlightCall, asyncio.TimerHandle] = {}
        self._timers: set[Timer] = set()
        self.started_at = self._loop.time()

    def now(self) -> float:
        """Return the event loop time in seconds."""
        return self._loop.time()

    def start(
        self, model: Model, slot: CallSlot, request: ModelRequest, deadline: float
    ) -> InFlightCall:
        """Start a call. It is cancelled at the deadline, even while it is streaming."""
        call = InFlightCall(slot, model, self.now(), question=self)
        forward = self._forward_all if slot.role == "aggregator" else self._forward_first
        call.task = asyncio.create_task(call.run(request.prompt, request.sampling, forward(call)))
        self._running[call] = self._loop.call_at(deadline, call.cancel, "timeout")
        call.task.add_done_callback(partial(self._on_done, call))
        return call

    def schedule(self, when: float, callback: Callable[[], object]) -> Timer:
        """Queue a timer event at `when`. Its handler runs the callback."""
        timer = Timer(callback)
        timer.handle = self._loop.call_at(when, self._put, timer)
        self._timers.add(timer)
        return timer

    def running(self) -> list[InFlightCall]:
        """Return the calls whose end has not been reported yet."""
        return [*self._running]

    async def next_event(self, *, until: float | None = None) -> PoolEvent | None:
        """Wait for the next event. Return None if there is none by the time `until`."""
        if not self._events:
            arrival = self._arrival = self._loop.create_future()
            try:
                if until is None:  # a timeout would double the work done per token
                    await arrival
                else:
                    async with asyncio.timeout_at(until):
                        await arrival
            except TimeoutError:
                return None
        event = self._events.popleft()
        if isinstance(event, CallEnded):
            self._running.pop(event.call).cancel()
        elif isinstance(event, Timer):
            self._timers.discard(event)
            event.handle = None  # it refers back to the timer
        return event

    async def stop(self) -> list[InFlightCall]:
        """Cancel all running calls and wait until their connections are closed.

        Returns:
            The calls whose end has not been reported.
        """
        for timer in self._timers:
            timer.cancel()
        for call, deadline in self._running.items():
            deadline.cancel()
            call.cancel("cancelled")
        unreported = self.running()
        tasks = [call.task for call in unreported if call.task]
        await asyncio.gather(*tasks, return_exceptions=True)
        # Break the reference cycle (events and timers hold calls, and calls hold the pool) so it
        # isn't left to the garbage collector, which causes pauses under load.
        self._running.clear()
        self._timers.clear()
        self._events.clear()
        return unreported

    def _put(self, event: PoolEvent) -> None:
        self._events.append(event)
        if self._arrival and not self._arrival.done():
            self._arrival.set_result(None)

    def _on_done(self, call: InFlightCall, task: asyncio.Task[None]) -> None:
        call.record_end(task)
        self._put(CallEnded(call))

    def _forward_all(self, call: InFlightCall) -> OnText:
        def forward(text: str, *, retract: bool = False) -> None:
            self._put(TextReceived(call, text, retract))

        return forward

    def _forward_first(self, call: InFlightCall) -> OnText:
        """Forward the first text only: it can stop a hedge; the rest is read at the call's end."""

        def forward(text: str, *, retract: bool = False) -> None:
            if len(call.texts) == 1 and not retract:
                self._put(TextReceived(call, text))

        return forward
