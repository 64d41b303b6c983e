"""Estimates how many tokens a text has, without a vocabulary.

Tokenizers split texts in much the same way: common words are one token, long and rare ones several;
at most three digits are one; punctuation and line ends mostly count for themselves. So a text's
characters are mapped to a few classes, and pairs and runs of classes are counted, each with a
weight. The weights were fitted to OpenAI's o200k_base and cl100k_base, whichever has more tokens,
so that the estimate is at most 10 % low for prose in 30 languages, code, logs, CSV, tables,
mathematics and random ids. Mostly it is 0 to 30 % high, for English prose 40 %, at worst (Thai)
63 %; see `benchmarks/tokens.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_LOWER, _UPPER, _DIGIT, _SPACE, _LINE_END, _SIGN = b"aA0 n."

_ASCII_WEIGHTS: Final = (
    (b"aA", 1.15),  # camelCase
    (b"AA", 0.16),
    (b"aaaaa", 0.88),  # runs don't overlap: every fifth letter of a word counts
    (b"aaaaaaaa", 1.0),
    (b" 0", 0.7),
    (b" .", 1.0),
    (b".", 0.29),
    (b"n", 0.45),
    (b"  ", 0.05),
    (b"a0", -0.45),
    (b"0a", -0.45),
    (b"00", -0.53),
)
_WORD_STARTS: Final = tuple(
    before + letter for before in (b" ", b".", b"0", b"n") for letter in (b"a", b"A")
)
_WORD: Final = 1.07
_DIGITS: Final = 2.1
"""The weight of one to three digits in a row; `00` takes some of it back."""

_CLUSTER: Final = 2.5
"""The weight of four consonants in a row, which are frequent in random text."""

_START: Final = 1.5

_SCRIPTS: Final = (
    # class, weight, first and last leading byte of its characters in UTF-8
    (b"l", 1.6, 0xC2, 0xC2),  # Latin-1 signs
    (b"e", 2.0, 0xC3, 0xC3),  # Western European letters
    (b"x", 1.7, 0xC4, 0xCB),  # other Latin letters
    (b"m", 1.0, 0xCC, 0xCD),  # combining marks
    (b"g", 1.07, 0xCE, 0xCF),  # Greek
    (b"c", 0.72, 0xD0, 0xD3),  # Cyrillic
    (b"h", 1.25, 0xD4, 0xD7),  # Armenian, Hebrew
    (b"r", 0.93, 0xD8, 0xDF),  # Arabic
    (b"i", 1.5, 0xE0, 0xE0),  # Indic scripts, Thai
    (b"v", 2.1, 0xE1, 0xE1),  # Georgian, Ethiopic, Khmer, Vietnamese letters
    (b"s", 2.0, 0xE2, 0xE2),  # punctuation, arrows, mathematics
    (b"k", 0.92, 0xE3, 0xE3),  # Kana
    (b"z", 1.56, 0xE4, 0xE9),  # Han
    (b"o", 1.34, 0xEA, 0xED),  # Hangul
    (b"y", 1.5, 0xEE, 0xEF),  # private use, full width
    (b"q", 2.6, 0xF0, 0xFF),  # emoji, rare characters
)

_LEAST_SHARE: Final = 0.5
_LEAST_PER_CHARACTER: Final = 0.2
"""Newer vocabularies need only a fraction of the estimate outside of ASCII."""

_REPEATED: Final = re.compile(r"(.)\1{3,}", re.DOTALL)
"""Long runs of one character are few tokens, which the estimate doesn't take into account."""

MONOTONOUS_CHARS: Final = 10_000
MAX_PERIOD: Final = 4
MARGIN_CHARS: Final = 100
"""A line this long that only repeats up to four characters, like a file of zeros, counts
for a third. It says little, so nothing else should be dropped for it. If a server finds the prompt
too long after all, it is asked again with less."""

_CONSONANTS: Final = b"bcdfghjklmnpqrstvwxz"
_CONTINUATION_BYTES: Final = bytes(range(0x80, 0xC0))


def _ascii_class(code: int) -> int:
    char = chr(code)
    if char.isalpha():
        return _LOWER if char.islower() else _UPPER
    if char.isdigit():
        return _DIGIT
    return _SPACE if char in " \t" else _LINE_END if char in "\n\r\v\f" else _SIGN


def _classes() -> bytes:
    table = bytearray(map(_ascii_class, range(0x80))) + bytearray(b"?" * 0x80)
    for name, _, first, last in _SCRIPTS:
        table[first : last + 1] = name * (last + 1 - first)
    return bytes(table)


_CLASSES: Final = _classes()
_IS_CONSONANT: Final = bytes(
    ord("b") if bytes([code]).lower() in _CONSONANTS else _SPACE for code in range(0x100)
)


def count_tokens(text: str) -> int:
    """Estimate the tokens of a text, on the high side; at least 1."""
    if len(text) >= MONOTONOUS_CHARS:
        text = "\n".join(map(_condensed, text.split("\n")))
    data = text.encode("utf-8", "surrogatepass")
    classes = b" " + data.translate(_CLASSES, _CONTINUATION_BYTES)
    tokens = _START + _weigh(classes, _ASCII_WEIGHTS) + _DIGITS * _digit_groups(classes)
    tokens += _WORD * sum(map(classes.count, _WORD_STARTS))
    tokens += _CLUSTER * data.translate(_IS_CONSONANT).count(b"bbbb")
    if not text.isascii():
        tokens += _weigh(classes, ((name, weight) for name, weight, _, _ in _SCRIPTS))
    return max(int(tokens), 1)


def _condensed(line: str) -> str:
    """Return a third of a line that only repeats a few characters, and any other line unchanged."""
    middle = line[MARGIN_CHARS:-MARGIN_CHARS]
    if len(middle) < MONOTONOUS_CHARS:
        return line
    periods = range(1, MAX_PERIOD + 1)
    is_monotonous = any(middle[period:] == middle[:-period] for period in periods)
    return line[: len(line) // 3] if is_monotonous else line


def least_tokens(text: str) -> int:
    """Return a lower bound on the tokens of a text, for any common tokenizer."""
    shorter = _REPEATED.sub(r"\1\1\1", text)
    ascii_only = shorter.encode("ascii", "ignore").decode("ascii")
    others = len(shorter) - len(ascii_only)
    return int(count_tokens(ascii_only) * _LEAST_SHARE + others * _LEAST_PER_CHARACTER)


def _weigh(classes: bytes, weights: Iterable[tuple[bytes, float]]) -> float:
    return sum(weight * classes.count(pattern) for pattern, weight in weights)


def _digit_groups(classes: bytes) -> int:
    """Return the groups of one to three digits."""
    rest = classes.replace(b"000", b"3")
    pairs = rest.count(b"00")
    return rest.count(b"3") + rest.count(b"0") - pairs
