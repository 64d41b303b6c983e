"""The room of code fences: which lines of a markdown text are code, by CommonMark's rules.

Where a line could be read in two ways it is taken for text: what is text is made inert, so a wrong
guess costs beauty and never safety.
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
"""Columns from which on a line is an indented code block (CommonMark 4.4)."""

_DEEPEST, _WIDEST_COLUMN = 8, 40
"""Quotes and columns beyond which no fence is looked for: nobody writes code there, and a fence
that is cut in two needs room for its container's marks."""

Meeting = Literal["content", "closed", "left"]
"""What a line is to an open fence: its content, its end, or a line outside its container."""


class LinePrefix(NamedTuple):
    """What stands before a line's own text: quote markers, indentation, list markers."""

    quotes: str
    indent: str
    markers: str
    end: int

    @property
    def depth(self) -> int:
        """How many quotes the line stands in."""
        return self.quotes.count(">")

    @property
    def margin(self) -> str:
        """The indentation and the list markers, their tabs as the spaces that columns count."""
        markers = _MARKER.sub(lambda m: m[1] + m[3].expandtabs(4), self.markers)
        return self.indent.expandtabs(4) + markers

    @classmethod
    def of(cls, line: str) -> LinePrefix:
        """The head of a line, or of the part of it that is known."""
        match = _HEAD.match(line)
        assert match is not None  # every group may be empty
        return cls(match["quotes"], match["indent"], match["markers"], match.end())


@dataclass(frozen=True, slots=True)
class Fence:
    """An open code fence: the container that it stands in, and what closes it."""

    depth: int
    column: int
    mark: str
    info: str

    @property
    def prefix(self) -> str:
        """What a line needs before it to stand in the fence's container."""
        return "> " * self.depth + " " * self.column

    def body_of(self, line: str) -> int | None:
        """Where a line's code begins; None when the line stands outside the fence's container."""
        quotes = re.match(rf"(?: {{0,3}}> ?){{{self.depth}}}", line)
        if quotes is None:
            return None
        rest = line[quotes.end() :]
        spaces = rest[: len(rest) - len(rest.lstrip(" \t"))]
        # Behind a quote marker a tab's width is not known; one column is the cautious guess.
        indent = len(spaces if self.depth else spaces.expandtabs(4))
        if rest.strip() and indent < self.column:
            return None
        return quotes.end()

    def meets(self, line: str) -> Meeting:
        """What a whole line (without its line end) is to this fence."""
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
    """Follows a text line by line, outside code: which list items are open, what opens a fence."""

    def __init__(self) -> None:
        self._depth = 0
        self._columns: list[int] = []
        self._paragraph = False

    def enter(self, line: str) -> Fence | None:
        """Take the next line (without its line end) and say which fence it opens, if any."""
        head = LinePrefix.of(line)
        if not line[head.end :].strip() and not head.markers:
            self._paragraph = False
            return None
        inside = self._place(head, blank=not line[head.end :].strip())
        opener = _OPENER.match(line, head.end) if inside else None
        self._paragraph = opener is None
        if opener is None or (opener["run"][0] == "`" and "`" in opener["info"]):
            self._paragraph = True
            return None
        column = self._columns[-1] if self._columns else 0
        if self._depth > _DEEPEST or column > _WIDEST_COLUMN:
            return None
        return Fence(self._depth, column, opener["run"], opener["info"].strip())

    def _place(self, head: LinePrefix, *, blank: bool) -> bool:
        """Open and close list items; False where the line's text cannot begin a fence."""
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
            # Only a filled item that is a bullet or number 1 breaks a paragraph (CommonMark 5.2).
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
    """The fence that is open after each line of a text."""

    def __init__(self) -> None:
        self.fence: Fence | None = None
        self._lines = LineTracker()

    def feed(self, line: str) -> None:
        """Take the next line, without its line end."""
        if self.fence is not None:
            meeting = self.fence.meets(line)
            if meeting == "content":
                return
            self.fence = None
            if meeting == "closed":
                return
        self.fence = self._lines.enter(line)
