"""Configured models have limits, breakers and hedges, shared by all plans."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bot.models import model_catalogue
from bot.settings import load
from moa import Model, PipelineError, Plan, ask
from moa.catalogue import ModelCatalogue
from moa.providers import Endpoints

CONFIG = """
default_pipeline = "one"

[models.dead]
provider = "scripted"
model = "echo"
fail = "quota"

[models.fragile]
provider = "scripted"
model = "echo"
fail = "quota"
breaker = { failures = 0 }

[models.silent]
provider = "scripted"
model = "echo"
fail = "hang"
hedge_after_s = 0.01
hedge_with = "spare"
max_attempts = 3

[models.spare]
provider = "scripted"
model = "echo"
reply = "Instead."
max_concurrency = 1

[pipelines.one]
aggregator = "spare"
[[pipelines.one.layers]]
proposers = ["dead", "fragile", "spare"]

[pipelines.two]
aggregator = "silent"
[[pipelines.two.layers]]
proposers = ["dead", "silent"]
"""


def catalogue(folder: Path, text: str = CONFIG) -> ModelCatalogue:
    assert tomllib.loads(text)
    (folder / "moa.toml").write_text(text, encoding="utf-8")
    return model_catalogue(load(folder, {}), Endpoints())


def model_named(plan: Plan, name: str) -> Model:
    models = [seat.model for layer in plan.layers for seat in layer.seats] + [*plan.aggregators]
    return next(model for model in models if model.profile.name == name)


async def test_a_breaker_is_shared_by_all_pipelines(tmp_path: Path) -> None:
    """A quota exhausted in one pipeline costs another no call; failures = 0 means no breaker."""
    models = catalogue(tmp_path)
    first = await ask(models.plan("one"), "Why?", seed=1)
    second = await ask(models.plan("two"), "Why?", seed=1)
    again = await ask(models.plan("one"), "Why?", seed=1)
    kinds = {a.model: a.error_kind for a in first.answers}
    assert kinds == {"dead": "quota", "fragile": "quota", "spare": None}
    assert second.answers[0].error_kind == "breaker_open"
    assert [a.error_kind for a in again.answers] == ["breaker_open", "quota", None]


async def test_a_hedge_is_configured_by_name(tmp_path: Path) -> None:
    """The alternate of a silent model answers, as proposer and as aggregator."""
    outcome = await ask(catalogue(tmp_path).plan("two"), "Why?", seed=1)
    assert (outcome.reply, outcome.status) == ("Instead.", "complete")
    assert outcome.answers[1].model == "spare"


def test_a_models_settings_reach_its_profile(tmp_path: Path) -> None:
    """Attempts and the hedge delay are set, and all plans share the alternate."""
    models = catalogue(tmp_path)
    silent = model_named(models.plan("two"), "silent").profile
    assert (silent.max_attempts, silent.hedge and silent.hedge.after_s) == (3, 0.01)
    assert silent.hedge is not None
    assert silent.hedge.model is model_named(models.plan("one"), "spare")


def test_an_alternate_needs_its_key_too(tmp_path: Path) -> None:
    """A hedge without a key is reported at the start, before any question."""
    text = CONFIG.replace('hedge_with = "spare"', 'hedge_with = "cloud"')
    cloud = '\n[models.cloud]\nprovider = "openai"\nmodel = "x"\n'
    with pytest.raises(PipelineError, match="OPENAI_API_KEY"):
        catalogue(tmp_path, text + cloud).plan("two")
