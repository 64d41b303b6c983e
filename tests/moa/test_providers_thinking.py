"""A reasoning model has room to answer, and says so if it ran out."""

from __future__ import annotations

from typing import Any

import pytest

from moa import Plan, Profile, Sampling, ask
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build
from moa.providers.parameters import REASONING_TOKENS
from tests.moa.provider_calls import collect
from tests.models import ModelServer, Reply

THINKER = Reply("Paris.", thinks=2_000)
HTTP = ["openai", "anthropic"]


def model_at(
    server: ModelServer,
    endpoints: Endpoints,
    provider: str,
    profile: Profile | None = None,
    **settings: Any,
) -> ProvidedModel:
    url = server.openai_url if provider == "openai" else server.anthropic_url
    settings = {"model": "m", "base_url": url, "api_key": "k", **settings}
    return build(ModelSpec(provider=provider, **settings), profile or Profile("m"), endpoints)


@pytest.mark.parametrize("provider", HTTP)
async def test_a_thinking_model_answers_in_both_roles(provider: str) -> None:
    """With default settings, a server that reasons for 2,000 tokens still answers."""
    async with ModelServer({"m": THINKER}) as server, Endpoints() as endpoints:
        model = model_at(server, endpoints, provider)
        outcome = await ask(Plan.of([model, model, model], aggregator=model), "Where?")
    assert outcome.reply == "Paris."
    assert [answer.text for answer in outcome.answers] == ["Paris."] * 3


@pytest.mark.parametrize("provider", HTTP)
@pytest.mark.parametrize(
    ("settings", "profile", "limit"),
    [
        ({}, Profile("m"), 800 + REASONING_TOKENS),
        ({"reasoning_tokens": 500}, Profile("m"), 1_300),
        ({"reasoning_tokens": 0}, Profile("m"), 800),
        ({}, Profile("m", context_window=8_000), 2_800),
        ({"reasoning_tokens": 4_000}, Profile("m", context_window=8_000), 4_800),
    ],
)
async def test_thinking_has_an_allowance_on_top_of_the_limit(
    provider: str, settings: dict[str, Any], profile: Profile, limit: int
) -> None:
    """The allowance is added to the limit; a small window gives up a quarter."""
    async with ModelServer({"m": THINKER}) as server, Endpoints() as endpoints:
        model = model_at(server, endpoints, provider, profile, **settings)
        await collect(model, sampling=Sampling(max_output_tokens=800))
    assert server.requests[0].body["max_tokens"] == limit
    assert model.profile.reasoning_tokens == limit - 800


@pytest.mark.parametrize(
    ("provider", "model", "thinks"),
    [
        ("openai", "gpt-5", True),
        ("openai", "gpt-4.1", False),
        ("openai", "openai/gpt-4o", False),
        ("openai", "ft:gpt-4o:team", False),
        ("openai", "deepseek-r1", True),
        ("anthropic", "claude-3-5-haiku-latest", False),
        ("anthropic", "claude-sonnet-5-5", True),
    ],
)
def test_models_that_do_not_think_have_no_allowance(
    provider: str, model: str, *, thinks: bool
) -> None:
    """Model families that don't reason get the plain limit."""
    built = build(ModelSpec(provider=provider, model=model), Profile("m"), Endpoints())
    assert built.profile.reasoning_tokens == (REASONING_TOKENS if thinks else 0)


async def test_reasoning_effort_is_sent_in_each_apis_form() -> None:
    """`reasoning_effort` is OpenAI's parameter of that name, and Anthropic's `effort`."""
    async with ModelServer({"m": Reply("Paris.")}) as server, Endpoints() as endpoints:
        for provider in HTTP:
            await collect(model_at(server, endpoints, provider, reasoning_effort="low"))
    openai, anthropic = (request.body for request in server.requests)
    assert openai["reasoning_effort"] == "low"
    assert anthropic["output_config"] == {"effort": "low"}


@pytest.mark.parametrize("provider", HTTP)
async def test_a_limit_without_text_differs_from_an_empty_answer(provider: str) -> None:
    """A model that spent its limit on reasoning says so, and what to change."""
    models = {"m": THINKER, "empty": Reply("")}
    async with ModelServer(models) as server, Endpoints() as endpoints:
        thinker = model_at(server, endpoints, provider, reasoning_tokens=100)
        empty = model_at(server, endpoints, provider, model="empty")
        for model, kind in ((thinker, "output_limit"), (empty, "empty")):
            outcome = await ask(Plan.of([model], aggregator=thinker), "Where?")
            first = outcome.answers[0]
            assert first.error_kind == kind
            assert ("reasoning_tokens" in str(first.error)) == (kind == "output_limit")


@pytest.mark.parametrize("provider", HTTP)
async def test_a_model_has_a_cap_for_each_role(provider: str) -> None:
    """One model can propose briefly and write the reply at length."""
    profile = Profile("m", proposer_max_output_tokens=300, aggregator_max_output_tokens=3_000)
    async with ModelServer({"m": Reply("Paris.")}) as server, Endpoints() as endpoints:
        model = model_at(server, endpoints, provider, profile, reasoning_tokens=0)
        await ask(Plan.of([model], aggregator=model), "Where?")
    assert [request.body["max_tokens"] for request in server.requests] == [300, 3_000]
