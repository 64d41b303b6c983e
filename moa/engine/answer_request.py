"""Makes the calls for one answer: the first one, a refit, retries and a hedge.

A call is repeated only where that can help. If the prompt was too long, the thread is shortened.
If the server was busy or broken, the same model is retried after a delay. If the model stays
silent, its alternate is called. An empty answer is retried once. Nothing is repeated after the
first words. Every call is logged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from moa.engine.call_pool import CallPool, Timer
from moa.engine.in_flight_call import CallSlot, InFlightCall
from moa.engine.model_request import ModelRequest
from moa.errors import ModelError, Overflow, RateLimited, Unavailable
from moa.events import Retried
from moa.ports import Model
from moa.types import Answer, Call

REFIT_SHARE = 0.5
"""Share of its context window to use after a model rejected a prompt as too long."""

FIRST_RETRY_DELAY_S = 0.5
"""Doubles with each retry. Half of it is random, so retries don't hit the server all at once."""

MAX_RETRY_DELAY_S = 8.0

NOT_RETRIED_KINDS = frozenset({"breaker_open", "garbled"})
"""Kinds of Unavailable that a retry can't help with."""

BuildRequest = Callable[[Model, float], ModelRequest]
"""Builds the request for a model, using this share (0 to 1) of its context window."""


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """One answer to get.

    Attributes:
        model: the model to call.
        slot: where the answer belongs in the run.
        deadline: the event loop time at which its calls are stopped.
        may_retry: whether to retry temporary failures. False for an aggregator with a successor,
            since the successor gets to a reply faster.
    """

    model: Model
    slot: CallSlot
    deadline: float
    may_retry: bool = True


class AnswerRequest:
    """The calls for one answer.

    Attributes:
        spec: the answer to get.
        settled: whether the answer is final, good or failed.
        pending_failure: the result of the last call while a retry is scheduled.
    """

    def __init__(self, pool: CallPool, spec: AnswerSpec, build: BuildRequest) -> None:
        """Start the first call, and schedule the hedge if the model has one."""
        self.spec = spec
        self.settled = False
        self.pending_failure: tuple[Answer, Call] | None = None
        self._pool = pool
        self._build = build
        self._running: list[InFlightCall] = []
        self._winner: InFlightCall | None = None
        self._refitted: list[Model] = []
        self._calls = 0
        self._primary_calls = 0
        self._hedged = spec.model.profile.hedge is None
        self._retrying = False
        self._retried_empty = False
        self._retry_timer: Timer | None = None
        self._hedge_timer: Timer | None = None
        self._start_call(spec.model)
        if hedge := spec.model.profile.hedge:
            self._hedge_timer = pool.schedule(pool.now() + hedge.after_s, self._start_hedge)

    @property
    def is_retrying(self) -> bool:
        """Whether a retry is running or scheduled."""
        return self._retrying

    @property
    def has_running_call(self) -> bool:
        """Whether a running call may still produce the answer."""
        return any(call.cancel_kind is None for call in self._running)

    def accept_text(self, call: InFlightCall) -> bool:
        """Return whether to use this call's text.

        The first call to produce text wins; the others are cancelled.
        """
        if self._winner is None:
            self._winner = call
            self._cancel_timers()
            for other in self._running:
                if other is not call:
                    other.lose()
        return call is self._winner

    def continue_after(self, call: InFlightCall, *, succeeded: bool, late: bool) -> bool:
        """Record that a call has ended. Return whether another call may produce the answer.

        Args:
            call: the call that ended.
            succeeded: whether it returned a complete answer.
            late: whether its layer has closed; no new calls are started for a late answer.
        """
        self._running.remove(call)
        if self.settled or self.has_running_call:
            return True
        if succeeded or late or call.has_words or call.cancel_kind:
            return False
        if call is self._winner:
            self._winner = None  # it sent only blank text, so another call may win
        return self._repeat(call) or self._start_hedge()

    def close(self) -> None:
        """Start no more calls."""
        self._cancel_timers()
        self._hedged = True

    def stop(self, kind: str) -> None:
        """Cancel the running calls and start no more. `kind` is the error kind to record."""
        self.close()
        for call in self._running:
            call.cancel(kind)

    def _repeat(self, call: InFlightCall) -> bool:
        """Refit the prompt now or schedule a retry. Return False if neither can help."""
        error = call.error
        if isinstance(error, Overflow) and call.model not in self._refitted:
            self._refitted.append(call.model)
            self._start_call(call.model, REFIT_SHARE)
            return True
        model = self.spec.model
        tried = self._primary_calls - len([m for m in self._refitted if m is model])
        can_help = call.model is model and self.spec.may_retry
        if not can_help or tried >= model.profile.max_attempts:
            return False
        if call.ended_empty:
            return self._retry_empty(call)
        if not is_retryable(error):
            return False
        retry_at = self._pool.now() + retry_delay(tried, error)
        if retry_at >= self.spec.deadline:
            return False
        self._retrying = True
        self._retry_timer = self._pool.schedule(retry_at, self._start_retry)
        return True

    def _retry_empty(self, call: InFlightCall) -> bool:
        """Retry an empty answer at once, but only once and if there is time for as long a call."""
        now = self._pool.now()
        seconds = now - call.started
        if self._retried_empty or now + seconds >= self.spec.deadline:
            return False
        self._retried_empty = self._retrying = True
        self._start_retry()
        return True

    def _start_retry(self) -> None:
        self._retry_timer = None
        share = REFIT_SHARE if self.spec.model in self._refitted else 1.0
        self._start_call(self.spec.model, share)

    def _start_hedge(self) -> bool:
        """Call the alternate, at most once. Return whether a call was started."""
        hedge = self.spec.model.profile.hedge
        if hedge is None or self._hedged:
            return False
        self._hedged = True
        if self._hedge_timer:
            self._hedge_timer.cancel()
        self._start_call(hedge.model)
        return True

    def _start_call(self, model: Model, share: float = 1.0) -> None:
        self._calls += 1
        self._primary_calls += model is self.spec.model
        slot = replace(self.spec.slot, attempt=self._calls)
        request = self._build(model, share)
        self._running.append(self._pool.start(model, slot, request, self.spec.deadline))

    def _cancel_timers(self) -> None:
        for timer in (self._retry_timer, self._hedge_timer):
            if timer:
                timer.cancel()
        self._retry_timer = self._hedge_timer = None


