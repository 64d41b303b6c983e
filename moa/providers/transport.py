"""The SDKs' aiohttp clients, set up for answers that stream, and the bytes of one response."""

from __future__ import annotations

from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import aiohttp
import httpx2

from moa.errors import Unavailable
from moa.providers import error_mapping
from moa.providers.decompression import Unpacker
from moa.providers.response_reader import SLICE_BYTES, SLICES

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from types import ModuleType

KEEP_ALIVE_S: Final = 30.0
"""Seconds for which an idle connection is kept for the next question."""

MAX_WIRE_BYTES: Final = 64 * 1024 * 1024
"""The most that one response may send. The longest streams of thinking take some 20 MiB."""

MAX_ERROR_BYTES: Final = 64 * 1024
"""What is read of an error's body; the SDKs would read all of it."""

MAX_REDIRECTS: Final = 3
_KEEPS_METHOD: Final = frozenset({307, 308})
_PORTS: Final = {"http": 80, "https": 443}


class RedirectedError(httpx2.RequestError):
    """A server sent a question on to where it may not go; `status` is the redirect's."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__("redirected", request=response.request)
        self.status = response.status_code


class ByteStream(httpx2.AsyncByteStream):
    """The body of one response: `read` gives what has arrived, unpacked, in slices."""

    def __init__(self, response: httpx2.Response) -> None:
        self._stream = cast("httpx2.AsyncByteStream", response.stream)
        # Neither httpx2 nor the SDK's transport hands on the response that it wraps.
        inner: aiohttp.ClientResponse = cast("Any", response.stream)._stream._aiohttp_response  # noqa: SLF001
        self._content = inner.content
        self._unpacker = Unpacker.of(response.headers.get("content-encoding", ""), SLICE_BYTES)
        self._left_bytes = MAX_WIRE_BYTES

    @property
    def ended(self) -> bool:
        """Whether the body was read to its end, so that the connection can serve again."""
        return self._content.at_eof()

    async def read(self) -> bytes:
        """The next slice, waiting for it; empty at the end of the body.

        Raises:
            Unavailable: the connection broke (`cut`) or stayed silent past its time (`timeout`),
                after everything that came before was read; it cannot be unpacked, or goes on past
                `MAX_WIRE_BYTES` (`garbled`).
        """
        unpacker = self._unpacker
        if unpacker is None:
            return await self._packed()
        while not (data := unpacker.more()):
            packed = await self._packed()
            if not packed:
                return b""
            unpacker.take(packed)
        return data

    async def _packed(self) -> bytes:
        try:
            data = await self._content.read(SLICE_BYTES)
        except TimeoutError:
            return self._left() or _fail(error_mapping.silent())
        except (aiohttp.ClientError, OSError):
            return self._left() or _fail(error_mapping.cut())
        self._left_bytes -= len(data)
        return data if self._left_bytes >= 0 else _fail(error_mapping.garbled())

    def _left(self) -> bytes:
        # Once a connection has broken, aiohttp's public methods withhold what came before.
        return self._content._read_nowait(SLICE_BYTES)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as said

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The beginning of the body for the SDKs, which read errors so."""
        left = MAX_ERROR_BYTES
        try:
            while left > 0 and (data := await self.read()):
                yield data[:left]
                left -= len(data)
        except Unavailable as error:
            raise httpx2.ReadError(str(error)) from None

    async def aclose(self) -> None:
        """Give the connection back when the body was read to its end, else close it."""
        await self._stream.aclose()


def http_client(sdk: ModuleType) -> httpx2.AsyncClient:
    """The SDK's aiohttp client. Proxies and certificates of the environment are respected.

    aiohttp parses HTTP in C: a streamed token costs less than half of what it does over httpx2's
    own transport. The pool has no limit of its own, since each model has one.

    Raises:
        ValueError: a proxy of the environment is no HTTP proxy.
    """
    tls = httpx2.create_ssl_context()
    client: httpx2.AsyncClient = sdk.DefaultAioHttpClient(
        verify=tls,
        # Compression would hold tokens back until a block of it is full.
        headers={"Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        event_hooks={"response": [_take_over]},
    )
    inner = cast("Any", client)
    for transport in (inner._transport, *inner._mounts.values()):  # noqa: SLF001
        if transport is not None:
            proxy: httpx2.Proxy | None = transport.proxy
            if proxy is not None and proxy.url.scheme not in _PORTS:
                raise ValueError("aiohttp speaks to HTTP proxies only")
            transport.client = partial(_session, tls)
    return client


def _session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """As the SDK's transport makes one, but without a limit and without a store of cookies."""
    connector = aiohttp.TCPConnector(limit=0, ssl=tls, keepalive_timeout=KEEP_ALIVE_S)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def _take_over(response: httpx2.Response) -> None:
    """Read the response through `Slices` from here on, and follow it nowhere else."""
    slices = ByteStream(response)
    response.stream = slices
    response.extensions[SLICES] = slices
    # It is unpacked already: httpx2 must not do it again.
    response.headers.pop("content-encoding", None)
    if response.has_redirect_location and not _may_follow(response):
        raise RedirectedError(response)


def _may_follow(response: httpx2.Response) -> bool:
    """Whether a redirect stays at its origin and asks the same there, key and question included."""
    request = response.request
    try:
        target = request.url.join(response.headers["location"])
    except httpx2.InvalidURL:
        return False
    same_question = request.method == "GET" or response.status_code in _KEEPS_METHOD
    return same_question and _origin(target) == _origin(request.url)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


def _fail(error: Unavailable) -> NoReturn:
    raise error from None
