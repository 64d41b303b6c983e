"""A model that keeps failing is given a rest, so that it costs the next questions nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal

from moa.errors import ModelError, Rejected, Unavailable
from moa.ports import Model, Profile
from moa.types import Chunk, Prompt, Sampling

FAILURES: Final = 4
"""Two questions in a row, each with one retry."""

REST_S: Final = 30.0
LONG_REST_S: Final = 300.0
SILENT_S: Final = 20.0
"""A layer is rarely open for longer: a model that says nothing for so long is of no use to it."""

SILENT: Final = "The model's server was silent for too long."

WILL_NOT_HEAL: Final = frozenset({"auth", "quota", "not_found"})
"""Kinds of Rejected that every further call meets, unless the error itself says otherwise."""


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a breaker opens, and for how long.

    Attributes:
        failures: failures in a row after which it opens.
        rest_s: seconds for which it stays open; then a single call tries the model.
        long_rest_s: the same after a refused key, a used-up quota or an unknown model, of which
            one is enough.
        silent_s: a call that is stopped after so many seconds without a word is a failure too.
    """

    failures: int = FAILURES
    rest_s: float = REST_S
    long_rest_s: float = LONG_REST_S
    silent_s: float = SILENT_S


def will_not_heal(error: ModelError) -> bool:
    """Whether every further call would meet this error: a fault of the model or of its key.

    A refusal that may be about one question alone never counts.
    """
    if not isinstance(error, Rejected):
        return False
    return error.error_kind in WILL_NOT_HEAL if error.lasts is None else error.lasts


class BreakerOpen(Unavailable):
    """The model has kept failing and was not asked this time."""

    kind = "breaker_open"


class Breaker:
    """Whether a model may be asked. It is shared by all questions; times are the event loop's.

    Closed, it lets every call through. Open, it lets none through until its rest is over, and then
    a single one, whose end decides: closed again, or another rest.
    """

    def __init__(self, rules: BreakerRules | None = None) -> None:
        self.rules = rules or BreakerRules()
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False
        self._cause = ""

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """For logs and metrics; `half-open` while the single call is on its way."""
        if self._open_until is None:
            return "closed"
        return "half-open" if self._probing else "open"

    def check(self, now: float) -> None:
        """Find out early that no call would be let through.

        Raises:
            BreakerOpen: it is open.
        """
        if self._open_until is not None and (self._probing or now < self._open_until):
            raise BreakerOpen(f"The model was not asked, since it kept failing: {self._cause}")

    def admit(self, now: float) -> bool:
        """Let a call through; whether it is the single one that tries the model.

        Raises:
            BreakerOpen: it is open.
        """
        self.check(now)
        self._probing = self._open_until is not None
        return self._probing

    def spoke(self) -> None:
        """A call has begun to answer: others may follow it. The next failure still counts."""
        self._open_until = None
        self._probing = False

    def went_well(self) -> None:
        """A call has come to its end, or was stopped while it spoke."""
        self.spoke()
        self._failures = 0

    def went_wrong(self, error: ModelError, now: float) -> None:
        """A call has failed. Errors that say nothing of the model's health leave all as it was."""
        if will_not_heal(error):
            self._open(error, now + self.rules.long_rest_s)
        elif isinstance(error, Unavailable):
            self._failures += 1
            if self._failures >= self.rules.failures or self._probing:
                self._open(error, now + self.rules.rest_s)

    def undecided(self) -> None:
        """The single call has ended without a verdict: the next one is the single one."""
        self._probing = False

    def _open(self, error: ModelError, until: float) -> None:
        self._cause = str(error)
        self._open_until = until
        self._probing = False


class CircuitBreakerModel:
    """A Model that is asked only while its breaker lets calls through."""

    def __init__(self, model: Model, breaker: Breaker) -> None:
        self._model = model
        self._breaker = breaker

    @property
    def profile(self) -> Profile:
        """That of the model."""
        return self._model.profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Ask, or raise BreakerOpen at once; see `moa.Model`."""
        breaker, clock = self._breaker, asyncio.get_running_loop().time
        heard_at = clock()
        is_probe = breaker.admit(heard_at)
        spoke = False
        try:
            async with aclosing(self._model.stream(prompt, sampling)) as chunks:
                async for chunk in chunks:
                    heard_at = clock()
                    if chunk.text and not spoke:
                        spoke = True
                        breaker.spoke()
                    yield chunk
            breaker.went_well()
        except ModelError as error:
            breaker.went_wrong(error, clock())
            raise
        except (asyncio.CancelledError, GeneratorExit):
            if clock() - heard_at >= breaker.rules.silent_s:
                breaker.went_wrong(Unavailable(SILENT, kind="timeout"), clock())
            elif spoke:
                breaker.went_well()
            raise
        finally:
            if is_probe and not spoke:
                breaker.undecided()


class FailFastModel:
    """A Model that fails at once while its breaker is open, before it takes a place in a queue."""

    def __init__(self, model: Model, breaker: Breaker) -> None:
        self._model = model
        self._breaker = breaker

    @property
    def profile(self) -> Profile:
        """That of the model."""
        return self._model.profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Ask, or raise BreakerOpen at once; see `moa.Model`."""
        self._breaker.check(asyncio.get_running_loop().time())
        async with aclosing(self._model.stream(prompt, sampling)) as chunks:
            async for chunk in chunks:
                yield chunk
