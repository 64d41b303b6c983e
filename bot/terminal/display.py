"""What a screen draws on: plain lines for a file or a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TextIO

Style = Literal["normal", "faint", "heading"]


class Display(Protocol):
    """Draws the steps of a run. What it is given holds no control characters."""

    def asking(self, layer: int, names: Sequence[str]) -> None:
        """The proposers of a layer are asked."""
        ...

    def ended(self, position: int, words: str, *, came: bool) -> None:
        """The proposer at this place of the layer, counted from 1, has ended."""
        ...

    def closed(self, words: str) -> None:
        """The layer that was asked last waits for nobody any more."""
        ...

    def writing(self, name: str) -> None:
        """An aggregator is asked for the reply."""
        ...

    def rest(self) -> None:
        """Nothing moves from here on: the cursor stands at the beginning of a line."""
        ...

    def line(self, text: str, style: Style = "normal") -> None:
        """A line of its own."""
        ...

    def text(self, piece: str) -> None:
        """A piece of running text; only after `rest`."""
        ...


class PlainDisplay:
    """Lines and no control codes. Each is flushed, so that a reader of a pipe sees it at once."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._names: Sequence[str] = ()

    def asking(self, layer: int, names: Sequence[str]) -> None:
        """One line for the layer, and one for each proposer."""
        self._names = names
        models = "1 model" if len(names) == 1 else f"{len(names)} models"
        self.line(f"Layer {layer}: asking {models}")
        for name in names:
            self.line(f"  {name}: asked")

    def ended(self, position: int, words: str, *, came: bool) -> None:  # noqa: ARG002 - the words say whether it came
        """One line."""
        self.line(f"  {self._names[position - 1]}: {words}")

    def closed(self, words: str) -> None:
        """One line."""
        self.line(words)

    def writing(self, name: str) -> None:
        """One line."""
        self.line(f"Asking {name} for the reply")

    def rest(self) -> None:
        """Nothing ever moves here."""

    def line(self, text: str, style: Style = "normal") -> None:  # noqa: ARG002 - there is but one
        """The text as it is."""
        self.text(f"{text}\n")

    def text(self, piece: str) -> None:
        """The piece as it is."""
        self._out.write(piece)
        self._out.flush()
