"""One model with everything around it: limits, a breaker, retries and an alternate."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from moa.errors import PipelineError
from moa.ports import Hedge, Model, Profile
from moa.resilience.breaker import Breaker, BreakerRules, CircuitBreakerModel, FailFastModel
from moa.resilience.rate_limit import RateLimitedModel, RateLimiter, WorkerShare
from moa.types import Chunk, Prompt, Sampling


class _WithProfile:
    """A Model under another profile."""

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
    sharers: WorkerShare | None = None,
    breaker: BreakerRules | None = BreakerRules(),  # noqa: B008 - frozen, and has no identity
    hedge_after_s: float | None = None,
    hedge_with: Model | None = None,
) -> Model:
    """The model with limits, a breaker, retries and an alternate around it.

    Make it once and use it for all questions: they share its limits and its breaker.

        fast = moa.resilient(fast, max_concurrency=8, hedge_after_s=5, hedge_with=spare)

    A plan's retries and hedges are the engine's: they keep to the layer's deadline, and each call
    is a line of the ledger. A model that is asked outside a plan has limits and breaker only.

    Args:
        model: the model.
        max_attempts: calls for one answer in all; None for what its profile says.
        max_concurrency: calls under way at the same time; more wait, and questions take turns.
        requests_per_minute: calls begun within any minute.
        sharers: the processes that both limits are divided between; this one alone by default.
        breaker: when it is given a rest after failures in a row; None for never.
        hedge_after_s: seconds without a first token after which `hedge_with` is asked the same.
        hedge_with: the alternate; the first to begin wins, and the other one is cancelled.

    Raises:
        PipelineError: only one of `hedge_after_s` and `hedge_with` is given.
    """
    if (hedge_after_s is None) != (hedge_with is None):
        raise PipelineError("A hedge needs both hedge_after_s and hedge_with.")
    built, gate = model, None
    if max_concurrency is not None or requests_per_minute is not None:
        gate = RateLimiter(
            max_concurrency=max_concurrency,
            requests_per_minute=requests_per_minute,
            sharers=sharers,
        )
    shared = Breaker(breaker) if breaker else None
    if shared:
        built = CircuitBreakerModel(built, shared)
    if gate:
        built = RateLimitedModel(
            built, gate
        )  # around the breaker: to wait for a turn is no silence
    if shared and gate:
        built = FailFastModel(built, shared)
    profile = model.profile
    if max_attempts is not None:
        profile = replace(profile, max_attempts=max_attempts)
    if hedge_after_s is not None and hedge_with is not None:
        profile = replace(profile, hedge=Hedge(hedge_with, hedge_after_s))
    return built if profile == model.profile else _WithProfile(built, profile)
