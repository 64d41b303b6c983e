"""Requests reach the wire as the SDKs mean them, and nothing that came is lost."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncGenerator

import pytest
from aiohttp import web

from moa import Profile
from moa.providers import Endpoints
from moa.providers.openai import OpenAIModel
from tests.moa.provider_calls import hear
from tests.models import Cut, ModelServer, Reply

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
async def endpoints() -> AsyncGenerator[Endpoints, None]:
    async with Endpoints() as made:
        yield made


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def model_at(base_url: str, endpoints: Endpoints) -> OpenAIModel:
    return OpenAIModel(Profile("m"), "m", endpoints, base_url=base_url, api_key="k")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_used(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Behind a company's proxy, models are asked through it."""
    async with ModelServer({"m": Reply("Paris.")}) as proxy:
        monkeypatch.setenv(name.lower(), proxy.url)
        heard = await hear(model_at("http://models.invalid/v1", endpoints))
    assert heard.text == "Paris."
    assert proxy.requests[0].headers["host"] == "models.invalid"


async def test_an_address_that_needs_no_proxy_is_asked_directly(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY is respected, so that a model in the house is not asked through the proxy."""
    async with ModelServer({"m": Reply("Paris.")}) as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert (await hear(model_at(server.openai_url, endpoints))).text == "Paris."


async def test_what_came_before_a_break_is_kept(endpoints: Endpoints) -> None:
    """A reader that is slow still gets every word that came before the connection broke."""
    async with ModelServer({"m": Reply("one two three four", fault=Cut(after=3))}) as server:
        model = model_at(server.openai_url, endpoints)
        heard = await hear(model, meanwhile=server.all_closed)
    assert (heard.text, heard.kind) == ("one two three", ("Unavailable", "cut"))


async def test_compressed_answers_are_read(endpoints: Endpoints) -> None:
    """Compression is not asked for, since it holds words back, but is understood."""

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
        assert (await hear(model_at(url, endpoints))).text == "Paris."
    finally:
        await runner.cleanup()
