"""Reads a model's grouping and checks it: only known numbers, each at most once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json

MAX_TITLE_CHARS: Final = 60
MAX_DEPTH: Final = 4

_TITLE_KEYS: Final = ("title", "theme", "name", "label")
_IDEA_KEYS: Final = ("ideas", "groups", "numbers", "ids", "items", "idea")
_LINE = re.compile(r"^[\s\-*#\d.)]*(?P<title>[^\d\W][^:\n]{1,80}):(?P<numbers>[\s\d,;\[\]()#]+)$")
_NUMBER = re.compile(r"\d{1,6}")
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")


@dataclass(frozen=True, slots=True)
class RawTheme:
    """A theme as a model wrote it: each inner tuple has the numbers of ideas that say the same."""

    title: str
    lists: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class CheckedReply:
    """A model's grouping without anything unknown or repeated.

    Attributes:
        themes: none of them empty.
        missing: the numbers that the model left out.
        dropped: how many numbers did not exist or were repeated.
    """

    themes: tuple[RawTheme, ...]
    missing: tuple[int, ...]
    dropped: int


def check_reply(text: str, count: int) -> CheckedReply:
    """Read the grouping of the numbers 1 to `count` in a model's text; anything may be missing."""
    free = set(range(1, count + 1))
    themes: list[RawTheme] = []
    dropped = 0
    for theme in _parse(text):
        lists: list[tuple[int, ...]] = []
        for numbers in theme.lists:
            kept = [n for n in dict.fromkeys(numbers) if n in free]
            dropped += len(numbers) - len(kept)
            free.difference_update(kept)
            if kept:
                lists.append(tuple(kept))
        if lists:
            themes.append(RawTheme(_one_line(theme.title), tuple(lists)))
    return CheckedReply(tuple(themes), tuple(sorted(free)), dropped)


def _parse(text: str) -> list[RawTheme]:
    for start in [found.start() for found in re.finditer(r"[{\[]", text)][:20]:
        for written in (text[start:], _TRAILING_COMMA.sub(r"\1", text[start:])):
            if themes := list(_themes_in(_json(written))):
                return themes
    lines = (_LINE.match(line) for line in text.splitlines())
    return [
        RawTheme(found["title"], tuple((n,) for n in _numbers(found["numbers"])))
        for found in lines
        if found
    ]


def _json(text: str) -> Any:
    """Return the JSON at the start of a text, whatever follows it; if it is cut off, its start."""
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        pass
    try:
        return from_json(text.encode("utf-8", "replace"), allow_partial=True)
    except ValueError:
        return None


def _themes_in(value: Any, depth: int = 0) -> Iterator[RawTheme]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _themes_in(item, depth + 1)
    elif isinstance(value, dict):
        fields = {str(key).casefold(): item for key, item in value.items()}
        title = next((t for k in _TITLE_KEYS if isinstance(t := fields.get(k), str)), None)
        listed = next((fields[k] for k in _IDEA_KEYS if isinstance(fields.get(k), list)), None)
        if title is not None and listed is not None:
            yield RawTheme(title, _lists(listed))
        else:
            yield from _by_title(value, depth)


def _by_title(value: dict[Any, Any], depth: int) -> Iterator[RawTheme]:
    """Yield themes from {"title": [1, [2, 3]]}, or from deeper down."""
    for key, item in value.items():
        if isinstance(item, list) and (lists := _lists(item)):
            yield RawTheme(str(key), lists)
        else:
            yield from _themes_in(item, depth + 1)


def _lists(items: Sequence[Any]) -> tuple[tuple[int, ...], ...]:
    """Return lists of numbers; a number by itself is a list of one."""
    found = (
        tuple(n for part in item for n in _numbers(part))
        if isinstance(item, list)
        else tuple(_numbers(item))
        for item in items
    )
    return tuple(numbers for numbers in found if numbers)


def _numbers(value: Any) -> list[int]:
    if isinstance(value, bool):
        return []
    if isinstance(value, int):
        return [value]
    return [int(n) for n in _NUMBER.findall(value)] if isinstance(value, str) else []


def _one_line(title: str) -> str:
    """Return a short title without markup, or "" if it says nothing, such as our own "…"."""
    plain = " ".join(re.sub(r"[*_`#\"<>]", "", title).split()).strip(" .:\u2026-")
    if len(plain) > MAX_TITLE_CHARS:
        plain = f"{plain[: MAX_TITLE_CHARS - 1].rstrip()}\u2026"
    return plain
