"""Finds Markdown tables line by line, to continue them in another message or show them as code."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.slack.markdown.fences import FenceTracker, LinePrefix

_DELIMITER_ROW = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_PARTIAL_DELIMITER_ROW = re.compile(r"[|:\- \t]*")
_BAR = re.compile(r"(?<!\\)\|")
_OTHER_BLOCK = re.compile(r"#{1,6}(?:[ \t]|$)|`{3}|~{3}")


@dataclass(frozen=True, slots=True)
class MarkdownTable:
    """An open table: its header row and its delimiter row."""

    header: str
    delimiter: str

    @property
    def opening(self) -> str:
        """The lines that reopen the table. List markers before the header become spaces."""
        header = self.header[LinePrefix.of(self.header).end :]
        return f"{self.margin}{header}\n{self.delimiter}\n"

    def empty_cells(self, partial_row: str) -> str:
        """Return empty cells in place of those in `partial_row`, to put before its rest."""
        bars = len(_BAR.findall(partial_row))
        has_leading_bar = partial_row[len(self.margin) :].lstrip().startswith("|")
        return f"{self.margin}|{' |' * (bars - has_leading_bar)}"

    @property
    def margin(self) -> str:
        """The start of each line of the table: quote markers and indentation."""
        return self.delimiter[: LinePrefix.of(self.delimiter).end]


class TableTracker:
    """Tracks the open table across the lines outside code.

    Attributes:
        table: the open table, which the next line may continue.
        inside: whether the position before the latest line is inside a table.
        has_body: whether the open table has a body row.
    """

    def __init__(self) -> None:
        self.table: MarkdownTable | None = None
        self.inside = False
        self.has_body = False
        self._before = ""

    def feed(self, line: str, *, is_complete: bool = True) -> None:
        """Add the next line, without its line end. An incomplete line may still continue."""
        head = LinePrefix.of(line)
        body = line[head.end :]
        if self.table is not None:
            self.inside = self.has_body = self._continues(head, body)
            self.table = self.table if self.inside else None
        else:
            self.inside, self.has_body = self._starts(line, body, is_complete=is_complete), False
        self._before = line if _BAR.search(body) else ""

    def reset(self) -> None:
        """Close any table: the next line is code."""
        self.table, self.inside, self.has_body, self._before = None, False, False, ""

    def _continues(self, head: LinePrefix, body: str) -> bool:
        assert self.table is not None  # checked by the caller
        same_depth = head.depth == LinePrefix.of(self.table.delimiter).depth
        in_container = same_depth and not head.markers
        return in_container and bool(body.strip()) and not _OTHER_BLOCK.match(body)

    def _starts(self, line: str, body: str, *, is_complete: bool) -> bool:
        if not self._before or LinePrefix.of(line).depth != LinePrefix.of(self._before).depth:
            return False
        if not is_complete:
            return _PARTIAL_DELIMITER_ROW.fullmatch(body) is not None
        if not _DELIMITER_ROW.fullmatch(body) or _columns(body) != _columns(self._before):
            return False
        self.table = MarkdownTable(self._before, line)
        return True


def tables_as_code(text: str) -> str:
    """Return the text with each table in a code fence, where its columns stay readable."""
    fences, tables = FenceTracker(), TableTracker()
    lines: list[str] = []
    margin: str | None = None
    for line in text.split("\n"):
        before = fences.fence
        fences.feed(line)
        if fences.fence or before:
            tables.reset()
        else:
            tables.feed(line)
        if tables.table is not None and margin is None:
            margin, header = tables.table.margin, lines.pop()
            end = LinePrefix.of(header).end
            lines += [f"{header[:end]}```", f"{margin}{header[end:]}"]
        elif tables.table is None and margin is not None:
            lines.append(f"{margin}```")
            margin = None
        lines.append(line)
    return "\n".join(lines if margin is None else [*lines, f"{margin}```"])


def _columns(line: str) -> int:
    bare = line[LinePrefix.of(line).end :].strip()
    return len(_BAR.findall(bare.removeprefix("|").removesuffix("|"))) + 1
