"""Compares texts by their words."""

from __future__ import annotations

import re
from typing import Final

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")

_STOP_WORDS: Final = """
a about all also an and any are as at be because been but by can could do does each every for
from get give has have how i if in into is it its let make more most my of on one or our out
over people put should so some than that the their them then there they this to up us use was
we were what when where which who why will with would you your
als am an auch auf aus bei das dass dem den der des die ein eine einen einer eines er es für
haben hat ich ihr im in ist kann man mehr mit nach oder sie sind so und uns von was wie wir
wird zu zum zur
au aux avec ce ces dans de des du elle en est et il ils la le les leur nous ou par plus pour
que qui se son sur un une vous
al con como de del el en es ha la las lo los más para por que se su un una y
"""
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())
"""Words that say little about what a text is about, in English, German, French and Spanish. Words
that negate are not among them: they decide what an idea means."""

MIN_STEM: Final = 4
_ENDINGS: Final = ("ings", "ing", "ies", "ers", "ed", "es", "er", "en", "s", "e")


def telling_words(text: str) -> list[str]:
    """Return the words that carry meaning, in order; all words if there are only stop words.

    Scripts without spaces between words are split into pairs of characters.
    """
    words = WORD.findall(text.casefold())
    telling = [word for word in words if word not in STOP_WORDS] or words
    return [part for word in telling for part in _parts(word)]


def words_of(text: str) -> frozenset[str]:
    """Return the stems of the words that carry meaning."""
    return frozenset(stem(word) for word in telling_words(text))


def same_wording(text: str) -> tuple[str, ...]:
    """Return a key that two texts share if they say the same in the same words and order."""
    return tuple(stem(word) for word in telling_words(text)) or (text.strip().casefold(),)


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of words, from 0 to 1, that two texts have in common."""
    union = one | other
    return len(one & other) / len(union) if union else 1.0


def stem(word: str) -> str:
    """Cut off the commonest endings, so that "walks" and "walking" are the same word."""
    word = without_possessive(word)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= MIN_STEM:
            return word.removesuffix(ending)
    return word


def without_possessive(word: str) -> str:
    """Return "team" for "team's"."""
    return word.removesuffix("'s").removesuffix("\u2019s")


def _parts(word: str) -> list[str]:
    if any("\u2e80" <= char <= "\uffdc" for char in word):
        return [word[i : i + 2] for i in range(max(len(word) - 1, 1))]
    return [word]
