"""Renders a reply's Markdown in a terminal while it streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment

MAX_WIDTH: Final = 100
"""Longer lines of prose are hard to read."""

REFRESHES: Final = 8
"""Redraws per second."""

# Without HTML: rich would drop tags, and a reply may be about them.
_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class MarkdownStream:
    """Prints each finished block once, and redraws the unfinished one below it.

    Its input must not contain control characters.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pending = ""
        self._has_printed = False
        self._live: Live | None = None

    def feed(self, piece: str) -> None:
        """Show the next piece of the text."""
        self._pending += piece
        finished = _finished_blocks(self._pending) if "\n" in piece else ""
        if finished:
            self._stop_live()
            self._print(finished)
            self._pending = self._pending[len(finished) :]
        if self._live is None and self._pending.strip():
            self._live = Live(
                console=self._console,
                get_renderable=self._tail,
                refresh_per_second=REFRESHES,
                transient=True,
            )
            self._live.start()

    def finish(self) -> None:
        """Print what is left and restore the cursor."""
        self._stop_live()
        rest, self._pending = self._pending, ""
        if rest.strip():
            self._print(rest)

    def _stop_live(self) -> None:
        live, self._live = self._live, None
        if live:
            live.stop()

    def _print(self, text: str) -> None:
        if self._has_printed:
            self._console.print()
        self._has_printed = True
        self._console.print(_Lines(text))

    def _tail(self) -> _Lines:
        # rich can't redraw more lines than fit on the screen.
        return _Lines(self._pending, at_most=max(1, self._console.height - 2))


class _Lines:
    """The last lines of a Markdown text, without blank lines around them."""

    def __init__(self, text: str, *, at_most: int | None = None) -> None:
        self._text = text
        self._at_most = at_most

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the lines."""
        narrow = options.update(width=min(options.max_width, MAX_WIDTH), height=None)
        lines = console.render_lines(_markdown(self._text), narrow, pad=False)
        while lines and _is_blank(lines[0]):
            lines.pop(0)
        while lines and _is_blank(lines[-1]):
            lines.pop()
        for line in lines[-self._at_most :] if self._at_most else lines:
            yield from line
            yield Segment.line()


def _is_blank(line: Sequence[Segment]) -> bool:
    return not any(segment.text.strip() for segment in line)


def _markdown(text: str) -> Markdown:
    """Return text to render, with link addresses shown: a link must not hide where it leads."""
    rendered = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    rendered.parsed = _PARSER.parse(text)
    return rendered


def _finished_blocks(text: str) -> str:
    """Return the text up to its last top-level block, which may still grow."""
    blocks = [token for token in _PARSER.parse(text) if token.level == 0 and token.map]
    if not blocks or not (last := blocks[-1].map):
        return ""
    lines = text.split("\n")
    return "".join(f"{line}\n" for line in lines[: last[0]])
