"""Configures the SDKs' aiohttp clients for streaming and reads response bodies."""

from __future__ import annotations

import asyncio
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import aiohttp
import httpx2

from moa.errors import Unavailable
from moa.providers import error_mapping
from moa.providers.decompression import BYTE_STREAM, SLICE_BYTES, Decompressor
from moa.providers.silence_timer import SilenceTimer
from moa.providers.wire_limits import LimitedHandler

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Coroutine
    from types import ModuleType

KEEP_ALIVE_S: Final = 30.0
"""Seconds to keep an idle connection for the next question."""

MAX_WIRE_BYTES: Final = 64 * 1024 * 1024
"""The most bytes accepted from one response. The longest reasoning streams take about 20 MiB."""

MAX_ERROR_BYTES: Final = 64 * 1024
"""The most bytes read from an error body; the SDKs would read all of it."""

MAX_REDIRECTS: Final = 3
_KEEPS_METHOD: Final = frozenset({307, 308})
_PORTS: Final = {"http": 80, "https": 443}


class RedirectedError(httpx2.RequestError):
    """A server redirected a request to another place.

    Attributes:
        status: the redirect's status.
        target: the address it leads to; None if that isn't a URL.
    """

    def __init__(self, response: httpx2.Response, target: httpx2.URL | None) -> None:
        super().__init__("redirected", request=response.request)
        self.status = response.status_code
        self.target = target


class ByteStream(httpx2.AsyncByteStream):
    """A response body; `read` returns decompressed slices as they arrive."""

    def __init__(self, response: httpx2.Response) -> None:
        self._stream = cast("httpx2.AsyncByteStream", response.stream)
        # Neither httpx2 nor the SDK's transport exposes the aiohttp response it wraps.
        wrapped: aiohttp.ClientResponse = cast("Any", response.stream)._stream._aiohttp_response  # noqa: SLF001
        self._content = wrapped.content
        self._silence_timer = SilenceTimer(wrapped)
        self._decompressor = Decompressor.for_encoding(
            response.headers.get("content-encoding", ""), SLICE_BYTES
        )
        self._left_bytes = MAX_WIRE_BYTES

    @property
    def ended(self) -> bool:
        """Whether the whole body was read, so the connection can be reused."""
        return self._content.at_eof()

    def read(self) -> Coroutine[None, None, bytes]:
        """Wait for the next slice; return empty bytes at the end of the body.

        Raises:
            Unavailable: the connection broke (`cut`) or timed out (`timeout`), once everything
                received before that was read. Or the body can't be decompressed or exceeds
                `MAX_WIRE_BYTES` (`garbled`).
        """
        decompressor = self._decompressor
        return self._read_raw() if decompressor is None else self._read_decompressed(decompressor)

    async def _read_decompressed(self, decompressor: Decompressor) -> bytes:
        while not (data := decompressor.read()) and not decompressor.ended:
            compressed = await self._read_raw()
            if not compressed:
                return b""
            decompressor.feed(compressed)
        return data

    async def _read_raw(self) -> bytes:
        self._silence_timer.start()
        try:
            data = await self._content.read(SLICE_BYTES)
        except TimeoutError:
            return self._read_buffered() or _raise(error_mapping.timed_out())
        except (aiohttp.ClientError, OSError):
            return self._read_buffered() or _raise(error_mapping.cut_off())
        finally:
            self._silence_timer.stop()
        self._left_bytes -= len(data)
        return data if self._left_bytes >= 0 else _raise(error_mapping.unreadable())

    def _read_buffered(self) -> bytes:
        # After a connection breaks, aiohttp's public methods withhold the bytes already received.
        return self._content._read_nowait(SLICE_BYTES)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - see above

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the start of the body; the SDKs read error bodies this way."""
        left = MAX_ERROR_BYTES
        try:
            while left > 0 and (data := await self.read()):
                yield data[:left]
                left -= len(data)
        except Unavailable as error:
            raise httpx2.ReadError(str(error)) from None

    async def aclose(self) -> None:
        """Return the connection to the pool if the whole body was read; otherwise close it."""
        self._silence_timer.close()
        await self._stream.aclose()


def http_client(sdk: ModuleType, tls: ssl.SSLContext, proxy: str | None) -> httpx2.AsyncClient:
    """Return the SDK's aiohttp client for one address.

    aiohttp parses HTTP in C: a streamed token costs less than half as much as with httpx2's default
    transport. The pool is unlimited, since each model has a limit of its own.

    Args:
        sdk: the openai or anthropic module.
        tls: the certificates to trust.
        proxy: the URL of the HTTP proxy for this address, if any.
    """
    client: httpx2.AsyncClient = sdk.DefaultAioHttpClient(
        verify=tls,
        proxy=proxy and _proxy(proxy),
        trust_env=False,  # `moa.network` has read it
        # Compression would delay tokens until a block is full.
        headers={"Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        event_hooks={"response": [_wrap_body]},
    )
    wrapped = cast("Any", client)
    for transport in (wrapped._transport, *wrapped._mounts.values()):  # noqa: SLF001
        transport.client = partial(_session, tls)
    return client


def _proxy(url: str) -> httpx2.Proxy:
    """Return a proxy that keeps its credentials in the URL, where aiohttp looks for them.

    httpx2 would take them out and pass them by a parameter that aiohttp has deprecated.
    """
    proxy = httpx2.Proxy(url)
    proxy.url, proxy.auth = httpx2.URL(url), None
    return proxy


def _session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """Create a session as the SDK's transport does, but without a connection limit or cookies."""
    connector = aiohttp.TCPConnector(limit=0, ssl=tls, keepalive_timeout=KEEP_ALIVE_S)
    # aiohttp has no public way to choose the class that parses a connection's bytes.
    cast("Any", connector)._factory = partial(  # noqa: SLF001
        LimitedHandler, 2 * MAX_WIRE_BYTES, loop=asyncio.get_running_loop()
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def _wrap_body(response: httpx2.Response) -> None:
    """Wrap the response body in a `ByteStream` and reject redirects we don't follow."""
    stream = ByteStream(response)
    response.stream = stream
    response.extensions[BYTE_STREAM] = stream
    # Already decompressed: httpx2 must not do it again.
    response.headers.pop("content-encoding", None)
    # JSON is UTF-8 (RFC 8259, 8.1). Some of Python's codecs fail on bytes or take seconds.
    response.encoding = "utf-8"
    if response.has_redirect_location:
        target = _target(response)
        if target is None or not _can_follow(response, target):
            raise RedirectedError(response, target)


def _target(response: httpx2.Response) -> httpx2.URL | None:
    try:
        return response.request.url.join(response.headers["location"])
    except httpx2.InvalidURL:
        return None


def _can_follow(response: httpx2.Response, target: httpx2.URL) -> bool:
    """Return whether a redirect keeps the origin, the method, the key and the question."""
    request = response.request
    same_request = request.method == "GET" or response.status_code in _KEEPS_METHOD
    return same_request and _origin(target) == _origin(request.url)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


def _raise(error: Unavailable) -> NoReturn:
    raise error from None
