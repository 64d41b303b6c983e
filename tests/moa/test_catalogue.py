"""Live models in place of configured ones."""

from __future__ import annotations

from moa import Prompt, Sampling
from moa.catalogue import ModelCatalogue
from moa.pipeline.config import Config
from moa.providers import Endpoints
from tests.moa.runs import says

CONFIG = Config.from_table(
    {
        "default_pipeline": "one",
        "models": {
            "mine": {"provider": "scripted", "model": "example", "reply": "configured"},
            "other": {"provider": "scripted", "model": "example", "reply": "also configured"},
        },
        "pipelines": {"one": {"aggregator": "mine", "layers": [{"proposers": ["other"]}]}},
    }
)


async def test_a_live_model_replaces_the_configured_one_of_its_name() -> None:
    """A program can bring models of its own; the others are made from the configuration."""
    live = says("mine", "live")
    async with Endpoints() as endpoints:
        catalogue = ModelCatalogue(CONFIG, endpoints, lambda _name: None, models={"mine": live})
        plan = catalogue.plan("one")
        prompt = Prompt.of("Hello?")
        seats = [plan.aggregators[0], plan.layers[0].seats[0].model]
        texts = [
            "".join([chunk.text async for chunk in model.stream(prompt, Sampling())])
            for model in seats
        ]
    assert texts == ["live", "also configured"]
    assert live.calls == 1
