"""The room of brackets: where a link's label and target end, in a text of which more may come."""

from __future__ import annotations

import re
from typing import NamedTuple

HOLD = 2_000
"""The most characters that are held back to learn what they are; a longer construct is no link,
no code span, and a longer word is shown as code."""

DEPTH = 8
"""Brackets in brackets that are still followed. It bounds the work on `[[[[…`."""

_LABEL_REST = re.compile(r"(?:\\[^\n]|[^\[\]\\\n])*+")
_TARGET_REST = re.compile(r"(?:\\[^\n]|[^()\\\n])*+")
_LINE_START = re.compile(r"\n[ \t>]*")
_TITLE = re.compile(r"[\"'(]")


class IncompleteError(Exception):
    """What has come so far does not yet tell what it is."""


class Link(NamedTuple):
    """An inline link: its label and target as written, and where it ends."""

    label: str
    target: str
    end: int


def close_of(text: str, start: int, *, final: bool) -> int | None:
    """Where the bracket that opens at `start` closes; None where it does not in good time."""
    return _closing(text, start, start + HOLD, "[]", _LABEL_REST, final=final)


def _closing(
    text: str, start: int, limit: int, pair: str, rest: re.Pattern[str], *, final: bool
) -> int | None:
    """The end of a bracketed stretch within one paragraph, by depth, up to `limit`."""
    stop = min(limit, len(text))
    depth, position = 0, start
    while True:
        match = rest.match(text, position, stop)
        position = match.end() if match else position
        line = _LINE_START.match(text, position, stop)
        position = line.end() if line else position
        # A backslash is met here only where what it escapes is a line end or has not come yet.
        if position >= stop or (text[position] == "\\" and position + 1 == stop):
            break
        if line:
            if text[position] == "\n":
                return None
            continue
        depth += (text[position] == pair[0]) - (text[position] == pair[1])
        if not 0 < depth <= DEPTH:
            return None if depth else position
        position += 1
    if final or len(text) >= limit:
        return None
    raise IncompleteError


def read_link(text: str, start: int, *, final: bool) -> Link | None:
    """The inline link whose bracket opens at `start`; None where the bracket is only a bracket."""
    close = close_of(text, start, final=final)
    if close is None:
        return None
    if close + 1 >= len(text):
        if final or close + 1 >= start + HOLD:
            return None
        raise IncompleteError
    if text[close + 1] != "(":
        return None
    end = _closing(text, close + 1, start + HOLD, "()", _TARGET_REST, final=final)
    if end is None:
        return None
    target, *title = text[close + 2 : end].split(None, 1) or [""]
    if title and not _TITLE.match(title[0]):
        return None
    return Link(text[start + 1 : close], target.removeprefix("<").removesuffix(">"), end + 1)
