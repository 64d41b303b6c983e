"""The contract that every provider keeps, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from moa import ModelError, Profile, RateLimited, Sampling
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build
from tests.moa.provider_calls import QUESTION, TIMEOUT_S, collect
from tests.models import (
    Cut,
    ErrorEvent,
    HangAfterHeaders,
    HangBeforeHeaders,
    ModelServer,
    Raw,
    Reply,
    Stall,
    Status,
)
from tests.models.replies import Fault

SAID = "Paris is the capital of France."
HTTP = ["openai", "anthropic"]


def model_at(
    server: ModelServer, endpoints: Endpoints, provider: str, **settings: Any
) -> ProvidedModel:
    """Return a model of that provider on the loopback server."""
    url = server.openai_url if provider == "openai" else server.anthropic_url
    settings = {"model": "m", "base_url": url, "api_key": "sk-secret-key", **settings}
    return build(ModelSpec(provider=provider, **settings), Profile("m"), endpoints)


@asynccontextmanager
async def nothing_left_running(server: ModelServer) -> AsyncGenerator[Endpoints]:
    """Endpoints for a test; fails if a task, generator or connection is left."""
    before = asyncio.all_tasks()
    async with Endpoints() as endpoints:
        yield endpoints
    async with asyncio.timeout(TIMEOUT_S):
        await server.all_closed()
    assert asyncio.all_tasks() == before


@pytest.fixture(params=HTTP)
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "whole"])
async def test_an_answer_is_received_completely(
    server: ModelServer, provider: str, *, streams: bool
) -> None:
    """Text, stop reason and usage arrive, from a server that streams and from one that does not."""
    server.models["m"] = Reply(
        SAID, input_tokens=20, output_tokens=7, cached_tokens=5, streams=streams
    )
    async with nothing_left_running(server) as endpoints:
        collected = await collect(model_at(server, endpoints, provider))
    assert collected.error is None
    assert (collected.text, collected.stop) == (SAID, "end")
    assert collected.usage is not None
    usage = collected.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (20, 7, 5)


@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "whole"])
@pytest.mark.parametrize("stop", ["length", "refusal"])
async def test_the_stop_reason_is_reported(
    server: ModelServer, provider: str, stop: Any, *, streams: bool
) -> None:
    """A token limit and a refusal differ from a normal end, and keep the text so far."""
    server.models["m"] = Reply("Paris is", stop=stop, streams=streams)
    async with nothing_left_running(server) as endpoints:
        collected = await collect(model_at(server, endpoints, provider))
    assert (collected.text, collected.stop, collected.error) == ("Paris is", stop, None)


@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "whole"])
async def test_an_empty_answer_is_no_error(
    server: ModelServer, provider: str, *, streams: bool
) -> None:
    """A model that ends without text is reported as such; the engine decides what it means."""
    server.models["m"] = Reply("", streams=streams)
    async with nothing_left_running(server) as endpoints:
        collected = await collect(model_at(server, endpoints, provider))
    assert (collected.text, collected.stop, collected.error) == ("", "end", None)


OVERLOADED = ErrorEvent({"type": "overloaded_error"}, after=0)
FAULTS: list[tuple[str, Fault, tuple[str, str], str]] = [
    ("400", Status(400), ("Rejected", "rejected"), ""),
    ("401", Status(401), ("Rejected", "auth"), ""),
    ("402", Status(402), ("Rejected", "quota"), ""),
    ("403", Status(403), ("Rejected", "auth"), ""),
    ("404", Status(404), ("Rejected", "not_found"), ""),
    ("408", Status(408), ("Unavailable", "timeout"), ""),
    ("409", Status(409), ("Unavailable", "unavailable"), ""),
    ("413", Status(413), ("Overflow", "overflow"), ""),
    ("422", Status(422), ("Rejected", "rejected"), ""),
    ("429", Status(429), ("RateLimited", "rate_limited"), ""),
    ("500", Status(500), ("Unavailable", "unavailable"), ""),
    ("503", Status(503), ("Unavailable", "overloaded"), ""),
    ("529", Status(529), ("Unavailable", "overloaded"), ""),
    ("page 502", Raw(b"<p>Bad gateway", "text/html", 502), ("Unavailable", "unavailable"), ""),
    ("hang before headers", HangBeforeHeaders(), ("Unavailable", "timeout"), ""),
    ("hang after headers", HangAfterHeaders(), ("Unavailable", "timeout"), ""),
    ("stall", Stall(after=2), ("Unavailable", "timeout"), "Paris is"),
    ("cut", Cut(after=2), ("Unavailable", "cut"), "Paris is"),
    ("cut before a word", Cut(after=0), ("Unavailable", "cut"), ""),
    ("page", Raw(b"<p>Sign in", "text/html"), ("Unavailable", "garbled"), ""),
    ("garbage", Raw(b"\x00\xff\xfe"), ("Unavailable", "garbled"), ""),
    ("garbage as event", Raw(b"data: {oops\n\n"), ("Unavailable", "garbled"), ""),
    ("list as event", Raw(b"data: [1, 2]\n\n"), ("Unavailable", "garbled"), ""),
    ("garbage as JSON", Raw(b"{oops", "application/json"), ("Unavailable", "garbled"), ""),
    ("other JSON", Raw(b'{"ok": true}', "application/json"), ("Unavailable", "garbled"), ""),
    ("nothing", Raw(b""), ("Unavailable", "cut"), ""),
    ("error event", OVERLOADED, ("Unavailable", "overloaded"), ""),
    (
        "late error event",
        ErrorEvent({"type": "rate_limit_error"}, after=2),
        ("RateLimited", "rate_limited"),
        "Paris is",
    ),
    (
        "error in a 200",
        Raw(b'{"error": {"type": "overloaded_error"}}', "application/json"),
        ("Unavailable", "overloaded"),
        "",
    ),
]


@pytest.mark.parametrize(("fault", "kind", "text"), [pytest.param(*f[1:], id=f[0]) for f in FAULTS])
async def test_every_fault_is_classified(
    server: ModelServer, provider: str, fault: Fault, kind: tuple[str, str], text: str
) -> None:
    """Each fault raises its own ModelError, keeps the text so far, and leaves nothing running.

    Its message has none of the provider's words, which may contain a key.
    """
    server.models["m"] = Reply(SAID, fault=fault)
    async with nothing_left_running(server) as endpoints:
        collected = await collect(model_at(server, endpoints, provider, timeout_s=0.2))
    assert collected.kind == kind
    assert collected.text == text
    assert len(server.questions) == 1
    assert "secret" not in f"{collected.error!r} {collected.error} {vars(collected.error)}"


async def test_a_reset_connection_is_a_cut_answer(server: ModelServer, provider: str) -> None:
    """A connection reset in the middle of an answer counts as cut."""
    server.models["m"] = Reply(SAID, fault=Cut(after=2, reset=True))
    async with nothing_left_running(server) as endpoints:
        collected = await collect(model_at(server, endpoints, provider))
    assert collected.kind == ("Unavailable", "cut")


async def test_a_dead_address_is_a_connection_error(server: ModelServer, provider: str) -> None:
    """If nothing listens, the error says that the server couldn't be reached."""
    async with ModelServer() as gone:
        pass
    async with nothing_left_running(server) as endpoints:
        collected = await collect(model_at(gone, endpoints, provider))
    assert collected.kind == ("Unavailable", "connection")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "7", "retry-after-ms": "1500"}, 1.5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:09 GMT",
          "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 9.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)  # fmt: skip
