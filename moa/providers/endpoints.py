"""Shares SDK clients and their connection pools between questions, one per address and key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Self

from moa.addresses import NOT_HTTP, address_problem, query_keys, shown_address
from moa.errors import PipelineError
from moa.providers import error_mapping, prices
from moa.providers.sdk_client import SdkClient
from moa.redaction import redacted, remember

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

    import httpx2

    from moa.providers.llama import LocalServer

_Key = tuple[str, str | None, str | None]

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


class Endpoints:
    """Clients, their connections and the embedded server, shared by all questions.

    Built on first use, in a thread: importing an SDK takes up to three seconds and a TLS context 70
    ms. Use it as a context manager or call `aclose`. It belongs to the event loop that first uses
    it.

    Args:
        max_retries: retries made by the SDKs. None by default: the engine retries model calls
            itself, within the layer's deadline.
    """

    def __init__(self, *, max_retries: int = 0) -> None:
        self._max_retries = max_retries
        self._clients: dict[_Key, SdkClient] = {}
        self._building = asyncio.Lock()
        self._local: LocalServer | None = None

    async def openai(self, base_url: str | None, api_key: str | None) -> SdkClient:
        """Return the client for this address and key; None lets the SDK read `OPENAI_…`.

        Raises:
            Rejected: no key is set (`auth`).
        """
        return await self._get_client(("openai", base_url, api_key), self._openai)

    async def anthropic(self, base_url: str | None, api_key: str | None) -> SdkClient:
        """Return the same for Anthropic; None lets the SDK read `ANTHROPIC_…`."""
        return await self._get_client(("anthropic", base_url, api_key), self._anthropic)

    @property
    def local(self) -> LocalServer:
        """The embedded model's server; it loads on its first call."""
        if self._local is None:
            from moa.providers.llama import LocalServer  # noqa: PLC0415 - imported on first use

            self._local = LocalServer()
        return self._local

    async def aclose(self) -> None:
        """Close every connection and unload the embedded model."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()
        local, self._local = self._local, None
        if local is not None:
            await local.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _get_client(
        self, key: _Key, build: Callable[[str | None, str | None], SdkClient]
    ) -> SdkClient:
        client = self._clients.get(key)
        if client is None:
            async with self._building:
                client = self._clients.get(key)
                if client is None:
                    client = await asyncio.to_thread(build, key[1], key[2])
                    await asyncio.to_thread(prices.load)
                    self._clients[key] = client
        return client

    def _openai(self, base_url: str | None, api_key: str | None) -> SdkClient:
        import openai  # noqa: PLC0415 - costs 1.8 s, so only when first needed

        try:
            client = openai.AsyncOpenAI(
                api_key=api_key or (base_url and _NO_KEY),
                base_url=base_url,
                max_retries=self._max_retries,
                http_client=_http_client(openai),
                default_headers=_omit_headers(TELEMETRY_HEADERS, openai.Omit()),
            )
        except openai.OpenAIError:
            raise error_mapping.missing_key("OPENAI_API_KEY") from None
        remember(client.api_key)
        return SdkClient(client, openai, openai.OpenAIError)

    def _anthropic(self, base_url: str | None, api_key: str | None) -> SdkClient:
        import anthropic  # noqa: PLC0415 - costs 3.2 s, so only when first needed

        try:
            client = anthropic.AsyncAnthropic(
                api_key=api_key or (base_url and _NO_KEY),
                base_url=base_url,
                max_retries=self._max_retries,
                http_client=_http_client(anthropic),
                default_headers=_omit_headers(TELEMETRY_HEADERS, anthropic.Omit()),
            )
        except anthropic.AnthropicError:
            raise error_mapping.missing_key("ANTHROPIC_API_KEY") from None
        if not (client.api_key or client.auth_token or client.credentials):
            raise error_mapping.missing_key("ANTHROPIC_API_KEY")
        remember(client.api_key)
        remember(client.auth_token)
        return SdkClient(client, anthropic, anthropic.AnthropicError)


def _omit_headers(names: tuple[str, ...], omitted: Any) -> dict[str, Any]:
    """Return headers that make an SDK omit these. `Omit` isn't the `str` that the types want."""
    return dict.fromkeys(names, omitted)


def _http_client(sdk: ModuleType) -> httpx2.AsyncClient:
    from moa.providers.transport import http_client  # noqa: PLC0415 - needs httpx2

    try:
        return http_client(sdk)
    except ValueError:
        raise error_mapping.bad_proxy() from None


def checked_address(base_url: str | None) -> str | None:
    """Return the address unchanged, and hide the keys in its query from now on.

    Raises:
        PipelineError: it isn't an http or https address, or it has a user name or password.
    """
    if base_url is not None:
        if problem := address_problem(base_url):
            shown = redacted(shown_address(base_url)) if problem == NOT_HTTP else "…"
            raise PipelineError(f'base_url = "{shown}" {problem}.')
        for key in query_keys(base_url):
            remember(key)
    return base_url


def checked_key(api_key: str | None) -> str | None:
    """Return the key unchanged.

    Raises:
        PipelineError: it holds something a header can't, such as a line break or a curly quote.
    """
    if api_key and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise PipelineError("The key contains an invalid character. Was it copied correctly?")
    return api_key
