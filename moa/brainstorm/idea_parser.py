"""Reads ideas and their probabilities from what models write, small ones included.

Tried in this order: JSON, lines that start with "IDEA", table rows, numbered lines, bullets, plain
lines. The first form that holds any idea is used, so bullets in a model's reasoning don't count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from moa.brainstorm import prompt_texts
from moa.brainstorm.idea_json import json_ideas
from moa.brainstorm.probabilities import WINDOW, split_probability
from moa.brainstorm.values import DrawnIdea

MAX_IDEA_CHARS: Final = 600
MIN_LETTERS: Final = 3
FIRST_IDEOGRAPH: Final = 0x2E80
"""From this code point on, a single character may be a word."""

MAX_READ_CHARS: Final = 40_000
"""The most characters of a model's text to read."""

MAX_LINE_CHARS: Final = 1_500
MAX_PLAIN_CHARS: Final = 240
"""A longer line without any marker is a paragraph of prose, not an idea."""

MIN_PLAIN_LINES: Final = 2

_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^[^\S\n]*(?:```|~~~).*$", re.MULTILINE)
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)[*_`](?=\S)|(?<=\S)[*_`](?!\w)")
_LABEL = r"(?:idea|idee|id\u00e9e|response|suggestion|option)"
_IDEA = re.compile(
    rf"^[\s>#*_\-\u2022(\[|]*(?:\d{{1,3}}\s*[.):]\s*[*_]*)?{_LABEL}(?:\s*\#?\d{{1,3}})?[*_\])]*"
    rf"\s*(?:[:\uff1a=|]|[-\u2013\u2014]\s)[*_]*\s*(?P<text>\S.*)$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"^[\s>#*_]*[(\[]?\d{1,3}\s*(?:[.):\]\uff0e\u3001]|[-\u2013]\s)[*_]*\s*(?P<text>\S.*)$"
)
_BULLET = re.compile(r"^[\s>]*(?:[-*+\u2022\u2013\u2023\u25aa\u30fb]|\u2192)\s+(?P<text>\S.*)$")
_ROW = re.compile(r"^\s*\|(?P<text>.+)\|\s*$")
_RULE = re.compile(r"^[\s|:\-+=]+$")
_PROBABILITY_ONLY = re.compile(
    r"^[\s>*_\-|\u2022(\[]*(?:p|prob\w*|likelihood|wahrscheinlichkeit)\b"
)
_HEADER_WORDS: Final = frozenset(
    {
        "idea",
        "ideas",
        "probability",
        "p",
        "no",
        "nr",
        "reasoning",
        "idee",
        "#",
        "number",
        "response",
    }
)
_LONG_RUN = re.compile(r"([^\w\n])\1{4,}")
"""The same sign or space over and over, which has no meaning and makes patterns slow."""

_PLACEHOLDER = re.compile(
    r"<[^<>\n]{1,40}>|^\W*$"
    r"|^\W*(?:your |my |the |an? |first |second |third |last |another |insert )?"
    r"ideas?(?: here| text)?\W*(?:\d{1,3}|one|two|three)?\W*$",
    re.IGNORECASE,
)
"""A placeholder instead of an idea: "<your idea>", "Idea 1"."""

_VARIABLE = re.compile(r"\{\w+\}|\d+")
OUR_TEXTS: Final = (prompt_texts.DRAWER_REQUEST, prompt_texts.PERSONAS_REQUEST)
MIN_ECHOED_GAPS: Final = 3
"""Fewer than four words may match our prompt by chance."""


def parse_ideas(
    text: str, *, topic: str = "", most: int = 100, complete: bool = True
) -> tuple[DrawnIdea, ...]:
    """Return the ideas in a model's text, each once, in order.

    Args:
        text: anything.
        topic: an "idea" that only repeats it doesn't count.
        most: the most ideas to return.
        complete: whether the text reached its end. If not, an idea broken off at its end is
            dropped.
    """
    plain = _FENCE.sub("", _THOUGHTS.sub("\n", text[:MAX_READ_CHARS]))
    readable = _LONG_RUN.sub(r"\1\1\1\1", plain)
    is_whole = complete and len(text) <= MAX_READ_CHARS
    found = json_ideas(readable) or _line_ideas(readable, is_whole=is_whole)
    kept: dict[str, DrawnIdea] = {}
    for idea in map(_clean, found):
        key = _key(idea.text)
        if _is_idea(idea.text) and not _is_echo(idea.text, topic):
            kept.setdefault(key, idea)
        if len(kept) >= most:
            break
    return tuple(kept.values())


def _line_ideas(text: str, *, is_whole: bool) -> list[DrawnIdea]:
    lines = [_bounded(line) for line in text.splitlines()]
    forms = ([*_items(lines, pattern)] for pattern in (_ROW, _IDEA, _NUMBERED, _BULLET))
    readings = ([idea for item in items if (idea := _from_item(item))] for items in forms)
    ideas = next(filter(None, readings), None) or [
        idea for line in _plain_lines(lines) if (idea := _from_item(line))
    ]
    last = next((line for line in reversed(lines) if line.strip()), "")
    if ideas and not is_whole and not _is_finished(last):
        ideas.pop()
    return ideas


def _bounded(line: str) -> str:
    """Return the line, without its middle if it is far too long for an idea."""
    return line if len(line) <= MAX_LINE_CHARS else f"{line[:MAX_LINE_CHARS]} {line[-WINDOW:]}"


def _items(lines: Sequence[str], pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield the text of each marked line, with the lines that belong to it."""
    item: list[str] = []
    for line in lines:
        if found := pattern.match(line):
            if item:
                yield " ".join(item)
            item = [found["text"]]
        elif not line.strip():
            continue
        elif item and (_PROBABILITY_ONLY.match(line.lower()) or _continues(item, line)):
            item.append(line.strip().lstrip("-*>\u2022 "))
    if item:
        yield " ".join(item)


def _continues(item: Sequence[str], line: str) -> bool:
    """Return whether a line without a marker continues an idea: below a title, or indented."""
    title_only = len(item) == 1 and item[0].rstrip().endswith((":", "**", ":**"))
    return title_only or line.startswith(("  ", "\t"))


def _plain_lines(lines: Iterable[str]) -> list[str]:
    """Return short lines without any marker, if there are at least two."""
    short = [line.strip() for line in lines if 0 < len(line.strip()) <= MAX_PLAIN_CHARS]
    ideas = [line for line in short if not line.endswith(":") and not line.startswith("#")]
    return ideas if len(ideas) >= MIN_PLAIN_LINES else []


def _from_item(item: str) -> DrawnIdea | None:
    if _RULE.match(item):
        return None
    if "|" in item:
        return _from_cells([cell.strip() for cell in item.split("|")])
    text, probability = split_probability(item)
    return DrawnIdea(text, probability)


def _from_cells(cells: Sequence[str]) -> DrawnIdea | None:
    """Return the idea in a table's row: its longest cell, and a probability from any other."""
    plain = [_EMPHASIS.sub("", cell).strip() for cell in cells]
    if all(cell.casefold().strip(" .#:") in _HEADER_WORDS | {""} for cell in plain):
        return None
    text = max(plain, key=len)
    probabilities = [split_probability(f"x (p={c})")[1] for c in plain[1:] if c and c != text]
    own, probability = split_probability(text)
    known = [p for p in (probability, *reversed(probabilities)) if p is not None]
    return DrawnIdea(own, known[0] if known else None)


def _clean(idea: DrawnIdea) -> DrawnIdea:
    text = " ".join(_EMPHASIS.sub("", idea.text).split()).strip(
        " \"'\u201c\u201d\u201e\u00ab\u00bb|"
    )
    if len(text) > MAX_IDEA_CHARS:
        text = f"{text[: MAX_IDEA_CHARS - 1].rsplit(' ', 1)[0].rstrip(' ,;:')}\u2026"
    return DrawnIdea(text, idea.probability)


def _is_idea(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    ideographs = any(ord(char) >= FIRST_IDEOGRAPH for char in text)
    return letters >= (1 if ideographs else MIN_LETTERS) and not text.endswith(":")


def _is_echo(text: str, topic: str) -> bool:
    """Return whether a text repeats our prompt or only the topic, or is a placeholder."""
    key = _key(text)
    if _PLACEHOLDER.search(text) or key in {_key(topic), _key(f"Topic {topic}")}:
        return True
    wording = _key(_VARIABLE.sub(" ", text))
    ours = (_key(_VARIABLE.sub(" ", part)) for part in OUR_TEXTS)
    return wording.count(" ") >= MIN_ECHOED_GAPS and any(wording in part for part in ours)


def _is_finished(line: str) -> bool:
    """Return whether the last line of a broken-off text holds a whole idea."""
    ended = line.rstrip(" |*_")
    return ended.endswith((".", "!", "?", "\u3002", ")", "]")) or bool(
        re.search(r"\d\s*%?$", ended)
    )


def _key(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
