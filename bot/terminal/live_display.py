"""A terminal display that shows the current layer as an animated table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bot.terminal.display import Style
from bot.terminal.markdown_stream import REFRESHES, MarkdownStream

NAME_WIDTH = 28
STYLES: dict[Style, str] = {"normal": "", "faint": "dim", "heading": "bold"}


@dataclass(slots=True)
class _ProposerRow:
    """A proposer. `text` and `answered` say how its call ended; both are None while it runs."""

    name: str
    text: str | None = None
    answered: bool | None = None


class LiveDisplay:
    """Shows an animated table for each layer. The table stays when the layer ends.

    Symbols repeat what the text says, so nothing depends on color. The reply is rendered as
    Markdown. All other text is plain, because rich would read square brackets as styles.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._unicode = console.encoding.lower().startswith("utf")
        self._animation: Live | None = None
        self._reply: MarkdownStream | None = None
        self._spinner = Spinner(self._spinner_name)
        self._rows: list[_ProposerRow] = []
        self._started_at = 0.0

    @property
    def _spinner_name(self) -> str:
        return "dots" if self._unicode else "line"

    def layer_started(self, layer: int, names: Sequence[str]) -> None:
        """Start a table."""
        self.stop()
        self.line(f"Layer {layer}", "heading")
        self._rows = [_ProposerRow(name) for name in names]
        self._started_at = time.monotonic()
        self._animate(
            Live(
                console=self._console,
                get_renderable=self._table,
                refresh_per_second=REFRESHES,
            )
        )

    def call_ended(self, position: int, text: str, *, answered: bool) -> None:
        """Complete a row."""
        self._rows[position - 1] = _ProposerRow(self._rows[position - 1].name, text, answered)

    def layer_closed(self, text: str) -> None:
        """Stop the animation and keep the table."""
        for row in self._rows:
            row.text = row.text or "skipped: took too long"
        self.stop()
        self.line(text)

    def aggregator_started(self, name: str) -> None:
        """Show a line with the elapsed seconds. It disappears when the text starts."""
        self.stop()
        self._started_at = time.monotonic()

        def status() -> Table:
            table = Table.grid(padding=(0, 1))
            text = f"Asking {name} for the reply: {self._elapsed()}"
            table.add_row(self._spinner, Text(text))
            return table

        self._animate(
            Live(
                console=self._console,
                get_renderable=status,
                refresh_per_second=REFRESHES,
                transient=True,
            )
        )

    def stop(self) -> None:
        """Stop the animation, print the rest of the reply and restore the cursor."""
        animation, self._animation = self._animation, None
        if animation:
            animation.stop()
        self._finish_reply()

    def line(self, text: str, style: Style = "normal") -> None:
        """Print a line below the reply or above the animation, wrapped between words."""
        self._finish_reply()
        self._console.print(Text(text, style=STYLES[style]))

    def heading(self, text: str) -> None:
        """Print the heading below an empty line."""
        self.stop()
        self.line("")
        self.line(text, "heading")

    def text(self, piece: str) -> None:
        """Render the piece as Markdown."""
        self._reply = self._reply or MarkdownStream(self._console)
        self._reply.feed(piece)

    def _finish_reply(self) -> None:
        reply, self._reply = self._reply, None
        if reply:
            reply.finish()

    def _animate(self, animation: Live) -> None:
        # Store it before it starts, so Ctrl-C in between still restores the cursor.
        self._animation = animation
        animation.start()

    def _table(self) -> Table:
        width = min(NAME_WIDTH, max(self._console.width // 3, 1))
        table = Table.grid(padding=(0, 1))
        table.add_column(width=2, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=width)
        table.add_column(overflow="fold")
        for row in self._rows:
            table.add_row(self._mark(row), Text(row.name), Text(row.text or self._elapsed()))
        return table

    def _mark(self, row: _ProposerRow) -> RenderableType:
        if row.text is None:
            return self._spinner
        if row.answered is None:
            return Text("-")
        if row.answered:
            return Text("✓" if self._unicode else "+", style="green")
        return Text("✗" if self._unicode else "x", style="red")

    def _elapsed(self) -> str:
        return f"waiting, {time.monotonic() - self._started_at:.0f} s"
