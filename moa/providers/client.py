"""The httpx2 client beneath the SDKs: the requests that they build, with less work for each."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import httpx2

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
