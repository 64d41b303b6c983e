"""What our client builds for the SDKs is what httpx2 builds, whatever they ask of it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from moa.providers.transport import Client

URL = "https://models.example/v1/chat/completions"
PLAIN: dict[str, Any] = {
    "headers": [("Authorization", "Bearer k"), ("accept", "application/json"), ("X-Own", "1")],
    "content": b'{"model":"m"}',
    "timeout": 30.0,
}

REQUESTS: dict[str, tuple[httpx2.URL | str, dict[str, Any]]] = {
    "as the openai SDK asks": (URL, PLAIN | {"params": None, "files": None}),
    "as the anthropic SDK asks": (
        httpx2.URL(URL),
        PLAIN | {"headers": httpx2.Headers({"Accept": "application/json", "User-Agent": "SDK"})},
    ),
    "with nothing to send": (URL, {"timeout": 30.0}),
    "with a header twice": (URL, PLAIN | {"headers": [("X-A", "1"), ("x-a", "2")]}),
    "with parameters": (URL, PLAIN | {"params": {"after": "x y"}}),
    "with JSON": (URL, {"json": {"model": "m"}, "timeout": 30.0}),
    "with fields of an own": (URL, PLAIN | {"extensions": {"sni_hostname": "other"}}),
    "with several timeouts": (URL, PLAIN | {"timeout": httpx2.Timeout(5, read=60)}),
    "without a timeout": (URL, PLAIN | {"timeout": None}),
    "with a query in the address": (f"{URL}?api-version=1", PLAIN),
    "with a password in the address": ("http://user:word@models.example/v1", PLAIN),
    "at an address within another": ("models", PLAIN),
}


def taken_apart(request: httpx2.Request) -> tuple[object, ...]:
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    return request.method, str(request.url), headers, request.read(), request.extensions


@pytest.mark.parametrize("case", REQUESTS)
@pytest.mark.parametrize("cookies", [{}, {"route": "a"}], ids=["", "with a cookie"])
async def test_requests_are_those_of_httpx2(case: str, cookies: dict[str, str]) -> None:
    """To be quick changes nothing that a server could see."""
    url, given = REQUESTS[case]
    settings: dict[str, Any] = {
        "base_url": "https://base.example/v2",
        "headers": {"Accept-Encoding": "identity"},
        "cookies": cookies,
    }
    async with Client(**settings) as ours, httpx2.AsyncClient(**settings) as theirs:
        for _ in range(2):  # what was kept of the first must do for the second
            built = taken_apart(ours.build_request("post", url, **given))
            assert built == taken_apart(theirs.build_request("post", url, **given))


async def test_parameters_of_the_client_are_sent() -> None:
    """What was set for all requests is in each of them."""
    async with Client(params={"tenant": "a"}) as client:
        assert str(client.build_request("POST", URL, **PLAIN).url) == f"{URL}?tenant=a"
