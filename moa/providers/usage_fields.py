"""Reads the token counts of both APIs, in the spellings of the servers that imitate them.

A count that cannot be right, or that says nothing, is unknown and never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moa.pipeline.usage_estimates import is_cost, is_token_count, plausible_usage
from moa.providers import error_mapping
from moa.types import Usage

Counted = Mapping[str, Any]


def chat_usage(counted: Counted) -> Usage | None:
    """Chat Completions' `usage`; DeepSeek and Moonshot name the cached tokens in their own way.

    OpenRouter adds what the call cost in US dollars
    (https://openrouter.ai/docs/use-cases/usage-accounting).
    """
    details = error_mapping.as_mapping(counted.get("prompt_tokens_details"))
    hit, missed = (
        _number(counted, "prompt_cache_hit_tokens"),
        _number(counted, "prompt_cache_miss_tokens"),
    )
    read = _number(counted, "prompt_tokens")
    if read is None and hit is not None and missed is not None:
        read = hit + missed
    cached = _number(details, "cached_tokens") or hit or _number(counted, "cached_tokens") or 0
    return _usage(read, _written(counted, read or 0), cached, _cost(counted))


def messages_usage(counted: Counted) -> Usage | None:
    """The Messages API's `usage`: it counts what was read fresh, from the cache and into it."""
    fresh = _number(counted, "input_tokens")
    cached = _number(counted, "cache_read_input_tokens")
    stored = _number(counted, "cache_creation_input_tokens")
    parts = (fresh, cached, stored)
    read = -1 if -1 in parts else sum(part or 0 for part in parts)
    return _usage(read, _number(counted, "output_tokens"), cached or 0, None)


def _written(counted: Counted, read: int) -> int | None:
    """What was written, thoughts included, which some servers count beside the answer.

    xAI and Gemini leave them out of `completion_tokens`, but not out of `total_tokens`.
    """
    written = _number(counted, "completion_tokens")
    details = error_mapping.as_mapping(counted.get("completion_tokens_details"))
    thought = _number(details, "reasoning_tokens") or _number(counted, "reasoning_tokens") or 0
    total = _number(counted, "total_tokens") or 0
    if written is None or written < 0:
        return written
    if thought > written:  # they cannot be a part of it
        written += thought
    return max(written, total - read)


def _usage(read: int | None, written: int | None, cached: int, cost: float | None) -> Usage | None:
    read, written = read or 0, written or 0
    if not is_token_count(cached):
        cached = 0
    return plausible_usage(Usage(read, written, min(cached, max(read, 0)), cost))


def _number(counted: Counted, name: str) -> int | None:
    """A count; None where there is none, -1 where it cannot be right."""
    value = counted.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if is_token_count(value) else -1


def _cost(counted: Counted) -> float | None:
    """What the server says it charges; where the caller's own key paid, what that was charged."""
    cost = counted.get("cost")
    details = error_mapping.as_mapping(counted.get("cost_details"))
    upstream = details.get("upstream_inference_cost")
    if not is_cost(cost):
        return None
    if counted.get("is_byok") is True and is_cost(upstream):
        return float(cost + upstream)
    return float(cost)
