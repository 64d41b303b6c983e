"""Resolves the address, key and headers of a configured model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from moa.environment import Lookup
from moa.errors import PipelineError
from moa.pipeline.config import ModelDefinition
from moa.pipeline.provider_presets import PRESETS, ProviderPreset
from moa.providers.server_access import checked_key
from moa.redaction import remember

_TOKEN_VARIABLES: Final = frozenset({"ANTHROPIC_AUTH_TOKEN", "AZURE_OPENAI_AD_TOKEN"})
_CREDENTIAL_HEADERS: Final = frozenset({"authorization", "api-key", "x-api-key", "x-goog-api-key"})
_FROM_VARIABLE: Final = re.compile(r"(?:([A-Za-z]+) )?env:([A-Za-z_]\w*)")
"""`env:NAME`, also after a scheme: `Bearer env:NAME`."""

_OWN_HEADERS: Final[Mapping[str, Mapping[str, str]]] = {
    "openai": {"OPENAI_ORG_ID": "OpenAI-Organization", "OPENAI_PROJECT_ID": "OpenAI-Project"},
    "anthropic": {},
}
_CUSTOM_HEADERS: Final = {
    "openai": "OPENAI_CUSTOM_HEADERS",
    "anthropic": "ANTHROPIC_CUSTOM_HEADERS",
}
_OWN_DOMAINS: Final = {"openai": "openai.com", "anthropic": "anthropic.com"}

_CLOUD_VARIABLES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "bedrock": {
        "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
        "profile": ("AWS_PROFILE",),
        "access_key": ("AWS_ACCESS_KEY_ID",),
        "secret_key": ("AWS_SECRET_ACCESS_KEY",),
        "session_token": ("AWS_SESSION_TOKEN",),
    },
    "vertex": {
        "region": ("CLOUD_ML_REGION", "GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION"),
        "project": ("ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"),
        "credentials_file": ("GOOGLE_APPLICATION_CREDENTIALS",),
    },
}
_VERTEX_REGION: Final = "global"
_API_VERSIONS: Final = ("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION")
OLLAMA_PORT: Final = 11434


def preset_of(table: ModelDefinition) -> ProviderPreset:
    """Return the preset of the model's provider."""
    return PRESETS[table.provider]


def base_url_of(table: ModelDefinition, lookup: Lookup) -> str | None:
    """Return the address in effect; None for the SDK's default."""
    preset = preset_of(table)
    if table.base_url is not None:
        return table.base_url
    configured = lookup(preset.base_url_variable) if preset.base_url_variable else None
    if configured is None:
        return preset.base_url
    if table.provider != "ollama":
        return configured
    try:
        return f"{ollama_address(configured).removesuffix('/v1')}/v1"
    except ValueError:  # not an address at all
        return configured


def ollama_address(host: str) -> str:
    """Return the address that OLLAMA_HOST means: `HOST`, `:PORT`, `HOST:PORT` or a URL.

    An address to listen on (0.0.0.0) means this machine
    (https://github.com/ollama/ollama/blob/main/envconfig/config.go).
    """
    url = urlsplit(host if "://" in host else f"http://{host}")
    name = url.hostname or "127.0.0.1"
    name = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(name, name)  # noqa: S104 - not listening
    name = f"[{name}]" if ":" in name else name
    usual = {"http": 80, "https": 443}.get(url.scheme) if "://" in host else OLLAMA_PORT
    try:
        port = url.port or usual
    except ValueError:
        port = usual
    return f"{url.scheme}://{name}:{port}{url.path.rstrip('/')}"


def key_variable(table: ModelDefinition, lookup: Lookup) -> str | None:
    """Return the variable that holds a model's key; None if the model needs no key.

    Args:
        table: the model's definition.
        lookup: finds variables, to choose the one that is set if there are several.
    """
    if table.api_key_env:
        return table.api_key_env
    preset = preset_of(table)
    # Your own server often takes no key, and must never be sent OpenAI's.
    if table.base_url and not preset.key_follows_base_url:
        return None
    variables = preset.key_variables
    found = next((name for name in variables if lookup(name)), None)
    if found or not preset.needs_key or _has_credential_header(table):
        return found
    return variables[0]


