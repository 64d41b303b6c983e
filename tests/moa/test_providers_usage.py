"""Token counts and reasoning as compatible servers send them, over loopback HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moa import Plan, Price, Profile, Usage
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build
from moa.providers.usage_fields import parse_chat_usage, parse_messages_usage
from tests.moa.provider_calls import collect
from tests.moa.runs import play, says
from tests.models import ModelServer, Raw, Reply

DOLLAR = Price(1_000_000, 1_000_000).of
"""One US dollar per token."""


def model_at(server: ModelServer, endpoints: Endpoints, api: str = "openai") -> ProvidedModel:
    """Return a priced model behind one of the two APIs."""
    url = server.openai_url if api == "openai" else server.anthropic_url
    spec = ModelSpec(provider=api, model="m", base_url=url, api_key="k")
    return build(spec, Profile("m", cost=DOLLAR), endpoints)


def counting(usage: str) -> Reply:
    """Return a server whose last event has this usage, unchanged."""
    said = json.dumps({"choices": [{"index": 0, "delta": {"content": "Blue sky."}}]})
    end = '{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": %s}'
    data = "".join(f"data: {event}\n\n" for event in (said, end % usage, "[DONE]"))
    return Reply(fault=Raw(data.encode()))


@pytest.mark.parametrize(
    ("counted", "usage"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 4}, Usage(9, 4)),
        ({"prompt_tokens": 9.0, "completion_tokens": 4}, Usage(9, 4)),
        # OpenAI: reasoning is part of the output.
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 40,
                "total_tokens": 49,
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(9, 40),
        ),
        # xAI: in addition to the output.
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 40,
                "total_tokens": 79,
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(9, 70),
        ),
        # Gemini: only in the total. Others: no total, and more reasoning than text.
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 63}, Usage(9, 54)),
        ({"prompt_tokens": 9, "completion_tokens": 4, "reasoning_tokens": 50}, Usage(9, 54)),
        # DeepSeek and Moonshot.
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_cache_hit_tokens": 6,
                "prompt_cache_miss_tokens": 3,
            },
            Usage(9, 4, 6),
        ),
        (
            {
                "completion_tokens": 4,
                "prompt_cache_hit_tokens": 6,
                "prompt_cache_miss_tokens": 3,
            },
            Usage(9, 4, 6),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 4, "cached_tokens": 7}, Usage(9, 4, 7)),
        # OpenRouter: the cost in US dollars, and that of the caller's own key.
        ({"prompt_tokens": 9, "completion_tokens": 4, "cost": 0.5}, Usage(9, 4, 0, 0.5)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "cost": 0.5,
                "is_byok": True,
                "cost_details": {"upstream_inference_cost": 2},
            },
            Usage(9, 4, 0, 2.5),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 4, "cost": -1}, Usage(9, 4)),
        ({"prompt_tokens": 9, "completion_tokens": 4, "cost": "0.5"}, Usage(9, 4)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        ({"prompt_tokens": None, "completion_tokens": None}, None),
        ({"prompt_tokens": 9, "completion_tokens": "4"}, None),
        ({"prompt_tokens": -9, "completion_tokens": 4}, None),
        ({"prompt_tokens": 9, "completion_tokens": 2**31}, None),
        ({"prompt_tokens": True, "completion_tokens": 4}, None),
        ({}, None),
    ],
)
def test_usage_is_parsed_in_every_spelling(counted: dict[str, Any], usage: Usage | None) -> None:
    """Reasoning is billed wherever it is reported; an implausible count is unknown."""
    assert parse_chat_usage(counted) == usage


@pytest.mark.parametrize(
    ("counted", "usage"),
    [
        ({"input_tokens": 9, "output_tokens": 4, "cache_read_input_tokens": 6}, Usage(15, 4, 6)),
        ({"input_tokens": 0, "output_tokens": 0}, None),
        ({"input_tokens": 9, "output_tokens": -4}, None),
        ({"input_tokens": 9, "output_tokens": 2**63}, None),
        ({"input_tokens": "9", "output_tokens": 4}, None),
    ],
)
def test_anthropic_usage_is_parsed_strictly_too(
    counted: dict[str, Any], usage: Usage | None
) -> None:
    """Cached tokens are part of the input."""
    assert parse_messages_usage(counted) == usage


@pytest.mark.parametrize(
    "usage",
    [
        "null",
        "{}",
        '{"prompt_tokens": 0, "completion_tokens": 0}',
        '{"prompt_tokens": 9223372036854775808, "completion_tokens": 1}',
        '{"prompt_tokens": NaN, "completion_tokens": 1}',
        '{"prompt_tokens": -1, "completion_tokens": 1e400}',
        '{"prompt_tokens": "many", "completion_tokens": [1]}',
        '"none"',
    ],
)
async def test_a_priced_model_without_usage_is_not_free(
    server: ModelServer, endpoints: Endpoints, usage: str
) -> None:
    """Its usage is unknown, the question is answered, and the cost is an estimate."""
    server.models["m"] = counting(usage)
    played = await play(Plan.of([model_at(server, endpoints)], aggregator=says("w")))
    [call] = played.calls("m")
    assert (call.state, call.usage and call.usage.estimated) == ("used", True)
    assert call.cost_usd
    assert played.outcome.status == "complete"


@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    "said", ["<think>a b</think>Blue sky.", "\n<thought>a\nb</thought>\n\nBlue sky.<|im_end|>"]
)
async def test_thoughts_in_the_text_are_removed(
    server: ModelServer, endpoints: Endpoints, *, api: str, said: str, streams: bool
) -> None:
    """This works for both APIs, streaming or not."""
    server.models["m"] = Reply(said, streams=streams)
    assert (await collect(model_at(server, endpoints, api))).text == "Blue sky."


@pytest.mark.parametrize("api", ["openai", "anthropic"])
async def test_a_template_that_opens_the_thoughts_is_learnt(
    server: ModelServer, endpoints: Endpoints, api: str
) -> None:
    """From the second answer on, no reasoning is shown, not even briefly."""
    server.models["m"] = Reply("Let me see.\n</think>\n\nBlue sky.")
    model = model_at(server, endpoints, api)
    await collect(model)
    assert (await collect(model)).text == "Blue sky."


@pytest.mark.parametrize("api", ["openai", "anthropic"])
async def test_an_answer_of_only_thoughts_has_its_own_reason(
    server: ModelServer, endpoints: Endpoints, api: str
) -> None:
    """It is retried once, and then differs from an empty answer."""
    server.models["m"] = Reply("<think>a b c")
    asked = Plan.of([model_at(server, endpoints, api), says("b")], aggregator=says("w"))
    played = await play(asked)
    assert [c.error_kind for c in played.calls("m")] == ["only_thoughts"] * 2


@pytest.mark.parametrize(
    "last",
    [
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {}},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": {}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "x_groq": {"usage": {}}},
        {"choices": [], "usage": None, "x_groq": {"id": "req_1", "usage": {}}},
    ],
)
async def test_usage_is_found_wherever_a_server_puts_it(
    server: ModelServer, endpoints: Endpoints, last: dict[str, Any]
) -> None:
    """It is at the top (OpenAI), in the choice (Moonshot), or under the server's name (Groq)."""
    counts = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    said = {"choices": [{"index": 0, "delta": {"content": "Blue."}}], "usage": None}
    stop = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    end = json.dumps(last).replace('"usage": {}', f'"usage": {json.dumps(counts)}')
    events = [json.dumps(said), *([json.dumps(stop)] if not last["choices"] else []), end, "[DONE]"]
    data = "".join(f"data: {event}\n\n" for event in events)
    server.models["m"] = Reply(fault=Raw(data.encode()))
    assert (await collect(model_at(server, endpoints))).usage == Usage(9, 4)
