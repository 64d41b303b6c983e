"""Specifics of Anthropic's API."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from moa import Message, Profile, Prompt, Sampling
from moa.providers import Endpoints, ModelSpec
from moa.providers.anthropic import MAX_OUTPUT_TOKENS, AnthropicModel
from moa.providers.messages_codec import BEFORE_ASSISTANT
from moa.providers.parameters import REASONING_TOKENS
from tests.moa.provider_calls import collect
from tests.models import ModelServer, Raw, Reply, Status


@pytest.fixture
async def server() -> AsyncGenerator[ModelServer, None]:
    async with ModelServer({"m": Reply("Paris.")}) as running:
        yield running


UNSET = ModelSpec(provider="anthropic", model="m")


def model_at(server: ModelServer, endpoints: Endpoints, **settings: Any) -> AnthropicModel:
    settings = {"base_url": server.anthropic_url, "api_key": "k", **settings}
    return AnthropicModel(Profile("m"), replace(UNSET, **settings), endpoints)


def events(*values: dict[str, Any]) -> Reply:
    """Return a server that streams these events unchanged."""
    data = [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in values]
    return Reply(fault=Raw("".join(data).encode()))


def saying(kind: str, **parts: str) -> dict[str, Any]:
    """Return one event of a stream."""
    return {"type": "content_block_delta", "delta": {"type": kind, **parts}}


def user(text: str) -> Message:
    return Message("user", text)


def assistant(text: str) -> Message:
    return Message("assistant", text)


@pytest.mark.parametrize(
    ("turns", "sent"),
    [
        ([user("a")], [("user", "a")]),
        ([user("a"), user("b")], [("user", "a\n\nb")]),
        (
            [user("a"), assistant("b"), assistant("c"), user("d")],
            [("user", "a"), ("assistant", "b\n\nc"), ("user", "d")],
        ),
        ([user("a"), assistant("  "), user("b")], [("user", "a\n\nb")]),
        (
            [assistant("a"), user("b")],
            [("user", BEFORE_ASSISTANT), ("assistant", "a"), ("user", "b")],
        ),
    ],
)
async def test_turns_alternate_and_begin_with_the_user(
    server: ModelServer,
    endpoints: Endpoints,
    turns: list[Message],
    sent: list[tuple[str, str]],
) -> None:
    """Any thread is sent in the API's form: no empty turn, no role twice in a row."""
    await collect(model_at(server, endpoints), Prompt(tuple(turns)))
    assert server.requests[0].turns == sent
    assert "system" not in server.requests[0].body


async def test_no_temperature_is_sent(server: ModelServer, endpoints: Endpoints) -> None:
    """The API accepts no temperature: none is sent, and the profile says so."""
    model = model_at(server, endpoints)
    await collect(model, sampling=Sampling(temperature=0.7))
    assert "temperature" not in server.requests[0].body
    assert not model.profile.takes_temperature


async def test_a_limit_is_always_sent(server: ModelServer, endpoints: Endpoints) -> None:
    """The API requires a limit: the model's own is used if the role sets none."""
    await collect(model_at(server, endpoints), sampling=Sampling())
    assert server.requests[0].body["max_tokens"] == MAX_OUTPUT_TOKENS + REASONING_TOKENS


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"type": "billing_error"}, ("Rejected", "quota")),
        (413, {"type": "request_too_large"}, ("Overflow", "overflow")),
        (500, {"type": "overloaded_error"}, ("Unavailable", "overloaded")),
        (
            403,
            {
                "type": "permission_error",
                "details": {"error_code": "enforced_spend_limit_reached"},
            },
            ("Rejected", "quota"),
        ),
    ],
)
async def test_errors_are_recognised_by_type_and_code(
    server: ModelServer,
    endpoints: Endpoints,
    status: int,
    error: dict[str, Any],
    kind: tuple[str, str],
) -> None:
    """Credit, size and load errors are recognised by type and code, whatever the status."""
    body = {"type": "error", "error": error}
    server.models["m"] = Reply(fault=Status(status, body))
    assert (await collect(model_at(server, endpoints))).kind == kind


async def test_usage_is_known_before_the_first_word(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """A cut-off answer still counts its input; cached input is part of it."""
    usage = {"input_tokens": 10, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 2}
    server.models["m"] = events(
        {"type": "message_start", "message": {"usage": usage}}, saying("text_delta", text="Pa")
    )
    collected = await collect(model_at(server, endpoints))
    assert (collected.kind, collected.text) == (("Unavailable", "cut"), "Pa")
    assert collected.usage is not None
    assert (collected.usage.input_tokens, collected.usage.cached_tokens) == (42, 30)


async def test_thinking_is_not_part_of_the_answer(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """Thinking, signatures and unknown events are ignored."""
    server.models["m"] = events(
        saying("thinking_delta", thinking="Hm"),
        saying("signature_delta", signature="x"),
        {"type": "something_new", "text": "no"},
        saying("text_delta", text="Paris"),
        {"type": "message_delta", "delta": {"stop_reason": "model_context_window_exceeded"}},
        {"type": "message_stop"},
    )
    collected = await collect(model_at(server, endpoints))
    assert (collected.text, collected.stop, collected.error) == ("Paris", "length", None)


async def test_a_missing_key_is_named(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Without any key, the error names the variable to set."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    collected = await collect(AnthropicModel(Profile("m"), UNSET, endpoints))
    assert collected.kind == ("Rejected", "auth")
    assert "ANTHROPIC_API_KEY" in str(collected.error)


async def test_a_key_from_the_environment_stays_with_its_server(
    server: ModelServer, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server given by base_url never gets the key of another one."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-anthropic")
    await collect(model_at(server, endpoints, api_key=None))
    assert "sk-of-anthropic" not in str(server.requests[0].headers)


async def test_the_environment_is_the_default(
    server: ModelServer, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK reads ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY, which belong together."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.anthropic_url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-environment")
    assert (await collect(AnthropicModel(Profile("m"), UNSET, endpoints))).text == "Paris."
    assert server.requests[0].headers["authorization"] == "Bearer sk-of-the-environment"
