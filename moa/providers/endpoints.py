"""The SDKs' clients: one for each address and key, with one connection pool, for all questions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from moa.errors import PipelineError
from moa.providers import error_mapping, prices
from moa.providers.sdk_client import SdkClient
from moa.redaction import remember

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

    import httpx2

    from moa.providers.llama import LocalServer

_Key = tuple[str, str | None, str | None]

TELEMETRY: Final = tuple(
    f"X-Stainless-{name}"
    for name in ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async")
)
"""Headers with which the SDKs tell what machine they run on. They are left out: no server needs
them, and each waiting request holds several copies of them."""

_NO_KEY: Final = "none"
"""Sent where an address of the operator's own was given without a key.

Servers at home take any. Left to itself, the SDK would send them the key of its own provider.
"""


class Endpoints:
    """Everything that outlives a question: clients, their connections, the embedded server.

    Built on first use and in a thread, since importing an SDK takes up to three seconds and a
    client's TLS context 70 ms. Use it as a context manager, or call `aclose`; it belongs to the
    event loop in which it was first used.

    Args:
        max_retries: tries that the SDKs make of their own after the first. None by default: the
            engine's retry stands around a model and keeps to the layer's deadline.
    """

    def __init__(self, *, max_retries: int = 0) -> None:
        self._max_retries = max_retries
        self._lines: dict[_Key, SdkClient] = {}
        self._building = asyncio.Lock()
        self._local: LocalServer | None = None

    async def openai(self, base_url: str | None, api_key: str | None) -> SdkClient:
        """The client for this address and key; None leaves each to the SDK (`OPENAI_…`).

        Raises:
            Rejected: no key is set (`auth`).
        """
        return await self._line(("openai", base_url, api_key), self._openai)

    async def anthropic(self, base_url: str | None, api_key: str | None) -> SdkClient:
        """The same for Anthropic; None leaves each to the SDK (`ANTHROPIC_…`)."""
        return await self._line(("anthropic", base_url, api_key), self._anthropic)

    @property
    def local(self) -> LocalServer:
        """The embedded model's server, not loaded before its first call."""
        if self._local is None:
            from moa.providers.llama import LocalServer  # noqa: PLC0415 - only where it is used

            self._local = LocalServer()
        return self._local

    async def aclose(self) -> None:
        """Close every connection and let go of the embedded model."""
        lines, self._lines = self._lines, {}
        for line in lines.values():
            await line.aclose()
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

    async def _line(
        self, key: _Key, build: Callable[[str | None, str | None], SdkClient]
    ) -> SdkClient:
        line = self._lines.get(key)
        if line is None:
            async with self._building:
                line = self._lines.get(key)
                if line is None:
                    line = await asyncio.to_thread(build, key[1], key[2])
                    await asyncio.to_thread(prices.load)
                    self._lines[key] = line
        return line

    def _openai(self, base_url: str | None, api_key: str | None) -> SdkClient:
        import openai  # noqa: PLC0415 - costs 1.8 s, paid when the first question needs it

        try:
            client = openai.AsyncOpenAI(
                api_key=api_key or (base_url and _NO_KEY),
                base_url=base_url,
                max_retries=self._max_retries,
                http_client=_http_client(openai),
                default_headers=_without(TELEMETRY, openai.Omit()),
            )
        except openai.OpenAIError:
            raise error_mapping.no_key("OPENAI_API_KEY") from None
        remember(client.api_key)
        return SdkClient(client, openai, openai.OpenAIError)

    def _anthropic(self, base_url: str | None, api_key: str | None) -> SdkClient:
        import anthropic  # noqa: PLC0415 - costs 3.2 s, paid when the first question needs it

        try:
            client = anthropic.AsyncAnthropic(
                api_key=api_key or (base_url and _NO_KEY),
                base_url=base_url,
                max_retries=self._max_retries,
                http_client=_http_client(anthropic),
                default_headers=_without(TELEMETRY, anthropic.Omit()),
            )
        except anthropic.AnthropicError:
            raise error_mapping.no_key("ANTHROPIC_API_KEY") from None
        if not (client.api_key or client.auth_token or client.credentials):
            raise error_mapping.no_key("ANTHROPIC_API_KEY")
        remember(client.api_key)
        remember(client.auth_token)
        return SdkClient(client, anthropic, anthropic.AnthropicError)


def _without(names: tuple[str, ...], omitted: Any) -> dict[str, Any]:
    """Headers by which an SDK leaves these out. `Omit` is no text, though the types want one."""
    return dict.fromkeys(names, omitted)


def _http_client(sdk: ModuleType) -> httpx2.AsyncClient:
    from moa.providers.transport import http_client  # noqa: PLC0415 - needs httpx2

    try:
        return http_client(sdk)
    except ValueError:
        raise error_mapping.unusable_proxy() from None


def checked_address(base_url: str | None) -> str | None:
    """The address as it was given.

    Raises:
        PipelineError: it is no http or https address.
    """
    if base_url is not None:
        url = urlsplit(base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise PipelineError(
                f'base_url = "{base_url}" is no address: it must begin with http:// or https://.'
            )
    return base_url


def checked_key(api_key: str | None) -> str | None:
    """The key as it was given.

    Raises:
        PipelineError: it holds what cannot stand in a header, such as a line end or a curly quote.
    """
    if api_key and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise PipelineError("The key holds a character that no key has. Was it copied whole?")
    return api_key
