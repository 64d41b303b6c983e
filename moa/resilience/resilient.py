"""Adds limits, a circuit breaker, retries and a hedge to one model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from moa.arguments import require_model
from moa.errors import PipelineError
from moa.ports import Hedge, Model, Profile
from moa.resilience.breaker import Breaker, BreakerRules, CircuitBreakerModel, FailFastModel
from moa.resilience.rate_limit import RateLimitedModel, RateLimiter, WorkerShare
from moa.types import Chunk, Prompt, Sampling


class _WithProfile:
    """A Model with a different profile."""

    def __init__(self, model: Model, profile: Profile) -> None:
        self._model = model
        self._profile = profile

    @property
    def profile(self) -> Profile:
        return self._profile

    def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        return self._model.stream(prompt, sampling)


def resilient(
    model: Model,
    *,
    max_attempts: int | None = None,
    max_concurrency: int | None = None,
    requests_per_minute: int | None = None,
    worker_share: WorkerShare | None = None,
    breaker: BreakerRules | None = BreakerRules(),  # noqa: B008 - frozen, and has no identity
    hedge_after_s: float | None = None,
    hedge_with: Model | None = None,
) -> Model:
    """Return the model with limits, a circuit breaker, retries and a hedge.

    Create it once and use it for all questions, so that they share its limits and breaker.

        fast = moa.resilient(fast, max_concurrency=8, hedge_after_s=5, hedge_with=spare)

    Retries and hedges happen only inside a plan: the engine makes them within the layer's deadline
    and logs each call. A model used outside a plan only has limits and the breaker.

    Args:
        model: the model.
        max_attempts: calls for one answer, retries included; None for what its profile says.
        max_concurrency: calls running at once; more wait, and questions take turns.
        requests_per_minute: calls started within any minute.
        worker_share: divides both limits between processes; by default there is only this one.
        breaker: when to stop calling the model because it keeps failing; None for never.
        hedge_after_s: seconds without a first token after which `hedge_with` is called too.
        hedge_with: the alternate; the first to send a token wins and the other is cancelled.

    Raises:
        PipelineError: only one of `hedge_after_s` and `hedge_with` is given, or one is no model.
    """
    require_model("model", model)
    if hedge_with is not None:
        require_model("hedge_with", hedge_with)
    if (hedge_after_s is None) != (hedge_with is None):
        raise PipelineError("A hedge needs both hedge_after_s and hedge_with.")
    limiter = None
    if max_concurrency is not None or requests_per_minute is not None:
        limiter = RateLimiter(
            max_concurrency=max_concurrency,
            requests_per_minute=requests_per_minute,
            worker_share=worker_share,
        )
    wrapped = _guarded(model, limiter, Breaker(breaker) if breaker else None)
    profile = model.profile
    if max_attempts is not None:
        profile = replace(profile, max_attempts=max_attempts)
    if hedge_after_s is not None and hedge_with is not None:
        profile = replace(profile, hedge=Hedge(hedge_with, hedge_after_s))
    return wrapped if profile == model.profile else _WithProfile(wrapped, profile)


def _guarded(model: Model, limiter: RateLimiter | None, breaker: Breaker | None) -> Model:
    if breaker:
        model = CircuitBreakerModel(model, breaker)
    if limiter:
        # Outside the breaker, which would otherwise count waiting for a turn as silence.
        model = RateLimitedModel(model, limiter)
    return FailFastModel(model, breaker) if breaker and limiter else model
