"""A server gets the parameters it accepts, as configured or learned from its errors."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from moa import Message, Profile, Prompt, Sampling
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build
from tests.moa.provider_calls import SAMPLING, collect
from tests.moa.refusals import of, of_openrouter
from tests.models import ErrorEvent, ModelServer, Raw, Reply, Status

CAP = SAMPLING.max_output_tokens
SENT = ("temperature", "stream_options", "max_tokens", "max_completion_tokens")


def refusing(body: Any, status: int = 400) -> Reply:
    return Reply(fault=Status(status, body))


def located(status_type: str, message: str, *loc: str) -> dict[str, Any]:
    """Return the error in FastAPI's form."""
    return {"detail": [{"type": status_type, "loc": list(loc), "msg": message, "input": {"a": 1}}]}


@pytest.fixture
async def server() -> AsyncGenerator[ModelServer, None]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def endpoints() -> AsyncGenerator[Endpoints, None]:
    async with Endpoints() as made:
        yield made


def model_at(
    server: ModelServer, endpoints: Endpoints, provider: str = "openai", **settings: Any
) -> ProvidedModel:
    url = server.openai_url if provider == "openai" else server.anthropic_url
    settings = {"model": "m", "base_url": url, "api_key": "k", "reasoning_tokens": 0, **settings}
    return build(ModelSpec(provider=provider, **settings), Profile("m"), endpoints)


def sent(server: ModelServer) -> list[dict[str, Any]]:
    """Return each request's parameters that a server may reject."""
    return [{k: r.body[k] for k in SENT if k in r.body} for r in server.requests]


UNSUPPORTED = [
    ("stream_options", of("Unrecognized request argument supplied: stream_options"), 400),
    ("stream_options", located("extra_forbidden", "Extra inputs", "body", "stream_options"), 422),
    (
        "stream_options",
        {
            "object": "error",
            "message": located(
                "extra_forbidden", "Extra inputs are not permitted", "stream_options"
            ),
            "type": "invalid_request_error",
            "param": None,
        },
        422,
    ),
    (
        "stream_options",
        of_openrouter(
            400,
            "Provider returned error",
            raw=json.dumps(of("Unsupported parameter(s): `stream_options`")),
        ),
        400,
    ),
    (
        "stream_options",
        located("value_error.extra", "extra fields not permitted", "body", "stream_options", "x"),
        422,
    ),
    (
        "temperature",
        of(
            "Unsupported value: 'temperature' does not support 0.5 with this model. Only the "
            "default (1) value is supported.",
            param="temperature",
            code="unsupported_value",
            type="invalid_request_error",
        ),
        400,
    ),
    ("temperature", of("invalid temperature: only 1 is allowed for this model"), 400),
    ("temperature", of("`temperature` is deprecated for this model."), 400),
    (
        "temperature",
        of(
            "litellm.UnsupportedParamsError: openai does not support parameters: "
            "['temperature'], for model=m.",
            param="None",
            code="400",
        ),
        400,
    ),
    (
        "temperature",
        {"error": "model does not accept the parameter temperature", "status": "failed"},
        400,
    ),
]


@pytest.mark.parametrize(("name", "body", "status"), UNSUPPORTED)
async def test_a_rejected_parameter_is_dropped_whatever_the_wording(
    server: ModelServer, endpoints: Endpoints, name: str, body: Any, status: int
) -> None:
    """The question is retried at once without it, and so are later ones."""
    server.models["m"] = [refusing(body, status), Reply("Paris.")]
    model = model_at(server, endpoints)
    assert [(await collect(model)).text for _ in range(2)] == ["Paris."] * 2
    first, *rest = sent(server)
    assert rest == [{k: v for k, v in first.items() if k != name}] * 2


RENAMED = [
    of(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        param="max_tokens",
        code="unsupported_parameter",
    ),
    of("`max_tokens` is not supported; max_completion_tokens must be used."),
    located("extra_forbidden", "Extra inputs are not permitted", "body", "max_tokens"),
    of_openrouter(400, "Provider returned error", raw="Unknown parameter: 'max_tokens'."),
]


@pytest.mark.parametrize("body", RENAMED)
async def test_the_output_limit_has_the_name_that_the_server_accepts(
    server: ModelServer, endpoints: Endpoints, body: Any
) -> None:
    """A server that knows only the other name of the limit gets that one from then on."""
    server.models["m"] = [refusing(body), Reply("Paris.")]
    model = model_at(server, endpoints)
    assert [(await collect(model)).text for _ in range(2)] == ["Paris."] * 2
    for body_sent in sent(server)[1:]:
        assert body_sent["max_completion_tokens"] == CAP
        assert "max_tokens" not in body_sent


