"""The model providers, one API per file, and `build`, which creates a model from its settings.

| provider    | what it calls                                                                  |
|-------------|--------------------------------------------------------------------------------|
| `openai`    | OpenAI, and any server that speaks Chat Completions (set `base_url`)           |
| `anthropic` | Anthropic's Messages API                                                       |
| `local`     | a small open model in this process (extra `local`): no key, no network         |
| `scripted`  | nothing: it replays a script, with delays and faults                           |

    async with Endpoints() as endpoints:
        spec = ModelSpec(provider="openai", model="gpt-5-mini")
        model = build(spec, Profile("gpt"), endpoints)

Importing this package is cheap: each SDK is imported on its first request.

To add a provider, write a class that satisfies `moa.Model` and has `prepare` and `probe`, and
register it in `_BUILDERS`. The contract suite in `tests/moa` then covers it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from moa.errors import PipelineError
from moa.ports import Model, Profile
from moa.providers.endpoints import Endpoints
from moa.providers.prices import cost_of

__all__ = ["PROVIDERS", "Endpoints", "ModelSpec", "ProvidedModel", "build", "cost_of"]


class ProvidedModel(Model, Protocol):
    """A `moa.Model` that can also warm up and check its own configuration."""

    async def prepare(self) -> None:
        """Do the slow work of a first request: imports, clients, loading weights."""
        ...

    async def probe(self) -> None:
        """Check that the model can answer. Raises a ModelError that says what to fix."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """How to reach a model: the settings of `[models.NAME]` in `moa.toml`.

    Attributes:
        provider: one of `PROVIDERS`.
        model: the provider's model id ("echo" or empty for `scripted`).
        base_url: the address of another server (`openai`, `anthropic`).
        api_key: the API key; None reads the provider's environment variable.
        timeout_s: read timeout in seconds (`openai`, `anthropic`).
        reasoning_tokens: extra tokens for reasoning (`openai`, `anthropic`); None for the default.
        reasoning_effort: how hard the model should think (`openai`, `anthropic`).
        omit: parameters never to send (`openai`, `anthropic`).
        system_role: False to put the system text into the first user turn (`openai`).
        options: added to every request body unchanged.
        reply: what a `scripted` model answers.
        delay_s: seconds before a `scripted` model's first word.
        fail: how a `scripted` model fails; see `moa.providers.scripted.from_settings`.
    """

    provider: str
    model: str = ""
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float = 120.0
    reasoning_tokens: int | None = None
    reasoning_effort: str | None = None
    omit: tuple[str, ...] = ()
    system_role: bool = True
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reply: str | None = None
    delay_s: float = 0.0
    fail: str | None = None


def build(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    """Create a model. Imports, opens and loads nothing until the first request.

    Raises:
        PipelineError: the provider is unknown, or its settings are invalid.
    """
    if spec.provider not in _BUILDERS:
        near = difflib.get_close_matches(spec.provider, PROVIDERS, n=1)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        raise PipelineError(
            f'Unknown provider "{spec.provider}". Choose one of: {", ".join(PROVIDERS)}.{hint}'
        )
    return _BUILDERS[spec.provider](spec, profile, endpoints)


def _require_model(spec: ModelSpec, profile: Profile) -> str:
    if not spec.model:
        raise PipelineError(f'The model "{profile.name}" needs `model`: the provider\'s model id.')
    return spec.model


def _openai(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.openai import OpenAIModel  # noqa: PLC0415 - imported on first use

    return OpenAIModel(
        profile,
        _require_model(spec, profile),
        endpoints,
        base_url=spec.base_url,
        api_key=spec.api_key,
        timeout_s=spec.timeout_s,
        reasoning_tokens=spec.reasoning_tokens,
        reasoning_effort=spec.reasoning_effort,
        omit=spec.omit,
        system_role=spec.system_role,
        options=spec.options,
    )


def _anthropic(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.anthropic import AnthropicModel  # noqa: PLC0415 - imported on first use

    return AnthropicModel(
        profile,
        _require_model(spec, profile),
        endpoints,
        base_url=spec.base_url,
        api_key=spec.api_key,
        timeout_s=spec.timeout_s,
        reasoning_tokens=spec.reasoning_tokens,
        reasoning_effort=spec.reasoning_effort,
        omit=spec.omit,
        options=spec.options,
    )


def _local(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.local import LocalModel  # noqa: PLC0415 - imported on first use

    return LocalModel(profile, endpoints, options=spec.options)


def _scripted(spec: ModelSpec, profile: Profile, _endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.scripted import from_settings  # noqa: PLC0415 - imported on first use

    if spec.model not in {"", "echo"} and spec.reply is None:
        raise PipelineError(
            f'The scripted model "{profile.name}" needs `reply`, or `model = "echo"`.'
        )
    return from_settings(profile, reply=spec.reply, delay_s=spec.delay_s, fail=spec.fail)


_Builder = Callable[[ModelSpec, Profile, Endpoints], ProvidedModel]

_BUILDERS: Final[Mapping[str, _Builder]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "local": _local,
    "scripted": _scripted,
}

PROVIDERS: Final = tuple(_BUILDERS)
"""The valid values of `provider`."""
