"""Errors are classified by meaning, however the provider spells them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from moa import Plan, Profile, ask, resilient
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build
from tests.cases import every_case
from tests.moa.provider_calls import collect
from tests.moa.refusals import REJECTED
from tests.moa.refusals_clouds import CLOUD_LIMITS, CLOUDS
from tests.moa.refusals_others import ONE_QUESTION, PASSING, THE_MODEL
from tests.moa.refusals_windows import WINDOWS
from tests.models import ModelServer, Raw, Reply, Status

OF_THE_MODEL = [*THE_MODEL, *CLOUDS]
ALL = [*WINDOWS, *ONE_QUESTION, *OF_THE_MODEL, *PASSING, *CLOUD_LIMITS]


def answering(status: int, body: Any) -> Reply:
    """Return a server that refuses with this body (JSON unless it is text)."""
    if isinstance(body, str):
        return Reply(fault=Raw(body.encode(), "text/html", status))
    return Reply(fault=Raw(json.dumps(body).encode(), "application/json", status))


def model_at(
    server: ModelServer, endpoints: Endpoints, provider: str = "openai", **settings: Any
) -> ProvidedModel:
    url = server.openai_url if provider == "openai" else server.anthropic_url
    settings = {"model": "m", "base_url": url, "api_key": "sk-secret-key", **settings}
    return build(ModelSpec(provider=provider, **settings), Profile("m"), endpoints)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_an_error_is_classified_by_its_meaning(server: ModelServer, provider: str) -> None:
    """Every spelling of a kind of error is understood, and keeps its status."""
    with every_case() as case:
        for name, status, body, kind in ALL:
            server.models["m"] = answering(status, body)
            with case(name):
                async with Endpoints() as endpoints:
                    collected = await collect(model_at(server, endpoints, provider))
                assert collected.kind == kind
                assert collected.error is not None
                assert collected.error.status == status


IN_A_STREAM = [
    c
    for c in ALL
    if isinstance(c[2], dict) and "error" in c[2] and c[1] != 402 and c[3] != REJECTED
]


async def test_an_error_with_status_200_is_classified_in_the_same_way(server: ModelServer) -> None:
    """Gateways may report an error inside a 200 response, in the same words."""
    with every_case() as case:
        for name, _, body, kind in IN_A_STREAM:
            server.models["m"] = Reply(fault=Raw(f"data: {json.dumps(body)}\n\n".encode()))
            with case(name):
                async with Endpoints() as endpoints:
                    assert (await collect(model_at(server, endpoints))).kind == kind


def times_asked(server: ModelServer, model: str) -> int:
    return sum(question.model == model for question in server.questions)


async def test_one_rejected_question_does_not_affect_the_next(server: ModelServer) -> None:
    """After a refusal that may concern one question, the next question is answered."""
    with every_case() as case:
        for number, (name, status, body, _) in enumerate((*ONE_QUESTION, *WINDOWS)):
            called = f"m{number}"
            server.models[called] = [*[answering(status, body)] * 4, Reply("Paris.")]
            with case(name):
                async with Endpoints() as endpoints:
                    model = resilient(model_at(server, endpoints, model=called))
                    while times_asked(server, called) < 4:
                        assert (await collect(model)).error is not None
                    assert (await collect(model)).text == "Paris."


async def test_a_fault_of_the_model_or_its_key_stops_the_next_calls(server: ModelServer) -> None:
    """A bad key, an empty account and an unknown model aren't retried for a while."""
    with every_case() as case:
        for number, (name, status, body, _) in enumerate(OF_THE_MODEL):
            called = f"m{number}"
            server.models[called] = [answering(status, body), Reply("Paris.")]
            with case(name):
                async with Endpoints() as endpoints:
                    model = resilient(model_at(server, endpoints, model=called))
                    await collect(model)
                    assert (await collect(model)).kind == ("BreakerOpen", "breaker_open")
                assert times_asked(server, called) == 1


