"""Reads ideas from JSON as models write it: fenced, cut, with trailing commas or single quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic_core import from_json

from moa.brainstorm.probabilities import split_probability, to_probability
from moa.brainstorm.values import DrawnIdea

TEXT_KEYS: Final = ("idea", "text", "response", "idee", "suggestion", "description", "content")
TITLE_KEYS: Final = ("title", "name")
PROBABILITY_KEYS: Final = ("probability", "p", "prob", "likelihood", "confidence")

MAX_DEPTH: Final = 8
MAX_FAILURES: Final = 20
"""Give up after this many brackets that start no JSON: a text full of them would take forever."""

_OPENING = re.compile(r"[\[{]")
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")
_COUNTED_KEY = re.compile(r"(?:idea|response|option)?[\s_]*\d{1,3}")
_KEYS = "|".join(TEXT_KEYS)
_FIELD = re.compile(
    rf"""["'](?:{_KEYS})["']\s*:\s*(?P<quote>["'])(?P<text>.{{1,1000}}?)(?P=quote)\s*(?=[,}}\n]|$)"""
    r"""(?:\s*,?\s*["'](?:probability|prob|p)["']\s*:\s*["']?(?P<number>[\d.,]+%?))?""",
    re.IGNORECASE,
)


def json_ideas(text: str) -> list[DrawnIdea]:
    """Return the ideas in the JSON of a text; empty if there is none. A cut last string is lost."""
    if not _OPENING.search(text):
        return []
    repaired = _TRAILING_COMMA.sub(r"\1", text)
    readings = [
        [idea for value in _values(written) for idea in _ideas_in(value)]
        for written in dict.fromkeys((text, repaired))
    ]
    return max(readings, key=len) or list(_loose_fields(text))


def _values(text: str) -> Iterator[Any]:
    """Yield the JSON values in a text, whatever is between them; the last one may be cut."""
    position, failures = 0, 0
    while failures < MAX_FAILURES and (opening := _OPENING.search(text, position)):
        try:
            value, position = json.JSONDecoder().raw_decode(text, opening.start())
            yield value
        except (ValueError, RecursionError):
            failures, position = failures + 1, opening.end()
            try:
                rest = text[opening.start() :].encode("utf-8", "replace")
                yield from_json(rest, allow_partial=True)
            except ValueError:
                continue
            return


def _ideas_in(value: Any, depth: int = 0, *, listed: bool = False) -> Iterator[DrawnIdea]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, str) and listed:
        text, probability = split_probability(value)
        yield DrawnIdea(text, probability)
    elif isinstance(value, list):
        for item in value:
            yield from _ideas_in(item, depth + 1, listed=True)
    elif isinstance(value, dict):
        fields = {str(key).casefold(): item for key, item in value.items()}
        if text := _text_of(fields):
            own, probability = split_probability(text)
            known = [to_probability(fields.get(key)) for key in PROBABILITY_KEYS]
            yield DrawnIdea(own, next((p for p in known if p is not None), probability))
            return
        for key, item in fields.items():
            counted = _COUNTED_KEY.fullmatch(key) is not None
            yield from _ideas_in(item, depth + 1, listed=counted)


def _text_of(fields: dict[str, Any]) -> str:
    texts = [v for k in TEXT_KEYS if isinstance(v := fields.get(k), str) and v.strip()]
    titles = [v for k in TITLE_KEYS if isinstance(v := fields.get(k), str) and v.strip()]
    if titles and texts and titles[0].casefold() not in texts[0].casefold():
        return f"{titles[0].rstrip('.:')}: {texts[0]}"
    return next(iter([*texts, *titles]), "")


def _loose_fields(text: str) -> Iterator[DrawnIdea]:
    """Yield ideas by their field's name alone, for JSON that no parser takes."""
    for found in _FIELD.finditer(text):
        own, probability = split_probability(found["text"])
        number = found["number"]
        yield DrawnIdea(own, to_probability(number) if number else probability)
