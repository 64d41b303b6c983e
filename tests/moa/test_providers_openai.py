"""Specifics of OpenAI's API and of compatible servers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from moa import PipelineError, Profile
from moa.providers import Endpoints, ModelSpec
from moa.providers.openai import OpenAIModel
from moa.providers.parameters import REASONING_TOKENS
from tests.moa.provider_calls import collect
from tests.models import ModelServer, Raw, Reply, Status

UNSET = ModelSpec(provider="openai", model="m")


def refusing(param: str, code: str | None) -> Reply:
    """Return a server that rejects this parameter."""
    error = {"type": "invalid_request_error", "param": param, "code": code, "message": "no"}
    return Reply(fault=Status(400, {"error": error}))


def events(*values: dict[str, Any] | str) -> Reply:
    """Return a server that streams these events unchanged."""
    data = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return Reply(fault=Raw("".join(f"data: {one}\n\n" for one in data).encode()))


def saying(text: str | None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    """Return one event of a stream."""
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}], **more}


def model_at(server: ModelServer, endpoints: Endpoints, **settings: Any) -> OpenAIModel:
    settings = {"base_url": server.openai_url, "api_key": "k", **settings}
    return OpenAIModel(Profile("m"), replace(UNSET, **settings), endpoints)


@pytest.mark.parametrize("code", ["unsupported_parameter", "unsupported_value", None])
@pytest.mark.parametrize(
    ("param", "left"),
    [
        (
            "temperature",
            {"max_tokens": 100 + REASONING_TOKENS, "stream_options": {"include_usage": True}},
        ),
        ("stream_options", {"max_tokens": 100 + REASONING_TOKENS, "temperature": 0.5}),
        (
            "max_tokens",
            {
                "max_completion_tokens": 100 + REASONING_TOKENS,
                "temperature": 0.5,
                "stream_options": {"include_usage": True},
            },
        ),
    ],
)
async def test_a_rejected_parameter_is_dropped_or_renamed(
    server: ModelServer, endpoints: Endpoints, param: str, left: dict[str, Any], code: str | None
) -> None:
    """A parameter that a server rejects is dropped at once, and for later questions."""
    server.models["m"] = [refusing(param, code), Reply("Paris.")]
    model = model_at(server, endpoints)
    assert (await collect(model)).text == "Paris."
    assert (await collect(model)).text == "Paris."
    first, *rest = [request.body for request in server.requests]
    assert param in first
    assert len(rest) == 2
    for body in rest:
        assert {k: v for k, v in body.items() if k not in {"model", "messages", "stream"}} == left


async def test_a_server_that_rejects_both_limits_gets_none(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """If both names of the output limit are rejected, the question is sent without one."""
    server.models["m"] = [
        refusing("max_tokens", "unsupported_parameter"),
        refusing("max_completion_tokens", "unsupported_parameter"),
        Reply("Paris."),
    ]
    assert (await collect(model_at(server, endpoints))).text == "Paris."
    assert not {"max_tokens", "max_completion_tokens"} & server.requests[-1].body.keys()


@pytest.mark.parametrize("param", ["messages", "model", "top_p"])
async def test_other_rejections_are_not_retried(
    server: ModelServer, endpoints: Endpoints, param: str
) -> None:
    """A request that is wrong in another way fails once, without endless retries."""
    server.models["m"] = refusing(param, "unsupported_value")
    collected = await collect(model_at(server, endpoints, options={"top_p": 2}))
    assert collected.kind == ("Rejected", "rejected")
    assert len(server.requests) == 1


async def test_a_server_that_always_rejects_is_retried_a_few_times(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """A server that keeps rejecting a parameter no longer sent ends the retries."""
    server.models["m"] = refusing("temperature", "unsupported_value")
    assert (await collect(model_at(server, endpoints))).kind == ("Rejected", "rejected")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": "context_length_exceeded"}, ("Overflow", "overflow")),
        (400, {"type": "exceed_context_size_error"}, ("Overflow", "overflow")),
        (429, {"code": "insufficient_quota"}, ("Rejected", "quota")),
        (429, {"type": "insufficient_quota"}, ("Rejected", "quota")),
        (403, {"code": "billing_not_active"}, ("Rejected", "quota")),
    ],
)
async def test_errors_are_recognised_by_code(
    server: ModelServer,
    endpoints: Endpoints,
    status: int,
    error: dict[str, str],
    kind: tuple[str, str],
) -> None:
    """A full window and empty credit are recognised by code, whatever the status."""
    server.models["m"] = Reply(fault=Status(status, {"error": error}))
    collected = await collect(model_at(server, endpoints))
    assert collected.kind == kind
    assert collected.error is not None
    assert (collected.error.status, collected.error.code) == (status, next(iter(error.values())))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 502, "message": "x"}, ("Unavailable", "unavailable")),
        ({"code": 429, "message": "x"}, ("RateLimited", "rate_limited")),
        ({"code": "context_length_exceeded"}, ("Overflow", "overflow")),
        ({"type": "server_error"}, ("Unavailable", "unavailable")),
        ({"code": "invalid_api_key"}, ("Rejected", "auth")),
        ({"code": "what nobody knows", "type": ["odd"]}, ("Unavailable", "unavailable")),
        ("just words", ("Unavailable", "unavailable")),
    ],
)
async def test_an_error_within_the_stream_is_classified(
    server: ModelServer, endpoints: Endpoints, error: Any, kind: tuple[str, str]
) -> None:
    """An error after the first text is classified by code, in each form servers use."""
    server.models["m"] = events(saying("Paris"), {"error": error})
    collected = await collect(model_at(server, endpoints))
    assert (collected.kind, collected.text) == (kind, "Paris")


@pytest.mark.parametrize(
    ("stream", "text", "stop"),
    [
        ([saying("Paris"), saying("", "stop")], "Paris", "end"),
        ([saying("Paris", "stop"), "[DONE]", saying(" and more")], "Paris", "end"),
        ([saying("Paris"), "[DONE]"], "Paris", "end"),
        ([saying("Paris", "eos")], "Paris", "end"),
        ([saying(None), saying("Paris"), saying(None, "length")], "Paris", "length"),
        ([{"choices": []}, {"object": "x"}, saying("Paris", "stop"), "[DONE]"], "Paris", "end"),
        ([saying("Paris", "stop", usage=None), "[DONE]"], "Paris", "end"),
        ([{"choices": [{"delta": None}]}, saying("Paris", "stop")], "Paris", "end"),
        (
            [{"choices": [{"delta": {"refusal": "I won't."}}]}, saying(None, "stop"), "[DONE]"],
            "I won't.",
            "refusal",
        ),
    ],
)
async def test_the_quirks_of_compatible_servers_are_tolerated(
    server: ModelServer, endpoints: Endpoints, stream: list[Any], text: str, stop: str
) -> None:
    """Missing end markers, odd stop reasons, empty choices and null deltas do no harm."""
    server.models["m"] = events(*stream)
    collected = await collect(model_at(server, endpoints))
    assert (collected.text, collected.stop, collected.error) == (text, stop, None)


@pytest.mark.parametrize(
    "stream",
    [[saying("Paris")], [saying("Paris"), saying("", "error"), "[DONE]"]],
    ids=["no end", "reason is an error"],
)
async def test_an_answer_without_an_end_is_a_cut(
    server: ModelServer, endpoints: Endpoints, stream: list[Any]
) -> None:
    """An answer without a stop reason and an end marker is cut off."""
    server.models["m"] = events(*stream)
    collected = await collect(model_at(server, endpoints))
    assert (collected.kind, collected.text) == (("Unavailable", "cut"), "Paris")


async def test_usage_may_come_with_every_event(server: ModelServer, endpoints: Endpoints) -> None:
    """If usage is reported repeatedly during a stream, the last report counts."""
    server.models["m"] = events(
        saying("Pa", usage={"prompt_tokens": 9, "completion_tokens": 1}),
        saying("ris", "stop", usage={"prompt_tokens": 9, "completion_tokens": 2}),
        "[DONE]",
    )
    collected = await collect(model_at(server, endpoints))
    assert collected.usage is not None
    assert (collected.usage.input_tokens, collected.usage.output_tokens) == (9, 2)


async def test_events_received_together_become_one_chunk(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """Data that arrives together is yielded together, so a fast stream costs little."""
    server.models["m"] = events(*[saying("word ") for _ in range(500)], saying("", "stop"))
    collected = await collect(model_at(server, endpoints))
    assert collected.text == "word " * 500
    assert collected.chunks < 20


async def test_a_temperature_is_sent_if_the_model_takes_one(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """The profile decides whether a temperature is sent."""
    server.models["m"] = Reply("Paris.")
    spec = replace(UNSET, base_url=server.openai_url)
    without = OpenAIModel(Profile("m", takes_temperature=False), spec, endpoints)
    await collect(model_at(server, endpoints))
    await collect(without)
    assert [request.body.get("temperature") for request in server.requests] == [0.5, None]


async def test_a_key_from_the_environment_stays_with_its_server(
    server: ModelServer, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server given by base_url never gets the key of another one."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    server.models["m"] = Reply("Paris.")
    await collect(model_at(server, endpoints, api_key=None))
    assert "sk-of-openai" not in server.requests[0].headers["authorization"]


async def test_the_environment_is_the_default(
    server: ModelServer, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK reads OPENAI_BASE_URL and OPENAI_API_KEY, which belong together."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    server.models["m"] = Reply("Paris.")
    assert (await collect(OpenAIModel(Profile("m"), UNSET, endpoints))).text == "Paris."
    assert server.requests[0].headers["authorization"] == "Bearer sk-of-the-environment"


async def test_a_missing_key_is_named(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any key, the error names the variable to set."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    collected = await collect(OpenAIModel(Profile("m"), UNSET, endpoints))
    assert collected.kind == ("Rejected", "auth")
    assert "OPENAI_API_KEY" in str(collected.error)


@pytest.mark.parametrize("base_url", ["", "localhost:8000/v1", "ftp://host", "https://"])
def test_an_invalid_address_is_found_at_once(base_url: str) -> None:
    """A base_url without a scheme or host is a configuration error."""
    with pytest.raises(PipelineError, match="base_url"):
        OpenAIModel(Profile("m"), replace(UNSET, base_url=base_url), Endpoints())


@pytest.mark.parametrize("key", ["sk-a\n", "sk a", "“sk-a”"])
def test_an_invalid_key_is_found_at_once(key: str) -> None:
    """A key with a line break or curly quote from careless copying is rejected and not shown."""
    with pytest.raises(PipelineError) as raised:
        OpenAIModel(Profile("m"), replace(UNSET, api_key=key), Endpoints())
    assert "sk" not in str(raised.value)


async def test_concurrent_calls_build_one_client(server: ModelServer, endpoints: Endpoints) -> None:
    """Concurrent questions to a new endpoint build one client."""
    server.models["m"] = Reply("Paris.")
    models = [model_at(server, endpoints) for _ in range(10)]
    clients = await asyncio.gather(*(model._client() for model in models))
    assert len({id(client) for client in clients}) == 1
    other = await model_at(server, endpoints, api_key="another")._client()
    assert other is not clients[0]
