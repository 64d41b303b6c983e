"""The tokens of a call: as its server counted them where that can be right, else estimated."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final, TypeGuard

from moa.pipeline import token_budget
from moa.types import Prompt, Usage

MOST_TOKENS: Final = 10_000_000
"""No model reads or writes more in one call; a larger count is a mistake or a lie."""

MOST_USD: Final = 10_000.0
"""The most that one call can have cost."""

_CHARACTERS_PER_TOKEN: Final = 3.5


def plausible(usage: Usage | None) -> Usage | None:
    """The usage as it can be counted and stored; None where it cannot be right or says nothing."""
    if usage is None:
        return None
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_tokens)
    if not all(is_count(count) for count in counts):
        return None
    if usage.cost_usd is not None and not is_cost(usage.cost_usd):
        usage = replace(usage, cost_usd=None)
    if not (usage.input_tokens or usage.output_tokens or usage.cost_usd):
        return None
    return usage


def is_count(value: object) -> TypeGuard[int]:
    """Whether this can be the number of tokens of one call."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS


def is_cost(value: object) -> TypeGuard[float]:
    """Whether this can be the cost of one call in US dollars."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= MOST_USD


def completed(usage: Usage | None, prompt: Prompt, received: int, *, whole: bool) -> Usage:
    """The usage of a call, with estimates of what its server did not count.

    Args:
        usage: as the server counted it; None where it did not.
        prompt: what was sent.
        received: characters of text that came back, thoughts included.
        whole: whether the answer came to its end. If not, the count of the output may be one of
            its beginning.
    """
    counted = usage or Usage()
    if counted.cost_usd is not None and whole:
        return counted
    read = counted.input_tokens or token_budget.size(prompt)
    written = counted.output_tokens
    guessed = math.ceil(received / _CHARACTERS_PER_TOKEN)
    if not whole or not written:
        written = max(written, guessed)
    if (read, written) == (counted.input_tokens, counted.output_tokens):
        return counted
    cached = min(counted.cached_tokens, read)
    return Usage(read, written, cached, cost_usd=None, estimated=True)
