"""The models that can be asked, one API a file, and `build`, which makes one from its settings.

| provider    | what it asks                                                                |
|-------------|-----------------------------------------------------------------------------|
| `openai`    | OpenAI, and every server that speaks Chat Completions, by `base_url`        |
| `anthropic` | Anthropic's Messages API                                                    |
| `local`     | a small open model within the process (extra `local`): no key, no network   |
| `scripted`  | nothing: it says what it is told to, with delays and faults                 |

    async with Endpoints() as endpoints:
        spec = ModelSpec(provider="openai", model="gpt-5-mini")
        model = build(spec, Profile("gpt"), endpoints)

Importing this package is cheap: an SDK is imported when its first model is asked.

To add a provider, write a file with a class that satisfies `moa.Model` and has `prepare` and
`probe`, and name it in `_BUILDERS`; the contract suite in `tests/moa` finds it there.
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
    """A `moa.Model` of this package, which can also be readied and tried."""

    async def prepare(self) -> None:
        """Do what is slow at the first question: imports, clients, loading weights."""
        ...

    async def probe(self) -> None:
        """Prove that it could answer; a ModelError says what to mend."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """How a model is reached, as `[models.NAME]` in `moa.toml` says it.

    Attributes:
        provider: one of `PROVIDERS`.
        model: the provider's own name of it ("echo" or nothing for `scripted`).
        base_url: another server's address (`openai`, `anthropic`).
        api_key: its key; None leaves it to the provider's environment variable.
        timeout_s: the longest silence that is borne (`openai`, `anthropic`).
        reasoning_tokens: allowance for thinking (`openai`, `anthropic`); None for the usual one.
        reasoning_effort: how hard it thinks (`openai`, `anthropic`).
        omit: parameters that are never sent (`openai`, `anthropic`).
        system_role: False where the system text goes into the first user turn (`openai`).
        options: put into the body of each request as they are.
        reply: what a `scripted` model says.
        delay_s: seconds before a `scripted` model's first word.
        fail: what goes wrong in a `scripted` model; see `moa.providers.scripted.configured`.
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
    """Make a model. Nothing is imported, opened or loaded before it is first asked.

    Raises:
        PipelineError: the provider is unknown, or its settings cannot be right.
    """
    if spec.provider not in _BUILDERS:
        near = difflib.get_close_matches(spec.provider, PROVIDERS, n=1)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        raise PipelineError(
            f'There is no provider "{spec.provider}". Allowed are: {", ".join(PROVIDERS)}.{hint}'
        )
    return _BUILDERS[spec.provider](spec, profile, endpoints)


def _named(spec: ModelSpec, profile: Profile) -> str:
    if not spec.model:
        raise PipelineError(
            f'The model "{profile.name}" needs `model`, its provider\'s name of it.'
        )
    return spec.model


def _openai(spec: ModelSpec, profile: Profile, endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.openai import OpenAIModel  # noqa: PLC0415 - only where it is used

    return OpenAIModel(
        profile,
        _named(spec, profile),
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
    from moa.providers.anthropic import AnthropicModel  # noqa: PLC0415 - only where it is used

    return AnthropicModel(
        profile,
        _named(spec, profile),
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
    from moa.providers.local import LocalModel  # noqa: PLC0415 - only where it is used

    return LocalModel(profile, endpoints, options=spec.options)


def _scripted(spec: ModelSpec, profile: Profile, _endpoints: Endpoints) -> ProvidedModel:
    from moa.providers.scripted import configured  # noqa: PLC0415 - only where it is used

    if spec.model not in {"", "echo"} and spec.reply is None:
        raise PipelineError(
            f'The scripted model "{profile.name}" needs `reply`, or `model = "echo"`.'
        )
    return configured(profile, reply=spec.reply, delay_s=spec.delay_s, fail=spec.fail)


_Builder = Callable[[ModelSpec, Profile, Endpoints], ProvidedModel]

_BUILDERS: Final[Mapping[str, _Builder]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "local": _local,
    "scripted": _scripted,
}

PROVIDERS: Final = tuple(_BUILDERS)
"""The names that `provider` may have."""
