"""How the SDKs' requests reach the wire: aiohttp beneath httpx2, read in slices as they arrive."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2

from moa.errors import Unavailable
from moa.providers import error_mapping
from moa.providers.response_reader import SLICES

CONNECT_S: Final = 10.0
"""Seconds within which a connection must stand, TLS included."""

KEEP_ALIVE_S: Final = 30.0
"""Seconds for which an idle connection is kept for the next question."""

ALIKE: Final = frozenset(
    {b"accept", b"accept-encoding", b"connection", b"content-type", b"host", b"user-agent"}
)
"""Headers of few values, none of them a secret."""

_FAULTS: Final[tuple[tuple[type[Exception], type[httpx2.TransportError]], ...]] = (
    (aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout),
    (TimeoutError, httpx2.ReadTimeout),
    (aiohttp.InvalidURL, httpx2.UnsupportedProtocol),
    (aiohttp.ClientProxyConnectionError, httpx2.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx2.ProxyError),
    (aiohttp.ClientConnectorError, httpx2.ConnectError),
    (aiohttp.ClientResponseError, httpx2.RemoteProtocolError),
)
"""The first that fits counts, and `ReadError` where none does: the SDKs know httpx2's errors."""


class ByteStream(httpx2.AsyncByteStream):
    """The body of one response: `read` gives all that has arrived since the last call."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._content = response.content

    @property
    def ended(self) -> bool:
        """Whether the body was read to its end, so that the connection can serve again."""
        return self._content.at_eof()

    async def read(self) -> bytes:
        """All bytes that are there, waiting for the first; empty at the end of the body.

        Raises:
            Unavailable: the connection broke (`cut`), or stayed silent past its time (`timeout`),
                and everything that came before was read.
        """
        try:
            return await self._content.readany()
        except TimeoutError:
            return self._left() or _fail(error_mapping.silent())
        except (aiohttp.ClientError, OSError):
            return self._left() or _fail(error_mapping.cut())

    def _left(self) -> bytes:
        # Once a connection has broken, aiohttp's public methods withhold what came before.
        return self._content._read_nowait(-1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as said

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The same for the SDKs, which read the bodies of errors so and expect httpx2's errors."""
        with _as_httpx2_errors():
            while data := await self._content.readany():
                yield data

    async def aclose(self) -> None:
        """Give the connection back when the body was read to its end, else close it."""
        self._response.release()


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """An httpx2 transport over one aiohttp connection pool.

    aiohttp parses HTTP in C: a request costs half of what it does over httpx2's own transport, and
    a streamed token less than half. The pool sets no limit of its own, since a model's limits stand
    around it. Proxies named in the environment (`HTTPS_PROXY`, `NO_PROXY`, …) are respected when
    they speak HTTP.

    Args:
        tls: the context for https; building one costs tens of milliseconds.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._proxies: dict[tuple[str, str], str | None] = {}
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send, and answer as soon as the response's headers are there."""
        timeout: float | None = request.extensions.get("timeout", {}).get("read")
        with _as_httpx2_errors():
            response = await self._opened().request(
                request.method,
                str(request.url),
                headers=[_pair(name, value) for name, value in request.headers.raw],
                data=await request.aread() or None,
                allow_redirects=False,
                proxy=self._proxy(request.url),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_S, sock_read=timeout
                ),
            )
        slices = ByteStream(response)
        return httpx2.Response(
            response.status,
            headers=_readable(response.raw_headers),
            stream=slices,
            request=request,
            extensions={"http_version": b"HTTP/1.1", SLICES: slices},
        )

    async def aclose(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, ssl=self._tls, keepalive_timeout=KEEP_ALIVE_S)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            )
        return self._session

    def _proxy(self, url: httpx2.URL) -> str | None:
        origin = (url.scheme, url.host)
        if origin not in self._proxies:
            self._proxies[origin] = _proxy_for(*origin)
        return self._proxies[origin]


def _fail(error: Unavailable) -> NoReturn:
    raise error from None


def _pair(name: bytes, value: bytes) -> tuple[str, str]:
    """A header as text. What is the same in every request is held once for all that wait."""
    if name.lower() in ALIKE:
        return _shared(name), _shared(value)
    return _shared(name), value.decode("latin-1")


@lru_cache(maxsize=256)
def _shared(text: bytes) -> str:
    return text.decode("latin-1")


def _readable(headers: tuple[tuple[bytes, bytes], ...]) -> list[tuple[bytes, bytes]]:
    # aiohttp has taken any compression off already: httpx2 must not try to do it again.
    return [(name, value) for name, value in headers if name.lower() != b"content-encoding"]


def _proxy_for(scheme: str, host: str) -> str | None:
    if proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    return proxy if proxy and urlsplit(proxy).scheme in {"http", "https"} else None


@contextmanager
def _as_httpx2_errors() -> Generator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        fault = next((f for kind, f in _FAULTS if isinstance(error, kind)), httpx2.ReadError)
        raise fault(type(error).__name__) from error


_PLAIN: Final = frozenset({"headers", "content", "timeout"})
"""What the SDKs give for every request. Whatever else is given, httpx2 sees to by itself."""


class Client(httpx2.AsyncClient):
    """An httpx2 client that builds plain requests quickly; they are the same as its parent's.

    For each request, httpx2 parses the address anew and merges headers through several copies of
    them. The SDKs have merged most of it already, and ask few addresses.
    """

    def build_request(self, method: str, url: httpx2.URL | str, **given: Any) -> httpx2.Request:
        """A request as the parent builds it, from the same arguments."""
        timeout = given.get("timeout")
        address = _parsed(url) if isinstance(url, str) else url
        has_more = any(value is not None for name, value in given.items() if name not in _PLAIN)
        if has_more or self.params or address.is_relative_url or not isinstance(timeout, float):
            return super().build_request(method, url, **given)
        headers = httpx2.Headers(given.get("headers")).raw
        names = {name.lower() for name, _ in headers}
        return httpx2.Request(
            method,
            address,
            headers=[*(own for own in self.headers.raw if own[0].lower() not in names), *headers],
            cookies=self.cookies,
            content=given.get("content"),
            extensions={"timeout": _waits(timeout)},
        )


@lru_cache(maxsize=256)
def _parsed(url: str) -> httpx2.URL:
    return httpx2.URL(url)


@lru_cache(maxsize=64)
def _waits(timeout: float) -> dict[str, float | None]:
    return httpx2.Timeout(timeout).as_dict()