async def test_the_providers_reason_is_kept_without_keys(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """Status, code, parameter and the first 300 characters are kept; keys are not, in any form."""
    said = (
        "Incorrect API key provided: sk-proj-abc123-def. Yours is swordfish-x or AIzaSyA123456789 "
        "or Bearer abc.123456, masked abcd****wxyz. " + "x " * 400
    )
    error = {"message": said, "code": "invalid_api_key", "param": "api_key", "type": "t"}
    server.models["m"] = Reply(fault=Status(401, {"error": error}))
    collected = await collect(model_at(server, endpoints, api_key="swordfish-x"))
    assert collected.error is not None
    reason = collected.error.reason
    assert reason is not None
    assert reason.startswith("401 invalid_api_key (parameter api_key): Incorrect API key provided")
    assert len(reason) <= 360
    assert reason.endswith("…")
    for secret in ("abc123", "swordfish", "AIzaSy", "abc.123456", "wxyz"):
        assert secret not in reason
    assert "Incorrect" not in str(collected.error)


async def test_the_reason_in_a_html_page_is_its_title(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """A gateway's HTML page is summarised by its title, in one line."""
    page = "<html><head><title>502 Bad\nGateway</title></head><body>…</body></html>"
    server.models["m"] = answering(502, page)
    collected = await collect(model_at(server, endpoints))
    assert collected.error is not None
    assert collected.error.reason == "502: 502 Bad Gateway"


async def test_the_reason_is_logged_for_operators(
    server: ModelServer, endpoints: Endpoints, caplog: pytest.LogCaptureFixture
) -> None:
    """Each failed call logs its reason under the model's name."""
    server.models["m"] = [answering(*OF_THE_MODEL[0][1:3]), Reply("Paris.")]
    model = model_at(server, endpoints)
    with caplog.at_level("INFO"):
        await ask(Plan.of([model], aggregator=model), "Where?")
    assert "model m failed as proposer: 401 invalid_api_key: Incorrect API key" in caplog.text


async def test_a_hostile_error_is_classified_quickly(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """Deep, long or oddly typed bodies are refusals like any other."""
    deep: Any = "x"
    for _ in range(100):
        deep = {"error": deep, "message": "a" * 1_000, "code": ["odd"], "loc": {"a": 1}}
    for body in (deep, ["*" * 100_000], {"error": {"message": "sk-" * 50_000}}, 7, None):
        server.models["m"] = answering(400, body)
        collected = await collect(model_at(server, endpoints))
        assert collected.kind == REJECTED
        assert collected.error is not None
        assert len(collected.error.reason or "") < 400


FAR_AWAY = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
FAR_OFFSET = "Mon, 01 Jan 2024 00:00:00 +9999999999999999999"


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": FAR_AWAY},
        {"Retry-After": FAR_OFFSET},
        {"Retry-After": "Mon, 01 Jan 2024 00:00:00 GMT", "Date": FAR_AWAY},
        {"Retry-After": "9" * 5_000},
        {"retry-after-ms": "nan"},
        *({"Content-Type": f"text/plain; charset={name}"} for name in ("rot13", "idna", "hex")),
        *({"Content-Type": f"text/plain; charset={name}"} for name in ("undefined", "punycode")),
    ],
    ids=str,
)
async def test_odd_headers_do_not_change_the_error(
    server: ModelServer, endpoints: Endpoints, headers: Mapping[str, str]
) -> None:
    """A rate limit stays a rate limit, whatever dates and encodings come with it."""
    body = b"Slow down, " + b"9" * 2_000 + b"\xff"
    server.models["m"] = Reply(fault=Raw(body, "text/plain", 429, headers))
    collected = await collect(model_at(server, endpoints))
    assert collected.kind == ("RateLimited", "rate_limited")
    assert collected.error is not None
    assert str(collected.error.reason).startswith("429: Slow down, 9")
