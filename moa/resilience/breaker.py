"""A circuit breaker: stops calling a model that keeps failing, so it delays no one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal

from moa.errors import ModelError, Rejected, Unavailable
from moa.ports import Model, Profile
from moa.types import Chunk, Prompt, Sampling

DEFAULT_FAILURES: Final = 4
"""Two questions in a row, each with one retry."""

DEFAULT_REST_S: Final = 30.0
DEFAULT_LONG_REST_S: Final = 300.0
DEFAULT_SILENT_S: Final = 20.0
"""Layers rarely stay open longer, so a model that is silent for this long is of no use to them."""

SILENCE_MESSAGE: Final = "The model's server was silent for too long."

PERMANENT_KINDS: Final = frozenset({"auth", "quota", "not_found"})
"""Kinds of Rejected that every further call would meet, unless `is_permanent` is set."""


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a breaker opens, and for how long.

    Attributes:
        failures: failures in a row after which it opens.
        rest_s: seconds it stays open; then one call probes the model.
        long_rest_s: the same after a rejected key, a used-up quota or an unknown model. One such
            failure opens it.
        silent_s: a call stopped after this many seconds without a token counts as a failure.
    """

    failures: int = DEFAULT_FAILURES
    rest_s: float = DEFAULT_REST_S
    long_rest_s: float = DEFAULT_LONG_REST_S
    silent_s: float = DEFAULT_SILENT_S


def is_permanent(error: ModelError) -> bool:
    """Return whether every further call would fail the same way, due to the model or its key.

    False if the refusal may be about a single question.
    """
    if not isinstance(error, Rejected):
        return False
    return error.error_kind in PERMANENT_KINDS if error.is_permanent is None else error.is_permanent


class BreakerOpen(Unavailable):
    """The model has kept failing and was not called this time."""

    kind = "breaker_open"


class Breaker:
    """Decides whether a model may be called. All questions share it; times are loop times.

    Closed, it admits every call. Open, it admits none until its rest is over, then a single probe.
    The probe's result closes it or starts another rest.
    """

    def __init__(self, rules: BreakerRules) -> None:
        self.rules = rules
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False
        self._cause = ""

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """The state, for logs and metrics; `half-open` during a probe."""
        if self._open_until is None:
            return "closed"
        return "half-open" if self._probing else "open"

    def check(self, now: float) -> None:
        """Raise if no call would be admitted now.

        Raises:
            BreakerOpen: it is open.
        """
        if self._open_until is not None and (self._probing or now < self._open_until):
            raise BreakerOpen(f"The model was not called because it kept failing: {self._cause}")

    def admit(self, now: float) -> bool:
        """Admit a call. Return whether it is the probe.

        Raises:
            BreakerOpen: it is open.
        """
        self.check(now)
        self._probing = self._open_until is not None
        return self._probing

    def record_first_token(self) -> None:
        """Close the breaker: a call is being answered. The next failure still counts in a row."""
        self._open_until = None
        self._probing = False

    def record_success(self) -> None:
        """Record a call that succeeded, or that was stopped while it was streaming."""
        self.record_first_token()
        self._failures = 0

    def record_failure(self, error: ModelError, now: float) -> None:
        """Record a failed call. Ignore errors that say nothing about the model's health."""
        if is_permanent(error):
            self._open(error, now + self.rules.long_rest_s)
        elif isinstance(error, Unavailable):
            self._failures += 1
            if self._failures >= self.rules.failures or self._probing:
                self._open(error, now + self.rules.rest_s)

    def end_probe(self) -> None:
        """Record a probe that ended without a result; the next call becomes the probe."""
        self._probing = False

    def _open(self, error: ModelError, until: float) -> None:
        self._cause = str(error)
        self._open_until = until
        self._probing = False


class _BreakerWrapper:
    """The parts that both wrappers share."""

    def __init__(self, model: Model, breaker: Breaker) -> None:
        self._model = model
        self._breaker = breaker

    @property
    def profile(self) -> Profile:
        """The wrapped model's profile."""
        return self._model.profile


class CircuitBreakerModel(_BreakerWrapper):
    """A Model that is called only while its breaker admits calls."""

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Call the model, or raise BreakerOpen at once; see `moa.Model`."""
        breaker, clock = self._breaker, asyncio.get_running_loop().time
        last_chunk_at = clock()
        is_probe = breaker.admit(last_chunk_at)
        has_text = False
        try:
            async with aclosing(self._model.stream(prompt, sampling)) as chunks:
                async for chunk in chunks:
                    last_chunk_at = clock()
                    if chunk.text and not has_text:
                        has_text = True
                        breaker.record_first_token()
                    yield chunk
            breaker.record_success()
        except ModelError as error:
            breaker.record_failure(error, clock())
            raise
        except (asyncio.CancelledError, GeneratorExit):
            if clock() - last_chunk_at >= breaker.rules.silent_s:
                breaker.record_failure(Unavailable(SILENCE_MESSAGE, kind="timeout"), clock())
            elif has_text:
                breaker.record_success()
            raise
        finally:
            if is_probe and not has_text:
                breaker.end_probe()


class FailFastModel(_BreakerWrapper):
    """A Model that fails at once while its breaker is open, instead of waiting for its turn."""

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Call the model, or raise BreakerOpen at once; see `moa.Model`."""
        self._breaker.check(asyncio.get_running_loop().time())
        async with aclosing(self._model.stream(prompt, sampling)) as chunks:
            async for chunk in chunks:
                yield chunk
