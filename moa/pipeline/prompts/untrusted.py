"""A model's text made harmless for another model's prompt: neutralised, and marked as data.

No text can end its place in a block or begin another answer, since a boundary needs the run's
nonce. What is done here keeps a text from even looking as if it did.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize
from zlib import crc32

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

_HIDDEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Control characters, orders of writing direction, annotations and tag characters: a person who
reads the text does not see them, a model does. Joiners stay, since scripts and emoji need them."""

_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn", "Zs"})
"""Categories of characters that show nothing by themselves, or only on the character before."""

_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and a symbol whose shape is blank."""

_EQUALS_LIKE = frozenset("\u1400\u2261\u2550\u30a0\u3013\ua78a\U0001f7f0")
"""Signs that look like "=" and do not decompose to it."""

_BOUNDARY_SIGNS = 2
_QUOTE = "| "

_BETWEEN_WORDS = re.compile(r"(?<=\S)[^\S\n]+(?=\S)")
_LINE_START = re.compile(r"^([^\S\n]*)(?=\S)", re.MULTILINE)

MARKERS = "\u02c6\u00a6\u00a4\u2021\u00ac"
"""Single characters that prose and code hardly use (a modifier circumflex, broken bar, currency
sign, double dagger, not sign)."""


def neutralised(text: str, nonce: str) -> str:
    """A text that can neither be nor resemble a boundary.

    Every kind of line end becomes a line feed, hidden characters go, the nonce is blotted out, and
    lines that begin like a boundary are quoted with a bar. Doing it twice changes nothing more.
    """
    plain = _HIDDEN.sub("", _LINE_ENDS.sub("\n", text))
    if nonce:
        plain = re.sub(re.escape(nonce), "\u2026", plain, flags=re.IGNORECASE)
    lines = (_QUOTE + line if _like_boundary(line) else line for line in plain.split("\n"))
    return "\n".join(lines).strip()


def _like_boundary(line: str) -> bool:
    """Whether a line begins with two signs that look like "=", whatever is unseen among them."""
    signs = 0
    for char in line:
        if category(char) in _UNSEEN or char in _FILLERS:
            continue
        more = 1 if char in _EQUALS_LIKE else normalize("NFKD", char).count("=")
        signs += more
        if not more or signs >= _BOUNDARY_SIGNS:
            break
    return signs >= _BOUNDARY_SIGNS


def marker_of(nonce: str) -> str:
    """The character that marks untrusted text in a prompt with this nonce."""
    return MARKERS[crc32(nonce.encode()) % len(MARKERS)]


def datamarked(text: str, marker: str) -> str:
    """A text with a marker between its words and at the start of its lines.

    After "Defending Against Indirect Prompt Injection Attacks With Spotlighting" (2024, arXiv
    2403.14720): a reader can tell at every word that it reads data. As there, the marker takes the
    place of a space; other white space is kept with the marker behind it, so that code keeps its
    shape. Text in scripts without spaces is only marked line by line.
    """
    own = text.replace(marker, "")
    joined = _BETWEEN_WORDS.sub(lambda gap: marker if gap[0] == " " else gap[0] + marker, own)
    return _LINE_START.sub(rf"\g<1>{marker}", joined)
