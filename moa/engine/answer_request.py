"""One answer that is wanted, and the calls that are made for it: retried, refitted, hedged.

An answer is asked for once, and again only where that can help: with less of the thread when the
model found it too long, after a pause when its server was busy or broken, at another model when the
first one stays silent, and once more when it came empty. Never after the first words. Each call is
a line of the ledger.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from moa.engine.call_pool import CallPool, Timer
from moa.engine.in_flight_call import CallSlot, InFlightCall
from moa.engine.model_request import ModelRequest
from moa.errors import ModelError, Overflow, RateLimited, Unavailable
from moa.ports import Model
from moa.types import Answer, Call

REFIT_SHARE = 0.5
"""How much of its window a model is given after it found a prompt too long."""

FIRST_PAUSE_S = 0.5
"""Before the first retry; it doubles with each further one. Half of it is left to chance, so that
the questions that a failing server turned away do not come back all at once."""

MAX_PAUSE_S = 8.0

NOT_RETRIED = frozenset({"breaker_open", "garbled"})
"""Kinds of Unavailable that another try would meet again."""

Compose = Callable[[Model, float], ModelRequest]
"""The request for a model, in this share of its context window."""


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """What is wanted: an answer of this model in this place, by this time of the event loop.

    `patient`: whether the model is asked again after a fault that may pass. An aggregator that has
    a successor is not: the successor is the faster way to a reply.
    """

    model: Model
    place: CallSlot
    deadline: float
    patient: bool = True


class AnswerRequest:
    """The calls for one answer. `settled` once it is known what became of it."""

    def __init__(self, crew: CallPool, wanted: AnswerSpec, compose: Compose) -> None:
        self.wanted = wanted
        self.settled = False
        self.held: tuple[Answer, Call] | None = None
        """What the last call brought, while a pause before the next one lasts."""
        self._crew = crew
        self._compose = compose
        self._running: list[InFlightCall] = []
        self._begun: InFlightCall | None = None
        self._refitted: list[Model] = []
        self._calls = 0
        self._own_calls = 0
        self._hedged = wanted.model.profile.hedge is None
        self._mending = False
        self._came_empty = False
        self._pause: Timer | None = None
        self._hedge_timer: Timer | None = None
        self._ask(wanted.model)
        if hedge := wanted.model.profile.hedge:
            self._hedge_timer = crew.later(crew.now() + hedge.after_s, self._hedge)

    @property
    def is_mending(self) -> bool:
        """Whether it has failed once and is being asked again, or will be after a pause."""
        return self._mending

    @property
    def under_way(self) -> bool:
        """Whether a call is running that may still bring the answer."""
        return any(call.stopped is None for call in self._running)

    def heard(self, call: InFlightCall) -> bool:
        """Take in that a call has text; whether it is the call whose text counts.

        The first to begin wins, and the others are cancelled.
        """
        if self._begun is None:
            self._begun = call
            self._forget_timers()
            for other in self._running:
                if other is not call:
                    other.lose()
        return call is self._begun

    def goes_on(self, call: InFlightCall, *, brought: bool, late: bool) -> bool:
        """Take in that a call has ended; whether the answer may still come from another.

        Args:
            call: the one that has ended.
            brought: whether it brought a whole answer.
            late: whether its layer has closed: nothing more is begun for an answer that is late.
        """
        self._running.remove(call)
        if self.settled or self.under_way:
            return True
        if brought or late or call.wrote or call.stopped:
            return False
        if call is self._begun:
            self._begun = None  # it has said nothing: another call may begin the answer
        return self._again(call) or self._hedge()

    def drop(self) -> None:
        """Begin nothing more."""
        self._forget_timers()
        self._hedged = True

    def stop(self, why: str) -> None:
        """Stop what runs, and begin nothing more. `why` is an error kind."""
        self.drop()
        for call in self._running:
            call.cancel(why)

    def _again(self, call: InFlightCall) -> bool:
        """Ask the same model once more, now or after a pause, where that can help."""
        error = call.error
        if isinstance(error, Overflow) and call.model not in self._refitted:
            self._refitted.append(call.model)
            self._ask(call.model, REFIT_SHARE)
            return True
        model = self.wanted.model
        tried = self._own_calls - len([m for m in self._refitted if m is model])
        can_help = call.model is model and self.wanted.patient
        if not can_help or tried >= model.profile.max_attempts:
            return False
        if call.came_empty:
            return self._once_more(call)
        if not worth_retrying(error):
            return False
        at = self._crew.now() + pause(tried, error)
        if at >= self.wanted.deadline:
            return False
        self._mending = True
        self._pause = self._crew.later(at, self._retry)
        return True

    def _once_more(self, call: InFlightCall) -> bool:
        """Ask for an answer that came empty again, once, and at once, if there is as much time."""
        took = self._crew.now() - call.started
        if self._came_empty or self._crew.now() + took >= self.wanted.deadline:
            return False
        self._came_empty = self._mending = True
        self._retry()
        return True

    def _retry(self) -> None:
        self._pause = None
        share = REFIT_SHARE if self.wanted.model in self._refitted else 1.0
        self._ask(self.wanted.model, share)

    def _hedge(self) -> bool:
        """Start the same call at the alternate, if there is one and it was not asked yet."""
        hedge = self.wanted.model.profile.hedge
        if hedge is None or self._hedged:
            return False
        self._hedged = True
        if self._hedge_timer:
            self._hedge_timer.cancel()
        self._ask(hedge.model)
        return True

    def _ask(self, model: Model, share: float = 1.0) -> None:
        self._calls += 1
        self._own_calls += model is self.wanted.model
        place = replace(self.wanted.place, attempt=self._calls)
        request = self._compose(model, share)
        self._running.append(self._crew.start(model, place, request, self.wanted.deadline))

    def _forget_timers(self) -> None:
        for timer in (self._pause, self._hedge_timer):
            if timer:
                timer.cancel()
        self._pause = self._hedge_timer = None


def worth_retrying(error: BaseException | None) -> bool:
    """Whether the same request may find a better moment."""
    if isinstance(error, Unavailable):
        return error.error_kind not in NOT_RETRIED
    return isinstance(error, RateLimited)


def pause(tried: int, error: BaseException | None) -> float:
    """Seconds before the next try, after so many: what the server asks for, and never less."""
    backoff = min(FIRST_PAUSE_S * 2 ** (tried - 1), MAX_PAUSE_S) * random.uniform(0.5, 1.0)  # noqa: S311 - only spreads the tries
    invited = error.retry_after if isinstance(error, ModelError) else None
    return max(backoff, invited or 0.0)
