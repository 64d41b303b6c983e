"""The settings of a model, as its provider's builder reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """How to reach a model: the settings of `[models.NAME]` in `moa.toml`.

    Attributes:
        provider: one of `PROVIDERS`.
        model: the provider's model id ("echo" or empty for `scripted`).
        base_url: the address of another server; required for `azure`.
        api_key: the API key; None reads the variable of `openai` or `anthropic`.
        is_token: whether the key is a bearer token, such as an Entra token.
        headers: sent with every request.
        api_version: the version of Azure's API; None for its `/openai/v1`.
        cloud: settings of `bedrock` and `vertex`; see `moa.providers.cloud_clients`.
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
    is_token: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    api_version: str | None = None
    cloud: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    timeout_s: float = 120.0
    reasoning_tokens: int | None = None
    reasoning_effort: str | None = None
    omit: tuple[str, ...] = ()
    system_role: bool = True
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reply: str | None = None
    delay_s: float = 0.0
    fail: str | None = None
