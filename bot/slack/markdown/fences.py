"""Finds code fences by CommonMark's rules.

An ambiguous line counts as text. All text is made safe, so a wrong guess affects only the looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

_HEAD = re.compile(
    r"(?P<quotes>(?: {0,3}> ?)*)(?P<indent>[ \t]*)"
    r"(?P<markers>(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)"
)
_MARKER = re.compile(r"([-*+]|(\d+)[.)])([ \t]+)")
_OPENER = re.compile(r"(?P<run>`{3,}|~{3,})(?P<info>[^\n]*)")
_WIDEST_INDENT = 4
"""Columns of indentation that make an indented code block (CommonMark 4.4)."""

_DEEPEST, _WIDEST_COLUMN = 8, 40
"""The quote depth and columns up to which fences are recognised. Nobody writes deeper code, and a
fence that is split needs space for its container's markers."""

FenceRelation = Literal["content", "closed", "left"]
"""A line's relation to an open fence: content, the closing line, or outside the fence's
container."""


class LinePrefix(NamedTuple):
    """The part of a line before its text: quote markers, indentation and list markers."""

    quotes: str
    indent: str
    markers: str
    end: int

    @property
    def depth(self) -> int:
        """The number of block quotes around the line."""
        return self.quotes.count(">")

    @property
    def margin(self) -> str:
        """The indentation and the list markers, with tabs as spaces."""
        markers = _MARKER.sub(lambda m: m[1] + m[3].expandtabs(4), self.markers)
        return self.indent.expandtabs(4) + markers

    @classmethod
    def of(cls, line: str) -> LinePrefix:
        """Parse the prefix of a line, or of its start."""
        match = _HEAD.match(line)
        assert match is not None  # every group may be empty
        return cls(match["quotes"], match["indent"], match["markers"], match.end())


@dataclass(frozen=True, slots=True)
class Fence:
    """An open code fence: its container, and the marker that closes it."""

    depth: int
    column: int
    mark: str
    info: str

    @property
    def prefix(self) -> str:
        """The start of each line inside the fence's container."""
        return "> " * self.depth + " " * self.column

    def body_of(self, line: str) -> int | None:
        """Return where a line's code starts, or None if it is outside the fence's container."""
        quotes = re.match(rf"(?: {{0,3}}> ?){{{self.depth}}}", line)
        if quotes is None:
            return None
        rest = line[quotes.end() :]
        spaces = rest[: len(rest) - len(rest.lstrip(" \t"))]
        # After a quote marker, a tab's width is unknown. One column is the safe guess.
        indent = len(spaces if self.depth else spaces.expandtabs(4))
        if rest.strip() and indent < self.column:
            return None
        return quotes.end()

    def relation_of(self, line: str) -> FenceRelation:
        """Return the relation of a complete line (without its line end) to this fence."""
        start = self.body_of(line)
        if start is None:
            return "left"
        body = line[start:].expandtabs(4)
        run = body.strip()
        indent = len(body) - len(body.lstrip(" "))
        if indent - self.column >= _WIDEST_INDENT or len(run) < len(self.mark):
            return "content"
        return "closed" if not run.strip(self.mark[0]) else "content"


class LineTracker:
    """Tracks open list items across lines outside code, to find lines that open a fence."""

    def __init__(self) -> None:
        self._depth = 0
        self._columns: list[int] = []
        self._paragraph = False

    def feed(self, line: str) -> Fence | None:
        """Add the next line (without its line end) and return the fence it opens, if any."""
        head = LinePrefix.of(line)
        if not line[head.end :].strip() and not head.markers:
            self._paragraph = False
            return None
        inside = self._update_lists(head, blank=not line[head.end :].strip())
        opener = _OPENER.match(line, head.end) if inside else None
        self._paragraph = opener is None
        if opener is None or (opener["run"][0] == "`" and "`" in opener["info"]):
            self._paragraph = True
            return None
        column = self._columns[-1] if self._columns else 0
        if self._depth > _DEEPEST or column > _WIDEST_COLUMN:
            return None
        return Fence(self._depth, column, opener["run"], opener["info"].strip())

    def _update_lists(self, head: LinePrefix, *, blank: bool) -> bool:
        """Open and close list items. Return False if the line can't open a fence."""
        if head.depth != self._depth:
            self._depth, self._columns, self._paragraph = head.depth, [], False
        indent = len(head.indent.expandtabs(4))
        left = False
        while self._columns and indent < self._columns[-1]:
            self._columns.pop()
            left = True
        if indent - (self._columns[-1] if self._columns else 0) >= _WIDEST_INDENT:
            return False
        interrupts = self._paragraph and not left
        return self._open_items(head.markers, indent, blank=blank, interrupts=interrupts)

    def _open_items(self, markers: str, column: int, *, blank: bool, interrupts: bool) -> bool:
        for marker in _MARKER.finditer(markers):
            # Only a non-empty bullet item or item number 1 interrupts a paragraph (CommonMark 5.2).
            if interrupts and (blank or (marker[2] or "1") != "1"):
                return False
            interrupts = False
            if len(marker[3].expandtabs(4)) > _WIDEST_INDENT:
                self._columns.append(column + len(marker[1]) + 1)
                return False
            column += len(marker[1]) + len(marker[3].expandtabs(4))
            self._columns.append(column)
        return True


class FenceTracker:
    """Tracks the open fence across the lines of a text."""

    def __init__(self) -> None:
        self.fence: Fence | None = None
        self._lines = LineTracker()

    def feed(self, line: str) -> None:
        """Add the next line, without its line end."""
        if self.fence is not None:
            relation = self.fence.relation_of(line)
            if relation == "content":
                return
            self.fence = None
            if relation == "closed":
                return
        self.fence = self._lines.feed(line)
