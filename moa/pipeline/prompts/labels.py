"""Which letter an answer is read under, and what no answer's author can guess."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from string import ascii_uppercase

from moa.types import Answer

RANKING = "R"
COMBINATION = "S"
"""Heads of numbered labels: R1, R2 … for rankings, S1 for an answer combined from others. With
their number they cannot be taken for the letter of an answer."""


def nonce_of(seed: int, layer: int) -> str:
    """The boundary's random part for one layer of one run: 16 hexadecimal digits."""
    return f"{random.Random(f'nonce:{seed}:{layer}').getrandbits(64):016x}"  # noqa: S311 - repeatable by the run's own secret seed


def labelled(
    answers: Sequence[Answer], *, seed: int, layer: int, head: str = ""
) -> tuple[Answer, ...]:
    """The answers under anonymous labels, in a shuffled order that only the seed decides.

    The order hides which model wrote what and spreads a reader's bias to the first. Labels are
    letters; with a `head` they are that and a number.
    """
    shuffled = list(answers)
    random.Random(f"order:{seed}:{layer}").shuffle(shuffled)  # noqa: S311 - repeatable by seed
    return tuple(
        replace(answer, label=f"{head}{i + 1}" if head else _letter(i))
        for i, answer in enumerate(shuffled)
    )


def _letter(index: int) -> str:
    """A, B, … Z, AA, AB and so on."""
    head, tail = divmod(index, len(ascii_uppercase))
    return (_letter(head - 1) if head else "") + ascii_uppercase[tail]