def unset_variable(table: ModelDefinition, lookup: Lookup) -> str | None:
    """Return the variable that should hold a model's key or header; None if all are set."""
    named = (_FROM_VARIABLE.fullmatch(value) for value in table.headers.values())
    needed = [key_variable(table, lookup), *(found[2] for found in named if found)]
    return next((name for name in needed if name and not lookup(name)), None)


def key_of(table: ModelDefinition, lookup: Lookup) -> tuple[str | None, bool]:
    """Return a model's key, and whether it is a bearer token.

    Raises:
        PipelineError: the key has a character that headers can't contain.
    """
    variable = key_variable(table, lookup)
    if variable is None:
        return None, False
    try:
        key = checked_key(lookup(variable))
    except PipelineError as error:
        raise PipelineError(f"{variable}: {error}") from None
    remember(key)
    return key, variable in _TOKEN_VARIABLES


def headers_of(table: ModelDefinition, lookup: Lookup) -> dict[str, str]:
    """Return the headers of a model's requests.

    Raises:
        PipelineError: a header's variable isn't set, or has a character that headers can't contain.
    """
    headers = dict(_own_headers(table, lookup))
    for header, value in table.headers.items():
        if found := _FROM_VARIABLE.fullmatch(value):
            headers[header] = _header_value(header, found, lookup)
        else:
            headers[header] = value
            if header.lower() in _CREDENTIAL_HEADERS:
                remember(value)
    return headers


def cloud_of(table: ModelDefinition, lookup: Lookup) -> dict[str, str]:
    """Return the settings of a cloud provider; see `moa.providers.cloud_clients`."""
    variables = _CLOUD_VARIABLES.get(preset_of(table).api, {})
    found = {name: _first(names, lookup) for name, names in variables.items()}
    found |= {"region": table.region or found.get("region")} if "region" in variables else {}
    found |= {"project": table.project or found.get("project")} if "project" in variables else {}
    if preset_of(table).api == "vertex":
        found["region"] = found["region"] or _VERTEX_REGION
    if found.get("access_key"):
        found["profile"] = None  # keys take precedence, as in AWS's own tools
    return {name: value for name, value in found.items() if value}


def api_version_of(table: ModelDefinition, lookup: Lookup) -> str | None:
    """Return the version of Azure's API; None for the newest."""
    if preset_of(table).api != "azure":
        return None
    return table.api_version or _first(_API_VERSIONS, lookup)


def _first(names: tuple[str, ...], lookup: Lookup) -> str | None:
    return next((value for name in names if (value := lookup(name))), None)


def _has_credential_header(table: ModelDefinition) -> bool:
    return not _CREDENTIAL_HEADERS.isdisjoint(name.lower() for name in table.headers)


def _header_value(header: str, found: re.Match[str], lookup: Lookup) -> str:
    held = lookup(found[2])
    if held is None:
        raise PipelineError(f'headers."{header}": {found[2]} is not set.')
    if not held.isascii() or not held.isprintable():
        raise PipelineError(f'headers."{header}": {found[2]} contains an invalid character.')
    remember(held)
    return f"{found[1]} {held}" if found[1] else held


def _own_headers(table: ModelDefinition, lookup: Lookup) -> Iterator[tuple[str, str]]:
    """Yield a vendor's headers from its variables. They go where its key goes, and nowhere else."""
    own = _OWN_HEADERS.get(table.provider)
    if own is None or not _is_own_address(table):
        return
    for line in (lookup(_CUSTOM_HEADERS[table.provider]) or "").splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip() and value.strip().isprintable():
            yield name.strip(), value.strip()
    for variable, header in own.items():
        if value := lookup(variable):
            yield header, value


def _is_own_address(table: ModelDefinition) -> bool:
    if table.base_url is None:
        return True
    host, domain = urlsplit(table.base_url).hostname or "", _OWN_DOMAINS[table.provider]
    return host == domain or host.endswith(f".{domain}")
