"""Which answers of a layer stand far from the others, by their words alone: no model is asked.

The measure: each answer is a set of words cut to five letters (a rough stem; in scripts without
spaces, pairs of characters), each weighed by its rarity among the answers, so that what all hold
counts for nothing. The likeness of two answers is the cosine of the weighed sets, an answer's
standing its mean likeness to the others, and it is far when that is under `FAR_SHARE` of the
layer's median standing.

Its limits: it knows words, not meaning. It finds an answer to another question, in another
language, a refusal, and one that is mostly injected text; it does not find a false answer in the
others' words, a right one in words of its own may be taken for far, and of answers shorter than
`LEAST_WORDS` it says nothing. Hence it is off by default.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from unicodedata import normalize

LEAST_ANSWERS = 4
"""Of fewer, no majority could be told from a minority."""

KEPT = 3
"""Never are fewer answers left than these."""

LEAST_WORDS = 8
"""Different words without which an answer is too short to be told from the others."""

FAR_SHARE = 0.4
"""Tried on three to five answers to one question with a fourth to sixth beside them: an answer to
another question, one in another language, a refusal, an injected order. Eleven of these twelve
were named, and none of the honest answers."""

READ_CHARACTERS = 20_000
"""Of each answer, so that the time taken is bounded."""

STEM = 5

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)
"""Thai, Lao, Burmese, Khmer, kana and ideographs."""


def far(texts: Sequence[str]) -> tuple[int, ...]:
    """The positions of the texts that are far from the others, the farthest first.

    Empty for fewer than four texts; so many are named at most that three are left.
    """
    if len(texts) < LEAST_ANSWERS:
        return ()
    sets = [_features(text) for text in texts]
    weights = _weights(sets)
    standing = [
        math.fsum(_likeness(own, other, weights) for other in sets if other is not own)
        for own in sets
    ]
    limit = FAR_SHARE * median(standing)
    found = sorted(
        (value, i)
        for i, value in enumerate(standing)
        if value < limit and len(sets[i]) >= LEAST_WORDS
    )
    return tuple(i for _, i in found[: len(texts) - KEPT])


def _features(text: str) -> set[str]:
    folded = normalize("NFKC", text[:READ_CHARACTERS]).casefold()
    words = {word[:STEM] for word in _WORD.findall(_UNSPACED.sub(" ", folded))}
    return words | {a + b for run in _UNSPACED.findall(folded) for a, b in pairwise(run)}


def _weights(sets: Sequence[set[str]]) -> Mapping[str, float]:
    """The squared weight of each word: 0 for what all hold, the most for what one holds."""
    counts = Counter(word for words in sets for word in words)
    return {word: math.log(len(sets) / count) ** 2 for word, count in counts.items()}


def _likeness(one: set[str], other: set[str], weights: Mapping[str, float]) -> float:
    """From 0 to 1; 1 where either holds nothing but what all hold."""
    lengths = math.sqrt(_weight(one, weights) * _weight(other, weights))
    return _weight(one & other, weights) / lengths if lengths else 1.0


def _weight(words: set[str], weights: Mapping[str, float]) -> float:
    return math.fsum(weights[word] for word in words)
