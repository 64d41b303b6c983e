"""Requests reach the network as the SDKs intend, and no received data is lost."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from aiohttp import web

from moa import Profile
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build
from moa.providers.openai import OpenAIModel
from tests.moa.provider_calls import collect
from tests.models import Cut, ModelServer, Redirect, Reply

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def model_at(base_url: str, endpoints: Endpoints) -> OpenAIModel:
    spec = ModelSpec(provider="openai", model="m", base_url=base_url, api_key="k")
    return OpenAIModel(Profile("m"), spec, endpoints)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
async def test_a_proxy_in_the_environment_is_used(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Behind a company proxy, models are called through it."""
    async with ModelServer({"m": Reply("Paris.")}) as proxy:
        monkeypatch.setenv(name.lower(), proxy.url)
        collected = await collect(model_at("http://models.invalid/v1", endpoints))
    assert collected.text == "Paris."
    assert proxy.requests[0].headers["host"] == "models.invalid"


async def test_an_address_excluded_from_the_proxy_is_called_directly(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY is respected, so internal models bypass the proxy."""
    async with ModelServer({"m": Reply("Paris.")}) as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert (await collect(model_at(server.openai_url, endpoints))).text == "Paris."


async def test_text_before_a_broken_connection_is_kept(endpoints: Endpoints) -> None:
    """A slow reader gets all text received before the connection broke."""
    async with ModelServer({"m": Reply("one two three four", fault=Cut(after=3))}) as server:
        model = model_at(server.openai_url, endpoints)
        collected = await collect(model, meanwhile=server.all_closed)
    assert (collected.text, collected.kind) == ("one two three", ("Unavailable", "cut"))


async def test_compressed_answers_are_understood(endpoints: Endpoints) -> None:
    """Compression isn't requested, since it delays text, but is understood."""

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        choice = {"message": {"content": "Paris."}, "finish_reason": "stop"}
        body = gzip.compress(json.dumps({"choices": [choice]}).encode())
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=body, headers=headers)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        assert (await collect(model_at(url, endpoints))).text == "Paris."
    finally:
        await runner.cleanup()


@pytest.fixture(params=["openai", "anthropic"])
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


def model_of(provider: str, server: ModelServer, endpoints: Endpoints, path: str) -> ProvidedModel:
    spec = ModelSpec(provider=provider, model="m", base_url=server.url + path, api_key="k")
    return build(spec, Profile("m"), endpoints)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_question_is_redirected_to_no_other_origin(
    endpoints: Endpoints, provider: str, status: int, host: str
) -> None:
    """Key and question are never redirected to another port or host."""
    async with ModelServer({"m": Reply("Rome.")}) as other, ModelServer() as server:
        page = "/v1/chat/completions" if provider == "openai" else "/v1/messages"
        place = other.url.replace("127.0.0.1", host) + page
        server.models["m"] = Reply(fault=Redirect(place, status))
        path = "/v1" if provider == "openai" else ""
        collected = await collect(model_of(provider, server, endpoints, path))
        assert collected.kind == ("Rejected", "redirected")
        assert collected.error is not None
        assert collected.error.status == status
        right = place.removesuffix(page) + ("/v1" if provider == "openai" else "")
        assert f'base_url = "{right}"' in str(collected.error)
        assert other.requests == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_moved_server_is_reached_at_the_address_in_the_message(
    endpoints: Endpoints, provider: str, status: int
) -> None:
    """The message names the base_url that works, without the API's path and the query."""
    async with ModelServer({"m": Reply("Paris.")}) as new, ModelServer() as old:
        page = "/v1/chat/completions" if provider == "openai" else "/v1/messages"
        old.models["m"] = Reply(fault=Redirect(f"{new.url}{page}?from=old#top", status))
        path = "/v1" if provider == "openai" else ""
        collected = await collect(model_of(provider, old, endpoints, path))
        found = re.search(r'base_url = "([^"]+)"', str(collected.error))
        assert found is not None
        spec = ModelSpec(provider=provider, model="m", base_url=found[1], api_key="k")
        assert (await collect(build(spec, Profile("m"), endpoints))).text == "Paris."


@pytest.mark.parametrize(
    "location", ["https://[broken", "https://x.example/a b<script>", "javascript:alert(1)", "//"]
)
async def test_nothing_but_an_address_is_quoted(endpoints: Endpoints, location: str) -> None:
    """A server can't put words into our message by way of a redirect."""
    async with ModelServer({"m": Reply(fault=Redirect(location, 302))}) as server:
        collected = await collect(model_of("openai", server, endpoints, "/v1"))
        assert collected.kind == ("Rejected", "redirected")
        assert "script" not in str(collected.error)


async def test_a_redirect_within_the_origin_is_followed(
    endpoints: Endpoints, provider: str
) -> None:
    """The request keeps its question and key, as servers with moved paths expect."""
    async with ModelServer(key="k") as server:
        page = "/v1/chat/completions" if provider == "openai" else "/v1/messages"
        server.models["m"] = [Reply(fault=Redirect(page, 307)), Reply("Paris.")]
        path = "/v1" if provider == "openai" else ""
        collected = await collect(model_of(provider, server, endpoints, path))
        assert (collected.text, collected.error) == ("Paris.", None)
        assert server.requests[0].body == server.requests[1].body


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_redirect_that_drops_the_question_is_rejected(
    endpoints: Endpoints, provider: str, status: int
) -> None:
    """Such a redirect would turn the POST into a GET without a question."""
    async with ModelServer({"m": Reply(fault=Redirect("/v1/other", status))}) as server:
        path = "/v1" if provider == "openai" else ""
        collected = await collect(model_of(provider, server, endpoints, path))
        assert collected.kind == ("Rejected", "redirected")


async def test_redirects_are_limited(endpoints: Endpoints, provider: str) -> None:
    """A redirect loop counts as unreachable."""
    page = "/v1/chat/completions" if provider == "openai" else "/v1/messages"
    async with ModelServer({"m": Reply(fault=Redirect(page, 307))}) as server:
        path = "/v1" if provider == "openai" else ""
        collected = await collect(model_of(provider, server, endpoints, path))
        assert collected.kind == ("Unavailable", "connection")
        assert len(server.requests) < 10


@pytest.mark.parametrize(
    "address", ["socks4://127.0.0.1:9", "socks5://127.0.0.1:9", "ftp://127.0.0.1:9"]
)
async def test_an_unusable_proxy_is_named_and_never_bypassed(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, provider: str, address: str
) -> None:
    """An unsupported proxy is reported; nothing is sent directly."""
    monkeypatch.setenv("all_proxy", address)
    async with ModelServer({"m": Reply("Paris.")}) as server:
        path = "/v1" if provider == "openai" else ""
        collected = await collect(model_of(provider, server, endpoints, path))
        assert collected.kind == ("Rejected", "proxy")
        assert server.requests == []


async def test_no_cookie_is_kept(endpoints: Endpoints) -> None:
    """Cookies from one question aren't sent with the next."""
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        choice = {"message": {"content": "Paris."}, "finish_reason": "stop"}
        response = web.json_response({"choices": [choice]})
        response.set_cookie("session", f"{len(seen)}")
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "localhost", 0).start()
    try:
        url = f"http://localhost:{runner.addresses[0][1]}/v1"
        for _ in range(2):
            assert (await collect(model_at(url, endpoints))).text == "Paris."
    finally:
        await runner.cleanup()
    assert seen == [None, None]
