"""Models on this machine get longer default waits than hosted ones."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

import pytest

import moa
from moa.addresses import is_loopback
from moa.catalogue import ModelCatalogue
from moa.environment import lookup_in
from moa.model_refs import ModelResolver
from moa.pipeline.config import Config
from moa.providers import Endpoints
from tests.models.replies import Reply
from tests.models.server import ModelServer

KEYS = {"OPENAI_API_KEY": "sk-test", "GROQ_API_KEY": "gsk-test"}
HOSTED: dict[str, Any] = {"provider": "openai", "model": "gpt"}
MINE: dict[str, Any] = HOSTED | {"base_url": "http://127.0.0.1:8000/v1"}


def catalogue(
    endpoints: Endpoints,
    model: Mapping[str, Any],
    pipeline: Mapping[str, Any],
    variables: Mapping[str, str] = KEYS,
) -> ModelCatalogue:
    """Return live models: `mine` as given and `hosted`, in a pipeline `one`."""
    table = {
        "models": {"mine": model, "hosted": HOSTED | {"base_url": "https://models.example/v1"}},
        "pipelines": {"one": pipeline},
    }
    return ModelCatalogue(Config.from_table(table), endpoints, lookup_in(variables))


BOTH = {"aggregator": "mine", "layers": [{"proposers": ["mine", "hosted"]}]}


@pytest.mark.parametrize(
    ("model", "variables"),
    [
        (MINE, KEYS),
        (HOSTED | {"base_url": "http://localhost:1234/v1"}, KEYS),
        (HOSTED | {"base_url": "http://[::1]:8080/v1"}, KEYS),
        (HOSTED | {"base_url": "http://127.0.1.1/v1"}, KEYS),
        (HOSTED | {"base_url": "http://gpu.localhost:8080/v1"}, KEYS),
        ({"provider": "ollama", "model": "llama3.3"}, KEYS),
        (HOSTED, KEYS | {"OPENAI_BASE_URL": "http://localhost:8000/v1"}),
        ({"provider": "local", "model": "smollm2-135m-instruct"}, KEYS),
    ],
)
async def test_a_local_model_gets_longer_default_waits(
    model: dict[str, Any], variables: dict[str, str]
) -> None:
    """Its layers, its replies and its own silence; a hosted model keeps the usual ones."""
    async with Endpoints() as endpoints:
        found = catalogue(endpoints, model, BOTH, variables)
        plan = found.plan("one")
        assert [layer.deadline_s for layer in plan.layers] == [240]
        assert plan.aggregator_deadline_s == 480
        mine, hosted = found.tables["mine"], found.tables["hosted"]
        assert (mine.timeout_s, mine.breaker.silent_s) == (240, 240)
        assert (hosted.timeout_s, hosted.breaker.silent_s) == (120, 20)


@pytest.mark.parametrize(
    ("model", "variables"),
    [
        (HOSTED, KEYS),
        ({"provider": "groq", "model": "llama"}, KEYS),
        (HOSTED | {"base_url": "http://192.168.1.5:8000/v1"}, KEYS),
        (HOSTED | {"base_url": "http://localhost.example:8000/v1"}, KEYS),
        (HOSTED | {"base_url": "http://127.0.0.1.example/v1"}, KEYS),
        ({"provider": "ollama", "model": "llama3.3"}, KEYS | {"OLLAMA_HOST": "10.0.0.7"}),
        ({"provider": "scripted", "model": "echo"}, KEYS),
    ],
)
async def test_any_other_model_keeps_the_usual_waits(
    model: dict[str, Any], variables: dict[str, str]
) -> None:
    """45 s for a layer and 180 s for a reply."""
    async with Endpoints() as endpoints:
        found = catalogue(endpoints, model, BOTH, variables)
        plan = found.plan("one")
        assert [layer.deadline_s for layer in plan.layers] == [45]
        assert plan.aggregator_deadline_s == 180
        assert (found.tables["mine"].timeout_s, found.tables["mine"].breaker.silent_s) == (120, 20)


async def test_what_the_configuration_sets_stays() -> None:
    """Each value by itself, also one that equals the usual default."""
    model = MINE | {"timeout_s": 120, "breaker": {"failures": 2}}
    layers = [{"proposers": ["mine"], "deadline_s": 30}, {"proposers": ["mine"]}]
    async with Endpoints() as endpoints:
        pipeline = {"aggregator": "mine", "layers": layers, "aggregator_deadline_s": 180}
        found = catalogue(endpoints, model, pipeline)
        plan = found.plan("one")
        assert [layer.deadline_s for layer in plan.layers] == [30, 240]
        assert plan.aggregator_deadline_s == 180
        breaker = found.tables["mine"].breaker
        assert (found.tables["mine"].timeout_s, breaker.failures, breaker.silent_s) == (120, 2, 240)
        plan = catalogue(endpoints, MINE, pipeline | {"deadline_s": 45}).plan("one")
        assert [layer.deadline_s for layer in plan.layers] == [30, 45]


async def test_only_the_parts_of_a_pipeline_that_call_a_local_model_wait_longer() -> None:
    """A hosted aggregator and a layer of hosted models keep the usual deadlines."""
    layers = [{"proposers": ["mine"]}, {"proposers": ["hosted"]}]
    async with Endpoints() as endpoints:
        plan = catalogue(endpoints, MINE, {"aggregator": "hosted", "layers": layers}).plan("one")
    assert [layer.deadline_s for layer in plan.layers] == [240, 45]
    assert plan.aggregator_deadline_s == 180


async def test_models_named_by_strings_wait_longer_too() -> None:
    """`moa.ask(models=["ollama:…"])` has no configuration to set it in."""
    async with Endpoints() as endpoints:
        resolver = ModelResolver(endpoints, lookup_in(KEYS))
        plan = resolver.plan(["ollama:llama3.3", "groq:llama"], None, "synthesise")
        assert [layer.deadline_s for layer in plan.layers] == [240]
        assert plan.aggregator_deadline_s == 480


def test_an_unusable_address_is_no_loopback() -> None:
    """It is reported where addresses are checked."""
    assert not is_loopback("http://[::1")
    assert not is_loopback("")
    assert is_loopback("http://[::ffff:127.0.0.1]:8000/v1")


async def test_a_loopback_server_answers_with_these_waits() -> None:
    """The longer waits reach a real run and change nothing about a fast one."""
    async with ModelServer({"one": Reply("The reply.")}) as server, Endpoints() as endpoints:
        model = {"provider": "openai", "model": "one", "base_url": server.openai_url}
        plan = catalogue(endpoints, model, {"aggregator": "mine"}).plan("one")
        async with aclosing(moa.run(plan, "Why?")) as events:
            [finished] = [each async for each in events if isinstance(each, moa.Finished)]
        assert finished.outcome.reply == "The reply."
