"""A server gets the parameters it accepts, as configured or learned from its errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moa import Message, Prompt
from moa.providers import Endpoints
from tests.moa.parameter_calls import CAP, located, model_at, refusing, sent
from tests.moa.provider_calls import collect
from tests.moa.refusals import of, of_openrouter
from tests.models import ErrorEvent, ModelServer, Raw, Reply

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
