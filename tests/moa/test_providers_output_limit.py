"""The output limit has the name and the value that a server accepts."""

from __future__ import annotations

from typing import Any

import pytest

from moa import Sampling
from moa.providers import Endpoints
from tests.moa.parameter_calls import CAP, located, model_at, refusing, sent
from tests.moa.provider_calls import collect
from tests.moa.refusals import of, of_openrouter
from tests.models import ModelServer, Reply

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
