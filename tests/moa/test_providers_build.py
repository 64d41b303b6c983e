"""Models are built from settings cheaply, and mistakes are found before any call."""

from __future__ import annotations

import subprocess
import sys

import pytest

from moa import PipelineError, Profile, Usage
from moa.providers import Endpoints, ModelSpec, build, cost_of
from tests.moa.provider_calls import collect

TOKENS = Usage(input_tokens=1_000_000, output_tokens=1_000_000, cached_tokens=500_000)


def test_importing_and_building_load_no_sdk() -> None:
    """`moa-bot --help` stays fast: no SDK is imported before the first request."""
    code = (
        "import sys\n"
        "from moa import Profile\n"
        "from moa.providers import Endpoints, ModelSpec, build, cost_of\n"
        "for name in ('openai', 'anthropic', 'scripted'):\n"
        "    build(ModelSpec(provider=name, model='m', reply='x'), Profile('m'), Endpoints())\n"
        "    cost_of(name, 'm')\n"
        "heavy = {'openai', 'anthropic', 'httpx2', 'aiohttp', 'genai_prices', 'xllamacpp'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (ModelSpec(provider="scripted", model="parrot"), "needs `reply`"),
        (ModelSpec(provider="scripted", fail="explode"), "is unknown"),
        (ModelSpec(provider="openai", model="m", base_url="localhost"), "base_url"),
        (ModelSpec(provider="anthropic", model="m", base_url="localhost"), "base_url"),
    ],
)
def test_a_mistake_is_found_before_any_call(spec: ModelSpec, words: str) -> None:
    """Wrong settings are a PipelineError that says what is allowed."""
    with pytest.raises(PipelineError) as raised:
        build(spec, Profile("m"), Endpoints())
    assert words in str(raised.value)


async def test_a_scripted_model_is_built_from_its_settings() -> None:
    """`reply` and `fail` can be set in moa.toml, so a trial needs no code."""
    spec = ModelSpec(provider="scripted", model="echo")
    collected = await collect(build(spec, Profile("m"), Endpoints()))
    assert collected.text == "You said: What is the capital of France?"
    spec = ModelSpec(provider="scripted", reply="x", fail="overflow")
    assert (await collect(build(spec, Profile("m"), Endpoints()))).kind == ("Overflow", "overflow")


def test_a_key_is_not_shown_with_its_settings() -> None:
    """Settings can be logged: the key is left out."""
    spec = ModelSpec(provider="openai", model="m", api_key="sk-secret-key")
    assert "secret" not in repr(spec)


@pytest.mark.parametrize(
    ("provider", "model", "base_url"),
    [
        ("openai", "gpt-4o", None),
        ("anthropic", "claude-sonnet-4-5", None),
        ("openai", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "https://api.together.xyz/v1"),
    ],
)
def test_known_models_have_a_price(provider: str, model: str, base_url: str | None) -> None:
    """A call to a listed model costs its list price at the server used."""
    cost = cost_of(provider, model, base_url)(TOKENS)
    assert cost is not None
    assert cost > 0


def test_cached_input_costs_less() -> None:
    """Cached tokens are priced as cached tokens."""
    price = cost_of("openai", "gpt-4o")
    cached, fresh = price(Usage(1_000, 0, 1_000)), price(Usage(1_000, 0, 0))
    assert cached is not None
    assert fresh is not None
    assert cached < fresh


@pytest.mark.parametrize(
    ("provider", "model", "base_url"),
    [
        ("openai", "nobody-knows-it", None),
        ("openai", "gpt-4o", "http://127.0.0.1:8000/v1"),
    ],
)
def test_an_unknown_price_is_unknown(provider: str, model: str, base_url: str | None) -> None:
    """An unknown price is None, never 0."""
    assert cost_of(provider, model, base_url)(TOKENS) is None


@pytest.mark.parametrize("provider", ["local", "scripted"])
def test_local_models_cost_nothing(provider: str) -> None:
    """Models in this process are free."""
    assert cost_of(provider, "m")(TOKENS) == 0.0


def test_impossible_usage_is_still_priced() -> None:
    """A server that reports more cached than input tokens does no harm."""
    assert cost_of("openai", "gpt-4o")(Usage(10, 5, 50)) is not None
