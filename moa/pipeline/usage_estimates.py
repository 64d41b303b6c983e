"""Checks the token counts that servers report, and estimates the missing ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final, TypeGuard

from moa.pipeline import token_budget
from moa.types import Prompt, Usage

MAX_CALL_TOKENS: Final = 10_000_000
"""No model reads or writes more tokens in one call. Larger counts are wrong."""

MAX_CALL_USD: Final = 10_000.0
"""No call costs more US dollars. Larger amounts are wrong."""

CHARS_PER_TOKEN: Final = 3.5
"""An estimate for the output of most models."""

MOST_CHARS_PER_TOKEN: Final = 100
"""No model writes more characters per token on average. A lower count of tokens is wrong."""


def plausible_usage(usage: Usage | None) -> Usage | None:
    """Return a usage without an impossible cost; None if its counts are impossible or all zero."""
    if usage is None:
        return None
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_tokens)
    if not all(is_token_count(count) for count in counts):
        return None
    if usage.cost_usd is not None and not is_cost(usage.cost_usd):
        usage = replace(usage, cost_usd=None)
    if not (usage.input_tokens or usage.output_tokens or usage.cost_usd):
        return None
    return usage


def is_token_count(value: object) -> TypeGuard[int]:
    """Return whether this is a possible number of tokens of one call."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_CALL_TOKENS


def is_cost(value: object) -> TypeGuard[float]:
    """Return whether this is a possible cost of one call in US dollars."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= MAX_CALL_USD


def complete_usage(
    usage: Usage | None, prompt: Prompt, received: int, *, is_complete: bool
) -> Usage:
    """Return a call's usage, with estimates of the counts that its server did not report.

    Args:
        usage: as the server reported it, or None.
        prompt: the prompt sent.
        received: characters of text received, thoughts included.
        is_complete: whether the answer reached its end. If not, the server's output count may
            cover only the start of the answer. A count that is far too low for the text is missing.
    """
    reported = usage or Usage()
    if reported.cost_usd is not None and is_complete:
        return reported
    input_tokens = reported.input_tokens or token_budget.prompt_tokens(prompt)
    output_tokens = reported.output_tokens
    if not is_complete or output_tokens < received / MOST_CHARS_PER_TOKEN or not output_tokens:
        output_tokens = max(output_tokens, math.ceil(received / CHARS_PER_TOKEN))
    if (input_tokens, output_tokens) == (reported.input_tokens, reported.output_tokens):
        return reported
    cached_tokens = min(reported.cached_tokens, input_tokens)
    return Usage(input_tokens, output_tokens, cached_tokens, cost_usd=None, estimated=True)