REFUSED_VALUES = [
    of("max_tokens is too large: 100.", param="max_tokens", type="invalid_request_error"),
    of("Invalid 'max_tokens': must be positive", param="max_tokens", code="invalid_value"),
    located("less_than_equal", "Input should be less than or equal to 16", "body", "max_tokens"),
    of("temperature must be in the range [0, 0.4]", param="temperature"),
    located("less_than_equal", "ensure this value is at most 0.4", "body", "temperature"),
    of(
        "This model's maximum context length is 6048 tokens. However, you requested 6616 tokens "
        "(6516 in the messages, 100 in the completion).",
        param="max_tokens",
        type="invalid_request_error",
    ),
]


@pytest.mark.parametrize("body", REFUSED_VALUES)
async def test_a_rejected_value_removes_no_parameter(
    server: ModelServer, endpoints: Endpoints, body: Any
) -> None:
    """After a question with invalid values, the next one has all its parameters."""
    server.models["m"] = [refusing(body), Reply("Paris.")]
    model = model_at(server, endpoints)
    while (await collect(model)).error:
        pass
    first, last = sent(server)[0], sent(server)[-1]
    assert last.keys() == first.keys()


@pytest.mark.parametrize(
    "message",
    [
        (
            "max_tokens is too large: 9000. This model supports at most 4096 completion tokens, "
            "whereas you provided 9000."
        ),
        "max_tokens: 9000 > 4096, which is the maximum allowed number of output tokens for m-2024",
        "Range of max_tokens is [1, 4096]",
        "`max_tokens` must be less than or equal to `4096`, the maximum value for `max_tokens`",
    ],
)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_the_servers_maximum_output_is_respected(
    server: ModelServer, endpoints: Endpoints, provider: str, message: str
) -> None:
    """A model's maximum output is learned and respected from then on."""
    server.models["m"] = [refusing(of(message, type="invalid_request_error")), Reply("Paris.")]
    model = model_at(server, endpoints, provider)
    for _ in range(2):
        assert (await collect(model, sampling=Sampling(max_output_tokens=9_000))).text == "Paris."
    assert [r.body["max_tokens"] for r in server.requests] == [9_000, 4_096, 4_096]


NO_ROOM = [
    refusing(
        of(
            "'max_tokens' or 'max_completion_tokens' is too large: 8100. This model's maximum "
            "context length is 8192 tokens and your request has 500 input tokens (8100 > 8192 - "
            "500).",
            code=400,
        )
    ),
    refusing(
        of(
            "input length and `max_tokens` exceed context limit: 195000 + 8100 > 200000",
            type="invalid_request_error",
        )
    ),
    refusing(
        of_openrouter(
            402,
            "This request requires more credits, or fewer max_tokens. You requested up to 8100 "
            "tokens, but can only afford 314.",
        ),
        402,
    ),
    refusing(of("max_tokens is too large", param="max_tokens")),
]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("refused", NO_ROOM)
async def test_the_thinking_allowance_is_dropped_for_one_question(
    server: ModelServer, endpoints: Endpoints, provider: str, refused: Reply
) -> None:
    """If there is no room for reasoning, the question is sent without it; the next one has it."""
    server.models["m"] = [refused, Reply("Paris.")]
    model = model_at(server, endpoints, provider, reasoning_tokens=8_000)
    assert [(await collect(model)).text for _ in range(2)] == ["Paris."] * 2
    assert [r.body["max_tokens"] for r in server.requests] == [8_100, 100, 8_100]


NO_SYSTEM = [
    of("System role not supported"),
    of("Developer instruction is not enabled for models/gemma-3-27b-it", code=400),
    of(
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        param="messages[0].role",
        code="unsupported_value",
    ),
    of("Conversation roles must alternate user/assistant/user/assistant/..."),
    of("Only user and assistant roles are supported!"),
    located("literal_error", "Input should be 'user' or 'assistant'", "body", "messages", "role"),
    of("Role 'system' is not allowed"),
    located("value_error", "system messages are not allowed", "body", "messages"),
]


