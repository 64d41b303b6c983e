"""Builds the OpenAI and Anthropic SDKs' clients for their own and for compatible servers.

The SDKs read organisation, project and custom headers from the environment and send them anywhere.
Here a server with a `base_url` gets only the headers that were configured for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moa.errors import Rejected
from moa.network import Network, UnusableNetworkError
from moa.providers import error_mapping
from moa.providers.address import Address
from moa.providers.sdk_client import SdkClient
from moa.providers.server_access import ServerAccess
from moa.redaction import remember

if TYPE_CHECKING:
    from types import ModuleType

    import anthropic
    import httpx2
    import openai

TELEMETRY_HEADERS: Final = tuple(
    f"X-Stainless-{name}"
    for name in ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
)
"""Headers that describe the machine to the SDK's maker. We drop them: no server needs them, and
each pending request holds several copies."""

_NO_KEY: Final = "none"
"""Sent to a configured address that has no key.

Self-hosted servers accept any key. Without this, the SDK would send them its own provider's key.
"""

_CREDENTIAL_HEADERS: Final = frozenset({"api-key", "x-api-key", "x-goog-api-key"})
_AUTHORIZATION: Final = "Authorization"
_DEFAULT_ADDRESSES: Final = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}


def openai_client(access: ServerAccess, network: Network) -> SdkClient:
    """Build a client for Chat Completions. Blocking: the import takes 1.8 s.

    Raises:
        Rejected: no key is set, or a proxy or certificate setting can't be used.
    """
    import openai  # noqa: PLC0415 - heavy, so only when first needed

    address = Address.of(access.base_url) if access.base_url else None
    try:
        client = openai.AsyncOpenAI(
            api_key=access.api_key or (address and _NO_KEY),
            base_url=address and address.url,
            max_retries=0,  # the engine retries calls, within the layer's deadline
            http_client=http_client(openai, network, _place(access, address)),
            default_query=_query(address),
            default_headers=_headers(access, address, openai),
        )
    except openai.OpenAIError:
        raise error_mapping.missing_key("OPENAI_API_KEY") from None
    if address:
        client.organization = client.project = None
        keep_only_headers(client, _headers(access, address, openai))
    remember(client.api_key)
    omits = _omits_authorization(access, address)
    return SdkClient(client, openai, openai.OpenAIError, omit_authorization=omits)


def anthropic_client(access: ServerAccess, network: Network) -> SdkClient:
    """Build a client for the Messages API. Blocking: the import takes 3.2 s.

    Raises:
        Rejected: see `openai_client`.
    """
    import anthropic  # noqa: PLC0415 - heavy, so only when first needed

    address = Address.of(access.base_url) if access.base_url else None
    key = access.api_key or (_NO_KEY if address else None)
    try:
        client = anthropic.AsyncAnthropic(
            api_key=None if access.is_token else key,
            auth_token=key if access.is_token else None,
            base_url=address and address.url,
            max_retries=0,  # the engine retries calls, within the layer's deadline
            http_client=http_client(anthropic, network, _place(access, address)),
            default_query=_query(address),
            default_headers=_headers(access, address, anthropic),
        )
    except anthropic.AnthropicError:
        raise error_mapping.missing_key("ANTHROPIC_API_KEY") from None
    if address:
        keep_only_headers(client, _headers(access, address, anthropic))
    elif not (client.api_key or client.auth_token or client.credentials):
        raise error_mapping.missing_key("ANTHROPIC_API_KEY")
    remember(client.api_key)
    remember(client.auth_token)
    omits = _omits_authorization(access, address)
    return SdkClient(client, anthropic, anthropic.AnthropicError, omit_authorization=omits)


def http_client(sdk: ModuleType, network: Network, address: str) -> httpx2.AsyncClient:
    """Return the SDK's HTTP client for one address, through its proxy.

    Raises:
        Rejected: a proxy or certificate setting can't be used.
    """
    from moa.providers import transport  # noqa: PLC0415 - needs httpx2

    try:
        return transport.http_client(sdk, network.tls(), network.proxy_for(address))
    except UnusableNetworkError as error:
        raise Rejected(str(error), kind=error.kind) from None


def keep_only_headers(
    client: openai.AsyncOpenAI | anthropic.AsyncAnthropic, headers: dict[str, Any]
) -> None:
    """Drop headers that the SDK took from the environment, such as `ANTHROPIC_CUSTOM_HEADERS`."""
    client._custom_headers = headers  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - no public way


def without_telemetry(sdk: Any) -> dict[str, Any]:
    """Return headers that make an SDK omit its telemetry. `Omit` isn't the `str` of the types."""
    return dict.fromkeys(TELEMETRY_HEADERS, sdk.Omit())


def _headers(access: ServerAccess, address: Address | None, sdk: Any) -> dict[str, Any]:
    configured = {
        _AUTHORIZATION if name.lower() == _AUTHORIZATION.lower() else name: value
        for name, value in access.headers
    }
    headers: dict[str, Any] = without_telemetry(sdk) | configured
    if address and address.authorization:
        headers.setdefault(_AUTHORIZATION, address.authorization)
    return headers


def _omits_authorization(access: ServerAccess, address: Address | None) -> bool:
    """Return whether another header than `Authorization` holds the only key."""
    names = {name.lower() for name, _ in access.headers}
    has_own = access.api_key or (address and address.authorization) or "authorization" in names
    return not has_own and not _CREDENTIAL_HEADERS.isdisjoint(names)


def _query(address: Address | None) -> dict[str, object] | None:
    return dict(address.query) if address and address.query else None


def _place(access: ServerAccess, address: Address | None) -> str:
    return address.url if address else _DEFAULT_ADDRESSES[access.api]
