"""Finds the probability that a model wrote with an idea, in any spelling."""

from __future__ import annotations

import re
from typing import Final

_WORD = (
    r"(?:p|pr|prob(?:ability)?|likelihood|chance|confidence|wahrscheinlichkeit"
    "|probabilit[\u00e9\u00e0a])"
)
_ABOUT = r"(?:about|approx\.?|ca\.?|[~\u2248<>\u2264\u2265])?\s*"
_PERCENT = r"\s*(?P<percent>%)?"
_NUMBER = rf"{_ABOUT}(?P<number>\d{{1,3}}(?:[.,]\d{{1,6}})?|[.,]\d{{1,6}}){_PERCENT}"
_SHARE = rf"[~\u2248<]?\s*(?P<number>[01]?[.,]\d{{1,6}}|\d{{1,3}}(?=\s*%)){_PERCENT}"
"""A number that can only be a probability: it has a fraction or a percent sign."""

_LEAD = r"[\s,;|*_\-\u2013\u2014(\[{<]*"
_TAIL = r"[\s)\]}>.*_|]*$"
_IS = r"\s*[*_]*\s*(?:is|of|[=:\uff1a\u2248~])?\s*[*_]*\s*"
_UNKNOWN = r"(?:<[^<>]*>|very low|low|medium|moderate|high|very high|n/?a|\?+)"

_BEGIN = rf"^\s*[(\[{{]\s*(?:{_WORD}\s*[=:]\s*)?{_SHARE}\s*[)\]}}]\s*[:\-\u2013]?\s*"

_LEADING: Final = re.compile(_BEGIN, re.IGNORECASE)
_PLACES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_LEAD}\b{_WORD}\b{_IS}{_NUMBER}{_TAIL}",  # (p=0.1), probability: 10 %
        rf"{_LEAD}{_NUMBER}\s*\b{_WORD}\b{_TAIL}",  # (0.1 probability)
        rf"\s*[(\[{{]\s*{_SHARE}\s*[)\]}}][\s.]*$",  # (0.1), [10 %]
        _BEGIN,  # (0.1) Idea
        rf"\s+[-\u2013\u2014:|]\s*{_SHARE}\s*$",  # Idea - 0.1
    )
)
_WORDY: Final = re.compile(rf"{_LEAD}\b{_WORD}\b\s*[=:]\s*{_UNKNOWN}{_TAIL}", re.IGNORECASE)
"""(probability: low): no number, but not part of the idea either."""


WINDOW: Final = 80
"""How many characters at either end of a text to search for a probability."""

_FULL_WIDTH: Final = str.maketrans(
    "\uff08\uff09\uff1d\uff1a\uff05\uff0c\uff0e\u3010\u3011", "()=:%,.[]"
)
"""Punctuation of East Asian texts; each character has the same length as its plain form."""


def split_probability(text: str) -> tuple[str, float | None]:
    """Return a text without the probability at its end or start, and that probability.

    A probability above 1 counts as a percentage; an impossible one is removed and is None.
    """
    text = text.strip()
    middle, end = text[:-WINDOW], text[-WINDOW:]
    if len(text) > WINDOW and (found := _LEADING.match(text[:WINDOW].translate(_FULL_WIDTH))):
        return text[found.end() :].strip(), _value(found)
    ascii_end = end.translate(_FULL_WIDTH)
    for pattern in _PLACES:
        if found := pattern.search(ascii_end):
            rest = f"{middle}{end[: found.start()]} {end[found.end() :]}"
            return rest.strip(), _value(found)
    wordy = _WORDY.search(ascii_end)
    return (middle + (end[: wordy.start()] if wordy else end)).strip(), None


def _value(found: re.Match[str]) -> float | None:
    return to_probability(found["number"], percent=bool(found["percent"]))


def to_probability(number: object, *, percent: bool = False) -> float | None:
    """Return a number, or a text that holds one, as a probability from 0 to 1; None if it isn't."""
    if isinstance(number, bool) or not isinstance(number, int | float | str):
        return None
    if isinstance(number, str):
        written = number.strip()
        percent = percent or written.endswith("%")
        number = written.rstrip("% ").replace(",", ".")
    try:
        value = float(number)
    except (ValueError, OverflowError):
        return None
    value = value / 100 if percent or value > 1 else value
    return value if 0 <= value <= 1 else None