@pytest.mark.parametrize("body", NO_SYSTEM)
async def test_a_template_without_a_system_role_gets_the_text_in_the_first_turn(
    server: ModelServer, endpoints: Endpoints, body: Any
) -> None:
    """The system text isn't lost: it opens the first user turn, and roles alternate."""
    server.models["m"] = [refusing(body), Reply("Paris.")]
    turns = (Message("user", "a"), Message("user", "b"), Message("assistant", "c"))
    prompt = Prompt((*turns, Message("user", "d")), system="Be brief.")
    model = model_at(server, endpoints)
    assert [(await collect(model, prompt)).text for _ in range(2)] == ["Paris."] * 2
    assert server.requests[0].system == "Be brief."
    for request in server.requests[1:]:
        assert request.system == ""
        assert request.turns == [("user", "Be brief.\n\na\n\nb"), ("assistant", "c"), ("user", "d")]


async def test_unsupported_parameters_can_be_configured(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """With `omit` and `system_role = false`, the first request is right."""
    server.models["m"] = Reply("Paris.")
    omit = ("stream_options", "temperature")
    await collect(model_at(server, endpoints, omit=omit, system_role=False))
    request = server.requests[0]
    assert sent(server) == [{"max_tokens": CAP}]
    assert request.system == ""
    assert request.turns[0][1].startswith("Answer in one sentence.\n\n")


async def test_anthropics_parameters_can_be_omitted(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """A Messages gateway may lack a parameter, too."""
    server.models["m"] = Reply("Paris.")
    options = {"top_p": 0.5, "top_k": 3}
    await collect(model_at(server, endpoints, "anthropic", omit=("top_k",), options=options))
    assert server.requests[0].body["top_p"] == 0.5
    assert "top_k" not in server.requests[0].body


async def test_each_model_learns_separately(server: ModelServer, endpoints: Endpoints) -> None:
    """A parameter rejected by one model's server is still sent to other models."""
    server.models["m"] = [refusing(UNSUPPORTED[0][1]), Reply("Paris.")]
    server.models["n"] = Reply("Paris.")
    await collect(model_at(server, endpoints))
    await collect(model_at(server, endpoints, model="n"))
    assert "stream_options" in sent(server)[-1]


def in_stream(body: Any) -> Reply:
    """Send an error event instead of an answer, with status 200."""
    event = body if isinstance(body, dict) and "error" in body else {"error": body}
    return Reply(fault=Raw(f"data: {json.dumps(event)}\n\n".encode()))


def as_whole_body(body: Any) -> Reply:
    """Send the error as a JSON body, with status 200."""
    event = body if isinstance(body, dict) and "error" in body else {"error": body}
    return Reply(fault=Raw(json.dumps(event).encode(), content_type="application/json"))


@pytest.mark.parametrize("form", [in_stream, as_whole_body])
@pytest.mark.parametrize(("name", "body", "status"), UNSUPPORTED)
async def test_a_parameter_rejected_with_status_200_is_learnt(
    server: ModelServer, endpoints: Endpoints, *, form: Any, name: str, body: Any, status: int
) -> None:
    """Gateways may begin the stream first and send the error as its first event."""
    server.models["m"] = [form(body), Reply("Paris.")]
    model = model_at(server, endpoints)
    assert [(await collect(model)).text for _ in range(2)] == ["Paris."] * 2
    assert len(server.requests) == 3
    assert name in server.requests[0].body
    assert all(name not in request.body for request in server.requests[1:])


async def test_an_error_after_the_first_words_is_final(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """The text so far is kept, and there is no retry."""
    error = {"message": "Unsupported parameter: stream_options", "code": "unsupported_parameter"}
    server.models["m"] = Reply(fault=ErrorEvent(error, after=1))
    collected = await collect(model_at(server, endpoints))
    assert collected.text == "Paris"
    assert collected.error is not None
    assert len(server.requests) == 1


async def test_a_server_that_rejects_everything_in_its_stream_is_given_up(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """Other errors, and endless ones, are reported without endless retries."""
    server.models["m"] = in_stream({"message": "Something broke.", "code": 500})
    assert (await collect(model_at(server, endpoints))).error
    assert len(server.requests) == 1


async def test_a_system_message_rejected_in_the_stream_is_learnt(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """The system text then opens the first turn."""
    server.models["m"] = [
        in_stream({"message": "System role not supported", "code": 400}),
        Reply("Paris."),
    ]
    assert (await collect(model_at(server, endpoints))).text == "Paris."
    assert server.requests[1].system == ""
