"""Assigns anonymous labels to answers, and the nonce that no author can guess."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from string import ascii_uppercase

from moa.types import Answer

RANKING_PREFIX = "R"
COMBINATION_PREFIX = "S"
"""Prefixes of numbered labels: R1, R2 … for rankings, S1 for an answer combined from others. The
number keeps them distinct from the letters of answers."""


def boundary_nonce(seed: int, layer: int) -> str:
    """Return the random part of a layer's boundary lines: 16 hexadecimal digits."""
    return f"{random.Random(f'nonce:{seed}:{layer}').getrandbits(64):016x}"  # noqa: S311 - the run's secret seed must reproduce it


def assign_labels(
    answers: Sequence[Answer], *, seed: int, layer: int, prefix: str = ""
) -> tuple[Answer, ...]:
    """Return the answers with anonymous labels, shuffled in an order that only the seed decides.

    The order hides which model wrote what, and spreads a reader's bias for the first answer. Labels
    are letters (A, B …), or with a `prefix` that and a number.
    """
    shuffled = list(answers)
    random.Random(f"order:{seed}:{layer}").shuffle(shuffled)  # noqa: S311 - must be reproducible
    return tuple(
        replace(answer, label=f"{prefix}{i + 1}" if prefix else _letters(i))
        for i, answer in enumerate(shuffled)
    )


def _letters(index: int) -> str:
    """Return A, B, … Z, AA, AB and so on."""
    head, tail = divmod(index, len(ascii_uppercase))
    return (_letters(head - 1) if head else "") + ascii_uppercase[tail]
