"""What a screen draws on: a terminal, in which the layer at work is a table that moves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.status import Status
from rich.table import Table
from rich.text import Text

from bot.terminal.display import Style

REFRESHES = 8
"""Drawings a second."""

NAME_WIDTH = 28
STYLES: dict[Style, str] = {"normal": "", "faint": "dim", "heading": "bold"}


@dataclass(slots=True)
class _ProposerRow:
    """A proposer. `words` say how it ended, None while it is asked; `came` whether it answered."""

    name: str
    words: str | None = None
    came: bool | None = None


class LiveDisplay:
    """A table for each layer while it works; it stays when the layer has closed.

    Marks stand beside words that say the same, so that nothing is told by colour alone. Model text
    is written past rich, which would read its square brackets as styles.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._unicode = console.encoding.lower().startswith("utf")
        self._moving: Live | Status | None = None
        self._spinner = Spinner(self._spinner_name)
        self._rows: list[_ProposerRow] = []
        self._since = 0.0

    @property
    def _spinner_name(self) -> str:
        return "dots" if self._unicode else "line"

    def asking(self, layer: int, names: Sequence[str]) -> None:
        """Begin a table."""
        self.rest()
        self.line(f"Layer {layer}", "heading")
        self._rows = [_ProposerRow(name) for name in names]
        self._since = time.monotonic()
        self._move(
            Live(
                console=self._console,
                get_renderable=self._table,
                refresh_per_second=REFRESHES,
            )
        )

    def ended(self, position: int, words: str, *, came: bool) -> None:
        """Complete a row."""
        self._rows[position - 1] = _ProposerRow(self._rows[position - 1].name, words, came)

    def closed(self, words: str) -> None:
        """Leave the table standing."""
        for row in self._rows:
            row.words = row.words or "not waited for any longer"
        self.rest()
        self.line(words)

    def writing(self, name: str) -> None:
        """A line that goes when the text comes."""
        self.rest()
        words = Text(f"Asking {name} for the reply")
        self._move(Status(words, console=self._console, spinner=self._spinner_name))

    def rest(self) -> None:
        """Stop what moves, and give the cursor back."""
        moving, self._moving = self._moving, None
        if moving:
            moving.stop()

    def line(self, text: str, style: Style = "normal") -> None:
        """A line that the terminal wraps, above whatever moves."""
        self._console.print(Text(text, style=STYLES[style]), soft_wrap=True)

    def text(self, piece: str) -> None:
        """The piece as it is."""
        self._console.file.write(piece)
        self._console.file.flush()

    def _move(self, moving: Live | Status) -> None:
        # Kept before it starts: a Ctrl-C in between must still give the cursor back.
        self._moving = moving
        moving.start()

    def _table(self) -> Table:
        width = min(NAME_WIDTH, max(self._console.width // 3, 1))
        table = Table.grid(padding=(0, 1))
        table.add_column(width=2, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=width)
        table.add_column(overflow="fold")
        for row in self._rows:
            table.add_row(self._mark(row), Text(row.name), Text(row.words or self._elapsed()))
        return table

    def _mark(self, row: _ProposerRow) -> RenderableType:
        if row.words is None:
            return self._spinner
        if row.came is None:
            return Text("-")
        if row.came:
            return Text("✓" if self._unicode else "+", style="green")
        return Text("✗" if self._unicode else "x", style="red")

    def _elapsed(self) -> str:
        return f"asked, {time.monotonic() - self._since:.0f} s"
