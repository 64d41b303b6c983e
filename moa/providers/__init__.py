"""The model providers, one API per file, and `build`, which creates a model from its settings.

| API         | what it calls                                                                  |
|-------------|--------------------------------------------------------------------------------|
| `openai`    | OpenAI, and any server that speaks Chat Completions (set `base_url`)           |
| `azure`     | the same on Azure OpenAI                                                       |
| `anthropic` | Anthropic's Messages API                                                       |
| `bedrock`   | the same on Amazon Bedrock (extra `bedrock`)                                   |
| `vertex`    | the same on Google Vertex (extra `vertex`)                                     |
| `local`     | a small open model in this process (extra `local`): no key, no network         |
| `scripted`  | nothing: it replays a script, with delays and faults                           |

    async with Endpoints() as endpoints:
        spec = ModelSpec(provider="openai", model="gpt-5-mini")
        model = build(spec, Profile("gpt"), endpoints)

Importing this package is cheap: each SDK is imported on its first request.

A provider is a name in `moa.pipeline.provider_presets` for an API and an address. To add an API,
write a class that satisfies `moa.Model` and has `prepare` and `probe`, and register it in
`_BUILDERS`. The contract suite in `tests/moa` then covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from moa.errors import PipelineError
from moa.pipeline.provider_presets import PRESETS, Api
from moa.ports import Model, Profile
from moa.providers.endpoints import Endpoints
from moa.providers.model_spec import ModelSpec
from moa.providers.prices import cost_of

__all__ = ["APIS", "PROVIDERS", "Endpoints", "ModelSpec", "ProvidedModel", "build", "cost_of"]


class ProvidedModel(Model, Protocol):
    """A `moa.Model` that can also warm up and check its own configuration."""

    async def prepare(self) -> None:
        """Do the slow work of a first request: imports, clients, loading weights."""
        ...

    async def probe(self) -> None:
        """Check that the model can answer. Raises a ModelError that says what to fix."""
        ...


def build(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    """Create a model. Imports, opens and loads nothing until the first request.

    Raises:
        PipelineError: its settings are invalid.
    """
    return _BUILDERS[PRESETS[spec.provider].api](spec, profile, endpoints)


def _openai(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.openai import OpenAIModel  # noqa: PLC0415 - imported on first use

    return OpenAIModel(profile, spec, endpoints)


def _azure(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.azure import chat_completions_spec  # noqa: PLC0415 - imported on first use

    return _openai(chat_completions_spec(spec), profile, endpoints)


def _cloud(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.cloud_clients import require_extra  # noqa: PLC0415 - imported on first use

    require_extra(spec.provider)
    return _anthropic(spec, profile, endpoints)


def _anthropic(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.anthropic import AnthropicModel  # noqa: PLC0415 - imported on first use

    return AnthropicModel(profile, spec, endpoints)


def _local(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.local import LocalModel  # noqa: PLC0415 - imported on first use

    return LocalModel(profile, endpoints, options=spec.options)


def _scripted(spec: ModelSpec, profile: Profile, _endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.scripted import from_settings  # noqa: PLC0415 - imported on first use

    if spec.model not in {"", "echo"} and spec.reply is None:
        raise PipelineError(
            f'The scripted model "{profile.name}" needs `reply` in moa.toml, or the model "echo".'
        )
    return from_settings(profile, reply=spec.reply, delay_s=spec.delay_s, fail=spec.fail)


_Builder = Callable[[ModelSpec, Profile, Endpoints], ProvidedModel]

_BUILDERS: Final[Mapping[Api, _Builder]] = {
    "openai": _openai,
    "azure": _azure,
    "anthropic": _anthropic,
    "bedrock": _cloud,
    "vertex": _cloud,
    "local": _local,
    "scripted": _scripted,
}

APIS: Final = tuple(_BUILDERS)
"""The APIs that models are reached by."""

PROVIDERS: Final = tuple(PRESETS)
"""The valid values of `provider`."""
