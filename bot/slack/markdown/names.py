"""Makes people's and apps' names safe for use in a prompt."""

from __future__ import annotations

import re
from unicodedata import category, normalize

from bot.slack.markdown.unicode_filter import clean
from moa.pipeline.prompts import equals_signs

NAME_LIMIT = 80
"""Characters of a name. Slack allows 80."""

MAX_UNQUOTED_WORDS = 5
"""The most words of a name without quotes. A longer name could read as a sentence."""

NAMELESS = "someone"
"""Replaces a missing name in prompts. Messages use `NAMELESS_PERSON` of `bot.slack.ui.strings`."""

_PUNCTUATION = frozenset(".,'\u2019-_/&+@!?#\u00b7\u30fb\u05f3\u05f4")
"""Punctuation that names need, including the middle dots of Catalan and Japanese, and Hebrew's
geresh and gershayim. Colons, quotes and brackets are part of our prompts' structure."""

_LOOK_LIKE_COLONS = frozenset("\u02d0\ua4fd")
"""Letters that look like a colon. Other look-alikes are punctuation or symbols."""

_BLANK = frozenset("\u2800\ufffc\U0001d159")
"""Symbols without a visible shape: blank braille, the object replacement character, a null note."""

_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f]")
_JOINERS = frozenset("\u200c\u200d")
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_LINES_AND_BLOCKS = range(0x2500, 0x25A0)
_LABEL_WORDS = frozenset({"answer", "asked", "asks", "attached", "ranking", "wrote"})


def prompt_name(name: object) -> str:
    """Return a name as one short line that can't be mistaken for a label in our prompts.

    Compatibility forms are folded, and invisible characters, colons, quotes, brackets, "=" and
    box-drawing lines are removed. A name that loses characters, or contains many words or a word of
    our labels, is put in double quotes, which no name contains. Idempotent; "someone" if nothing is
    left.

    Args:
        name: plain text, not escaped.
    """
    folded = _DIRECTION_MARKS.sub("", _folded(str(name or "")[: 4 * NAME_LIMIT]))
    words = _folded("".join(char if _fits(char) else " " for char in folded)).split()
    plain = _from_first_sign(" ".join(words))[:NAME_LIMIT].rstrip()
    if not plain:
        return NAMELESS
    changed = words != folded.split()
    return f'"{plain}"' if changed or _reads_as_words(words) else plain


def _folded(text: str) -> str:
    return clean(normalize("NFKC", clean(text)))


def _from_first_sign(name: str) -> str:
    """Return the name from its first letter, digit or symbol on, or "" if it has none."""
    first = next((i for i, char in enumerate(name) if category(char)[0] in "LNS"), len(name))
    return name[first:]


def _reads_as_words(words: list[str]) -> bool:
    return len(words) > MAX_UNQUOTED_WORDS or any(w.casefold() in _LABEL_WORDS for w in words)


def _fits(character: str) -> bool:
    """Return whether a character may occur in a name."""
    if character in _LOOK_LIKE_COLONS or character in _BLANK or equals_signs(character):
        return False
    point, kind = ord(character), category(character)
    if kind == "So":
        return point not in _LINES_AND_BLOCKS
    return (
        kind[0] in "LMN"
        or character in _PUNCTUATION
        or character in _JOINERS
        or point in _SKIN_TONES
    )