async def test_the_servers_waiting_time_is_kept(
    server: ModelServer, provider: str, headers: dict[str, str], expected: float | None
) -> None:
    """A rate limit carries the server's waiting time, in every form servers use."""
    server.models["m"] = Reply(fault=Status(429, headers=headers))
    async with nothing_left_running(server) as endpoints:
        collected = await collect(model_at(server, endpoints, provider))
    assert isinstance(collected.error, RateLimited)
    assert collected.error.retry_after == expected


async def test_closing_early_closes_the_connection(server: ModelServer, provider: str) -> None:
    """Closing the generator in the middle of an answer closes its connection."""
    server.models["m"] = Reply(SAID, fault=Stall(after=1))
    async with nothing_left_running(server) as endpoints, asyncio.timeout(TIMEOUT_S):
        stream = model_at(server, endpoints, provider).stream(QUESTION, Sampling())
        async with aclosing(stream) as answer:
            assert [chunk.text async for chunk in _until_text(answer)][-1] == "Paris"
        request = await server.asked(1)
        await request.ended.wait()
        assert request.closed_early


@pytest.mark.parametrize("fault", [HangBeforeHeaders(), HangAfterHeaders(), Stall(after=0)])
async def test_cancelling_closes_the_connection(
    server: ModelServer, provider: str, fault: Fault
) -> None:
    """Cancelling a waiting task closes its connection."""
    server.models["m"] = Reply(SAID, fault=fault)
    async with nothing_left_running(server) as endpoints, asyncio.timeout(TIMEOUT_S):
        task = asyncio.create_task(collect(model_at(server, endpoints, provider)))
        request = await server.asked(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await request.ended.wait()
        assert request.closed_early


async def test_an_unused_stream_sends_nothing(server: ModelServer, provider: str) -> None:
    """The request starts with the generator's first step, so an unused one costs nothing."""
    async with nothing_left_running(server) as endpoints:
        await model_at(server, endpoints, provider).stream(QUESTION, Sampling()).aclose()
    assert server.requests == []


async def test_one_connection_serves_successive_questions(
    server: ModelServer, provider: str
) -> None:
    """Sequential questions share a connection, and concurrent ones don't mix."""
    server.models["m"] = Reply(lambda request: f"You said: {request.turns[-1][1]}")
    async with nothing_left_running(server) as endpoints:
        models = [model_at(server, endpoints, provider) for _ in range(3)]
        for model in models:
            await collect(model)
        assert server.connections == 1
        answers = await asyncio.gather(*(collect(model) for model in models * 5))
    assert {answer.text for answer in answers} == {f"You said: {QUESTION.messages[0].content}"}


async def test_the_request_has_all_its_parts(server: ModelServer, provider: str) -> None:
    """A request carries the turns, the system text, the limit, the options and the key."""
    server.models["m"] = Reply(SAID)
    async with nothing_left_running(server) as endpoints:
        model = model_at(server, endpoints, provider, options={"top_p": 0.9}, reasoning_tokens=0)
        await collect(model, sampling=Sampling(max_output_tokens=33))
    request = server.requests[0]
    assert request.system == QUESTION.system
    assert request.turns == [("user", QUESTION.messages[0].content)]
    assert (request.body["max_tokens"], request.body["top_p"]) == (33, 0.9)
    assert request.headers["authorization"] == "Bearer sk-secret-key"


async def test_invalid_unicode_does_no_harm(server: ModelServer, provider: str) -> None:
    """A lone surrogate in broken input doesn't prevent a question."""
    server.models["m"] = Reply(SAID)
    async with nothing_left_running(server) as endpoints:
        model = model_at(server, endpoints, provider)
        collected = await collect(model, QUESTION.of("odd \ud800 text", system="odd \udfff too"))
    assert (collected.text, server.requests[0].turns) == (SAID, [("user", "odd ? text")])


async def test_a_probe_checks_address_key_and_name(server: ModelServer, provider: str) -> None:
    """A probe succeeds where a question would, without sending one."""
    server.models["m"] = Reply(SAID)
    async with nothing_left_running(server) as endpoints:
        await model_at(server, endpoints, provider).probe()
    assert [request.api for request in server.requests] == ["models"]


@pytest.mark.parametrize(
    ("settings", "kind"),
    [({"api_key": "wrong"}, "auth"), ({"model": "unknown"}, "not_found")],
)
async def test_a_probe_finds_the_mistake(
    provider: str, settings: dict[str, str], kind: str
) -> None:
    """A probe distinguishes a wrong key from a wrong model name."""
    async with (
        ModelServer({"m": Reply(SAID)}, key="right") as server,
        nothing_left_running(server) as endpoints,
    ):
        model = model_at(server, endpoints, provider, **{"api_key": "right", **settings})
        with pytest.raises(ModelError) as raised:
            await model.probe()
    assert raised.value.error_kind == kind


async def test_a_probe_without_a_model_page_asks_for_one_token(provider: str) -> None:
    """A server that doesn't describe its models is probed with a minimal question."""
    async with ModelServer({"m": Reply(SAID)}, has_model_pages=False) as server:
        async with nothing_left_running(server) as endpoints:
            await model_at(server, endpoints, provider, reasoning_tokens=0).probe()
        assert [request.body["max_tokens"] for request in server.questions] == [1]


async def _until_text(answer: AsyncGenerator[Any, None]) -> AsyncIterator[Any]:
    async for chunk in answer:
        yield chunk
        if chunk.text:
            return
