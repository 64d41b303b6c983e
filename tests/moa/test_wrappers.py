"""`moa.resilient` adds limits, a breaker, retries and a hedge to a model."""

from __future__ import annotations

import pytest

from moa import Hedge, PipelineError, Profile, Usage, resilient
from moa.providers.scripted import Hang
from moa.resilience import RateLimitedModel, RateLimiter
from tests.moa.provider_calls import collect
from tests.moa.runs import layer, plan, play, says
from tests.moa.virtual_time import virtual


@virtual
async def test_a_wrapped_model_gives_the_same_answer() -> None:
    """Text, stop reason, usage and name come through unchanged."""
    inner = says("m", "Pa", "ris")
    wrapped = resilient(inner, max_concurrency=1, requests_per_minute=5, max_attempts=3)
    collected = await collect(wrapped)
    assert (collected.text, collected.stop, collected.chunks) == ("Paris", "end", 3)
    assert collected.usage == Usage(14, 2)
    assert wrapped.profile == Profile("m", max_attempts=3)


def test_a_model_without_settings_is_not_wrapped() -> None:
    """There is no needless wrapper."""
    inner = says("m")
    assert resilient(inner, breaker=None) is inner


@virtual
async def test_a_hedge_is_configured_in_the_profile() -> None:
    """The engine makes the hedge call, under the alternate's own limits."""
    spare = resilient(says("spare"), max_concurrency=1)
    model = resilient(says("m", Hang()), hedge_after_s=2, hedge_with=spare)
    assert model.profile.hedge == Hedge(spare, 2)
    played = await play(plan(layer(model), by=says("w")))
    assert (played.read_models(), played.outcome.seconds) == ({"spare"}, 2.0)


def test_half_a_hedge_is_an_error() -> None:
    """The delay and the alternate must be given together."""
    with pytest.raises(PipelineError, match="both"):
        resilient(says("m"), hedge_after_s=2)
    with pytest.raises(PipelineError, match="both"):
        resilient(says("m"), hedge_with=says("spare"))


@virtual
async def test_a_model_outside_a_run_is_limited_too() -> None:
    """Calls outside a run share one queue."""
    limited = RateLimitedModel(says("m"), RateLimiter(max_concurrency=1))
    assert [(await collect(limited)).text for _ in range(3)] == ["The answer of m."] * 3
