"""Makes one model's text harmless in another model's prompt.

No text can end its section of the block or start another one: a boundary line needs the run's
nonce. The functions here keep a text from even looking like a boundary.
"""

from __future__ import annotations

import re
from itertools import islice
from unicodedata import category, name, normalize
from zlib import crc32

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

_HIDDEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Control characters, text direction overrides, annotations and tag characters: people don't see
them, models do. Joiners stay, because scripts and emoji need them."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn", "Zs"})
"""Unicode categories with no visible shape of their own. White space is handled apart."""

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc\U0001d159")
"""Letters and symbols that look blank."""

_EQUALS_LIKE = frozenset("\u02ed\u1400\u2630\u268c\u3013\ua4ff")
"""Characters that look like "=" although neither their decomposition nor their name says so."""

_EQUALS_NAME = re.compile(
    r"EQUAL|EQUIVALENT|IDENTICAL|DOUBLE (?:OBLIQUE )?HYPHEN|DOUBLE LOW LINE"
    r"|BOX DRAWINGS.*DOUBLE|(?:LEFT|RIGHT)WARDS DOUBLE ARROW|RIGHT DOUBLE ARROW"
)

_EQUALS_LIKE_LETTERS = frozenset("\u4e8c\u30cb\uff86")
"""Letters that look like "=" in a row: the Han digit two, and the Katakana NI in two widths."""

_BOUNDARY_SIGNS = 2
_BOUNDARY_WORDS = re.compile(
    r"\s*(?:[^\w\s]|_)\s*(?:[^\w\s]|_)[\W_]*(?:ANSWER [A-Z]{1,2}|RANKING R\d|END OF ANSWERS)\b"
)
"""Our boundary's words after two signs of any kind."""

_START = 120
"""Visible characters at the start of a line that can make it look like a boundary."""

_QUOTE = "| "

_BETWEEN_WORDS = re.compile(r"(?<=\S)[^\S\n]+(?=\S)")
_LINE_START = re.compile(r"^([^\S\n]*)(?=\S)", re.MULTILINE)

MARKERS = "\u02c6\u00a6\u00a4\u2021\u00ac"
"""Characters that are rare in prose and code: modifier circumflex, broken bar, currency sign,
double dagger, not sign."""


def neutralise(text: str, nonce: str) -> str:
    """Return the text without anything that is, or looks like, a boundary line.

    Every line end becomes a line feed, hidden characters are removed, the nonce becomes "…", and
    lines that start like a boundary are quoted with "| ". Idempotent.
    """
    plain = _HIDDEN.sub("", _LINE_ENDS.sub("\n", text))
    if nonce:
        plain = re.sub(re.escape(nonce), "\u2026", plain, flags=re.IGNORECASE)
    lines = (_QUOTE + line if _looks_like_boundary(line) else line for line in plain.split("\n"))
    return "\n".join(lines).strip()


def equals_signs(char: str) -> int:
    """Return how many equals signs a character looks like."""
    if char in _EQUALS_LIKE:
        return 1
    return normalize("NFKD", char).count("=") or bool(_EQUALS_NAME.search(name(char, "")))


def _looks_like_boundary(line: str) -> bool:
    """Return whether a line starts like a boundary, whatever signs or blanks come first."""
    if line.startswith(_QUOTE):
        return False
    start = "".join(islice(filter(None, map(_visible, line)), _START))
    return _starts_with_equals(start) or bool(_BOUNDARY_WORDS.match(normalize("NFKC", start)))


def _visible(char: str) -> str:
    """Return a character; a space for any white space, and "" if nothing of it is visible."""
    if char.isspace():
        return " "
    return "" if category(char) in _INVISIBLE or char in _BLANK else char


def _starts_with_equals(start: str) -> bool:
    """Return whether two characters like "=" come before the first letter or digit."""
    signs = 0
    for char in start:
        more = int(char in _EQUALS_LIKE_LETTERS) or equals_signs(char)
        signs += more
        if signs >= _BOUNDARY_SIGNS:
            return True
        if not more and char.isalnum():
            return False
    return False


def marker_for(nonce: str) -> str:
    """Return the character that marks untrusted text in a prompt with this nonce."""
    return MARKERS[crc32(nonce.encode()) % len(MARKERS)]


def add_datamarks(text: str, marker: str) -> str:
    """Return the text with a marker between its words and at the start of its lines.

    From "Defending Against Indirect Prompt Injection Attacks With Spotlighting" (2024, arXiv
    2403.14720): every word shows the model that it is reading data. As in the paper, the marker
    replaces single spaces. Other white space stays, followed by the marker, so that code keeps its
    layout. Text in scripts without spaces is only marked once a line.
    """
    unmarked = text.replace(marker, "")
    joined = _BETWEEN_WORDS.sub(lambda gap: marker if gap[0] == " " else gap[0] + marker, unmarked)
    return _LINE_START.sub(rf"\g<1>{marker}", joined)