class Requests(dict[tuple[int, int], AnswerRequest]):
    """The requests of a run by layer and position."""

    def started_retries(self) -> Iterator[Retried]:
        """Report failed calls whose retry has just started."""
        for request in self.values():
            if request.pending_failure and request.has_running_call:
                _, call = request.pending_failure
                request.pending_failure = None
                yield Retried(call)

    async def stop(self, pool: CallPool, on_stopped: Callable[[Call], object] | None) -> None:
        """Stop all calls of the pool; `on_stopped` gets each one that appeared in no event."""
        unreported = await pool.stop()
        failures = [request.pending_failure for request in self.values()]
        self.clear()  # they refer back to their owner
        if on_stopped:
            for _, call in filter(None, failures):
                on_stopped(call)
            for call in unreported:
                on_stopped(call.result(run_started=pool.started_at, late=False)[1])


def is_retryable(error: BaseException | None) -> bool:
    """Return whether the same request may succeed a moment later."""
    if isinstance(error, Unavailable):
        return error.error_kind not in NOT_RETRIED_KINDS
    return isinstance(error, RateLimited)


def retry_delay(tried: int, error: BaseException | None) -> float:
    """Return the seconds to wait before the next try, at least the server's `Retry-After`.

    Args:
        tried: calls made so far, at least 1.
        error: why the last call failed.
    """
    backoff = min(FIRST_RETRY_DELAY_S * 2 ** (tried - 1), MAX_RETRY_DELAY_S)
    jittered = backoff * random.uniform(0.5, 1.0)  # noqa: S311 - only spreads the retries
    retry_after = error.retry_after if isinstance(error, ModelError) else None
    return max(jittered, retry_after or 0.0)
