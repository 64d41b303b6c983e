"""Reads token counts of both APIs, including compatible servers' variants.

An implausible or missing count is unknown, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from moa.pipeline.usage_estimates import is_cost, is_token_count, plausible_usage
from moa.providers.error_details import as_mapping
from moa.types import Usage

UsageFields = Mapping[str, Any]


def parse_chat_usage(fields: UsageFields) -> Usage | None:
    """Parse Chat Completions' `usage`; DeepSeek and Moonshot name cached tokens differently.

    OpenRouter adds the call's cost in US dollars
    (https://openrouter.ai/docs/use-cases/usage-accounting).
    """
    details = as_mapping(fields.get("prompt_tokens_details"))
    hit, missed = (
        _number(fields, "prompt_cache_hit_tokens"),
        _number(fields, "prompt_cache_miss_tokens"),
    )
    input_tokens = _number(fields, "prompt_tokens")
    if input_tokens is None and hit is not None and missed is not None:
        input_tokens = hit + missed
    cached = _number(details, "cached_tokens") or hit or _number(fields, "cached_tokens") or 0
    return _usage(input_tokens, _output_tokens(fields, input_tokens or 0), cached, _cost(fields))


def find_chat_usage(event: UsageFields) -> Usage | None:
    """Return the usage in an event, wherever the server puts it; None if there is none.

    OpenAI: `usage`. Groq: `x_groq.usage`. Moonshot: `choices[0].usage`.
    """
    choices = event.get("choices")
    listed = cast("list[object]", choices) if isinstance(choices, list) else []
    holders = [event, event.get("x_groq"), *listed[:1]]
    for holder in map(as_mapping, holders):
        fields = as_mapping(holder.get("usage"))
        if fields and (usage := parse_chat_usage(fields)):
            return usage
    return None


def parse_messages_usage(fields: UsageFields) -> Usage | None:
    """Parse the Messages API's `usage`: uncached, cache-read and cache-write input tokens."""
    fresh = _number(fields, "input_tokens")
    cached = _number(fields, "cache_read_input_tokens")
    stored = _number(fields, "cache_creation_input_tokens")
    parts = (fresh, cached, stored)
    input_tokens = -1 if -1 in parts else sum(part or 0 for part in parts)
    return _usage(input_tokens, _number(fields, "output_tokens"), cached or 0, None)


def _output_tokens(fields: UsageFields, input_tokens: int) -> int | None:
    """Return output tokens including reasoning, which some servers count separately.

    xAI and Gemini leave reasoning out of `completion_tokens`, but not out of `total_tokens`.
    """
    output_tokens = _number(fields, "completion_tokens")
    details = as_mapping(fields.get("completion_tokens_details"))
    reasoning = _number(details, "reasoning_tokens") or _number(fields, "reasoning_tokens") or 0
    total = _number(fields, "total_tokens") or 0
    if output_tokens is None or output_tokens < 0:
        return output_tokens
    if reasoning > output_tokens:  # then it isn't part of them
        output_tokens += reasoning
    return max(output_tokens, total - input_tokens)


def _usage(
    input_tokens: int | None, output_tokens: int | None, cached: int, cost: float | None
) -> Usage | None:
    input_tokens, output_tokens = input_tokens or 0, output_tokens or 0
    if not is_token_count(cached):
        cached = 0
    return plausible_usage(
        Usage(input_tokens, output_tokens, min(cached, max(input_tokens, 0)), cost)
    )


def _number(fields: UsageFields, name: str) -> int | None:
    """Return a count; None if missing, -1 if implausible."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if is_token_count(value) else -1


def _cost(fields: UsageFields) -> float | None:
    """Return the charge the server reports, or the upstream charge if the caller's own key paid."""
    cost = fields.get("cost")
    details = as_mapping(fields.get("cost_details"))
    upstream = details.get("upstream_inference_cost")
    if not is_cost(cost):
        return None
    if fields.get("is_byok") is True and is_cost(upstream):
        return float(cost + upstream)
    return float(cost)
