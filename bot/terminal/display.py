"""The display interface, and plain lines for a file or a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TextIO

Style = Literal["normal", "faint", "heading"]


class Display(Protocol):
    """Displays the steps of a run. Its input contains no control characters."""

    def layer_started(self, layer: int, names: Sequence[str]) -> None:
        """Report that a layer is calling its proposers."""
        ...

    def call_ended(self, position: int, text: str, *, answered: bool) -> None:
        """Report that the proposer at this position of the layer, counted from 1, has ended."""
        ...

    def layer_closed(self, text: str) -> None:
        """Report that the current layer has stopped waiting."""
        ...

    def aggregator_started(self, name: str) -> None:
        """Report that an aggregator starts writing the reply."""
        ...

    def stop(self) -> None:
        """Stop all animation and leave the cursor at the start of a line."""
        ...

    def line(self, text: str, style: Style = "normal") -> None:
        """Print one line about the run."""
        ...

    def heading(self, text: str) -> None:
        """Print a heading above a part of the result."""
        ...

    def text(self, piece: str) -> None:
        """Print a piece of the result, in Markdown. Call `stop` first."""
        ...


class PlainDisplay:
    """Plain lines without control codes, each flushed so that a pipe's reader sees it at once.

    Args:
        out: gets the reply, and the answers if requested.
        progress: gets everything else, so a program can read the reply alone.
    """

    def __init__(self, out: TextIO, progress: TextIO) -> None:
        self._out = out
        self._progress = progress
        self._names: Sequence[str] = ()

    def layer_started(self, layer: int, names: Sequence[str]) -> None:
        """Print one line for the layer and one for each proposer."""
        self._names = names
        models = "1 model" if len(names) == 1 else f"{len(names)} models"
        self.line(f"Layer {layer}: asking {models}")
        for name in names:
            self.line(f"  {name}: asked")

    def call_ended(self, position: int, text: str, *, answered: bool) -> None:  # noqa: ARG002 - the text says whether it answered
        """Print one line."""
        self.line(f"  {self._names[position - 1]}: {text}")

    def layer_closed(self, text: str) -> None:
        """Print one line."""
        self.line(text)

    def aggregator_started(self, name: str) -> None:
        """Print one line."""
        self.line(f"Asking {name} for the reply")

    def stop(self) -> None:
        """Do nothing: there is no animation."""

    def line(self, text: str, style: Style = "normal") -> None:  # noqa: ARG002 - plain text has one style
        """Print the text unchanged."""
        _write(self._progress, f"{text}\n")

    def heading(self, text: str) -> None:
        """Print the heading below an empty line."""
        _write(self._out, f"\n{text}\n")

    def text(self, piece: str) -> None:
        """Print the piece unchanged."""
        _write(self._out, piece)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()
