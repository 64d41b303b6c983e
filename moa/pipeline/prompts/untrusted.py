"""Makes one model's text harmless in another model's prompt.

No text can end its section of the block or start another one: a boundary line needs the run's
nonce. The functions here keep a text from even looking like a boundary.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize
from zlib import crc32

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

_HIDDEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Control characters, text direction overrides, annotations and tag characters: people don't see
them, models do. Joiners stay, because scripts and emoji need them."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn", "Zs"})
"""Unicode categories with no visible shape of their own."""

_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and a symbol that look blank."""

_EQUALS_LIKE = frozenset("\u1400\u2261\u2550\u30a0\u3013\ua78a\U0001f7f0")
"""Characters that look like "=" but do not decompose to it."""

_BOUNDARY_SIGNS = 2
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
    return 1 if char in _EQUALS_LIKE else normalize("NFKD", char).count("=")


def _looks_like_boundary(line: str) -> bool:
    """Return whether a line starts with two characters like "=", ignoring invisible ones."""
    signs = 0
    for char in line:
        if category(char) in _INVISIBLE or char in _FILLERS:
            continue
        more = equals_signs(char)
        signs += more
        if not more or signs >= _BOUNDARY_SIGNS:
            break
    return signs >= _BOUNDARY_SIGNS


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
