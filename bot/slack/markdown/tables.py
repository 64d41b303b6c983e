"""The room of tables in markdown: which lines are one, and how it goes on in another message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.slack.markdown.fences import LinePrefix

_DELIMITER_ROW = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_PARTIAL_DELIMITER_ROW = re.compile(r"[|:\- \t]*")
_BAR = re.compile(r"(?<!\\)\|")
_OTHER_BLOCK = re.compile(r"#{1,6}(?:[ \t]|$)|`{3}|~{3}")


@dataclass(frozen=True, slots=True)
class MarkdownTable:
    """An open table, by the two lines that begin it: its head and its rule."""

    head: str
    rule: str

    @property
    def opening(self) -> str:
        """What begins it anew. The marks of a list that its head stands in are spaces there."""
        margin = self.rule[: LinePrefix.of(self.rule).end]
        return f"{margin}{self.head[LinePrefix.of(self.head).end :]}\n{self.rule}\n"

    def row_of(self, begun: str) -> str:
        """What stands before the rest of a row of which `begun` was shown: its cells, empty."""
        margin = self.rule[: LinePrefix.of(self.rule).end]
        bars = len(_BAR.findall(begun))
        leading = begun[len(margin) :].lstrip().startswith("|")
        return f"{margin}|{' |' * (bars - leading)}"


class TableTracker:
    """Follows a text line by line, outside code: which table is open after each line.

    Attributes:
        table: the open table, which the next line may go on with.
        inside: whether the place before the latest line is inside a table.
        filled: whether the open table has a row of its body.
    """

    def __init__(self) -> None:
        self.table: MarkdownTable | None = None
        self.inside = False
        self.filled = False
        self._before = ""

    def feed(self, line: str, *, whole: bool = True) -> None:
        """Take the next line, without its line end; not `whole`: more of it may come."""
        head = LinePrefix.of(line)
        body = line[head.end :]
        if self.table is not None:
            self.inside = self.filled = self._goes_on(head, body)
            self.table = self.table if self.inside else None
        else:
            self.inside, self.filled = self._begins(line, body, whole=whole), False
        self._before = line if _BAR.search(body) else ""

    def leave(self) -> None:
        """The next line is code."""
        self.table, self.inside, self.filled, self._before = None, False, False, ""

    def _goes_on(self, head: LinePrefix, body: str) -> bool:
        assert self.table is not None  # the caller looked
        same_place = head.depth == LinePrefix.of(self.table.rule).depth and not head.markers
        return same_place and bool(body.strip()) and not _OTHER_BLOCK.match(body)

    def _begins(self, line: str, body: str, *, whole: bool) -> bool:
        if not self._before or LinePrefix.of(line).depth != LinePrefix.of(self._before).depth:
            return False
        if not whole:
            return _PARTIAL_DELIMITER_ROW.fullmatch(body) is not None
        if not _DELIMITER_ROW.fullmatch(body) or _columns(body) != _columns(self._before):
            return False
        self.table = MarkdownTable(self._before, line)
        return True


def _columns(line: str) -> int:
    bare = line[LinePrefix.of(line).end :].strip()
    return len(_BAR.findall(bare.removeprefix("|").removesuffix("|"))) + 1
