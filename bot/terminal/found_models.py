"""Finds the usable models: those of API keys that are set, and of local servers.

Each service is asked for its list of models, which makes sure that names are right and detects
refused keys. Model names are as of November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from typing import Any, Final, cast
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from bot.defaults import ANTHROPIC, OPENAI, found_config
from bot.local_servers import can_answer, find_servers
from moa.addresses import shown_address
from moa.environment import Lookup, lookup_in
from moa.network import Network, UnusableNetworkError
from moa.pipeline.provider_presets import PRESETS, ProviderPreset

PREFERRED: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": tuple(OPENAI.values()),
    "anthropic": tuple(ANTHROPIC.values()),
    "gemini": ("gemini-4-argon", "gemini-3.8-flash", "gemini-3.5-flash"),
    "openrouter": ("deepseek/deepseek-v4-pro", "openai/gpt-oss-120b"),
    "groq": ("openai/gpt-oss-120b", "llama-3.3-70b-versatile"),
    "mistral": ("mistral-medium-latest", "mistral-small-latest"),
    "deepseek": ("deepseek-v4-pro", "deepseek-chat"),
    "together": ("zai-org/GLM-5.3", "openai/gpt-oss-120b"),
    "fireworks": ("accounts/fireworks/models/gpt-oss-120b",),
    "xai": ("grok-4.7", "grok-4.6"),
    "cerebras": ("gpt-oss-120b", "qwen-3.8-27b"),
    "perplexity": ("sonar-pro", "sonar"),
    "moonshot": ("kimi-k3",),
}
"""The preferred models, if a service offers them."""

MAX_MODELS: Final = {"openai": 3, "anthropic": 3}
USUAL_MODELS: Final = 2
ASK_S: Final = 5.0
MAX_BYTES: Final = 4_000_000
REFUSED: Final = frozenset({401, 403})
_DEFAULT_ADDRESSES: Final = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where models were found.

    Attributes:
        description: a readable variable or server, and what it offers.
        models: the keys of each `[models.NAME]` table; empty if the source can't be used.
        is_local: whether the models run on this machine.
    """

    description: str
    models: Sequence[Mapping[str, Any]] = ()
    is_local: bool = False


def find_models(variables: Mapping[str, str]) -> list[Source]:
    """Ask all services whose keys are set, and the servers on this machine. Takes a few seconds.

    Args:
        variables: the environment merged over `.env`.
    """
    lookup = lookup_in(variables)
    network = Network(lookup)
    keyed = [name for name in PRESETS if _key_variable(name, lookup)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        hosted = list(pool.map(partial(_hosted, lookup=lookup, network=network), keyed))
    return [*hosted, *_local(variables, has_key=bool(lookup("OPENAI_API_KEY")))]


def _key_variable(provider: str, lookup: Lookup) -> str | None:
    preset = PRESETS[provider]
    if not preset.needs_key or provider == "github":  # its token is set for other purposes
        return None
    return next((name for name in preset.key_variables if lookup(name)), None)


def _hosted(provider: str, lookup: Lookup, network: Network) -> Source:
    preset, variable = PRESETS[provider], _key_variable(provider, lookup)
    assert variable is not None
    if preset.api == "azure":
        return Source(f"{variable}: add your deployment's name; see docs/models.md")
    try:
        served = _served(provider, preset, lookup, network)
    except HTTPError as refused:
        if refused.code in REFUSED:
            return Source(f"{variable}: refused by {provider} ({refused.code}), so not used")
        served = []
    except UnusableNetworkError as error:
        return Source(f"{variable}: {error}")
    except (OSError, HTTPException, ValueError):
        served = []
    names = choose(PREFERRED.get(provider, ()), served, MAX_MODELS.get(provider, USUAL_MODELS))
    if not names:
        return Source(f"{variable}: {provider} lists no model that can be used")
    unchecked = "" if served else f" ({provider} couldn't be asked for its models)"
    images = {"images": True} if preset.takes_images else {}
    return Source(
        f"{variable}: {', '.join(names)}{unchecked}",
        [{"provider": provider, "model": name, **images} for name in names],
    )


def choose(preferred: Sequence[str], served: Sequence[str], limit: int) -> list[str]:
    """Return up to `limit` models: preferred ones that are served, else the first that can answer.

    Without a list of served models, the preferred ones are assumed to exist.
    """
    if not served:
        return list(preferred[:limit])
    wanted = [name for name in preferred if name in served]
    return (wanted or [name for name in served if can_answer(name)])[:limit]


def _served(
    provider: str, preset: ProviderPreset, lookup: Lookup, network: Network
) -> Sequence[str]:
    """Return the ids of a service's models.

    Raises:
        HTTPError, OSError, HTTPException, ValueError: the service gave none.
    """
    configured = lookup(preset.base_url_variable) if preset.base_url_variable else None
    base = configured or preset.base_url or _DEFAULT_ADDRESSES[provider]
    if provider == "anthropic" and not base.rstrip("/").endswith("/v1"):
        base = f"{base.rstrip('/')}/v1"
    url = f"{base.rstrip('/')}/models"
    key = next(value for name in preset.key_variables if (value := lookup(name)))
    headers = {"Authorization": f"Bearer {key}", "User-Agent": "moa-bot"}
    if preset.api == "anthropic":
        headers |= {"x-api-key": key, "anthropic-version": "2023-06-01"}
    proxy = network.proxy_for(url)
    proxies = {"http": proxy, "https": proxy} if proxy else {}
    opener = build_opener(ProxyHandler(proxies), HTTPSHandler(context=network.tls()))
    with opener.open(Request(url, headers=headers), timeout=ASK_S) as response:  # noqa: S310 - http(s)
        return _ids(json.loads(response.read(MAX_BYTES)))


def _ids(body: object) -> list[str]:
    listed = cast("Mapping[str, Any]", body).get("data") if isinstance(body, dict) else body
    if not isinstance(listed, list):
        return []
    items = cast("list[Any]", listed)
    ids = [item.get("id") for item in items if isinstance(item, dict)]
    # Gemini's ids are "models/NAME"; its Chat Completions API accepts both.
    return [each.removeprefix("models/") for each in ids if isinstance(each, str)]


def _local(variables: Mapping[str, str], *, has_key: bool) -> list[Source]:
    """Ask the servers on this machine. With a key, OPENAI_BASE_URL is a hosted service."""
    given = {k: v for k, v in variables.items() if not (has_key and k == "OPENAI_BASE_URL")}
    servers = [server for server in find_servers(given) if server.models]
    sources: list[Source] = []
    for server in servers:
        config = found_config([server], variables.get("OLLAMA_CONTEXT_LENGTH", ""))
        models = [model.model_dump(exclude_defaults=True) for model in config.models.values()]
        names = ", ".join(model["model"] for model in models)
        description = f"{server.name} at {shown_address(server.base_url)}: {names}"
        sources.append(Source(description, models, is_local=True))
    return sources
