"""The text of an answer without thoughts, end tokens and copies of our boundary lines."""

from __future__ import annotations

import re
from typing import Final

from moa.thoughts.stream_filter import ThoughtFilter

_LONGEST_BOUNDARY: Final = 300
_BOUNDARY: Final = re.compile(
    r"[ \t>|*_`#]{0,8}={2,10} ?"
    r"(?:ANSWER (?:[A-Z]{1,2}|S\d{1,3})|RANKING R\d{1,3}|END OF ANSWERS)\b"
    r"[^=\n]{0,200}={2,10}[ \t*_`]*"
)
"""A line that copies a boundary of `moa.pipeline.prompts.block`, random part or not."""

_BEGINNING: Final = re.compile(r"[ \t>|*_`#]{0,8}(?:={1,10} ?([A-Z ]{0,14}).*)?")
_KINDS: Final = ("ANSWER ", "RANKING ", "END OF ANSWERS")


class BoundaryFilter:
    """Leaves out the lines of an answer that copy the boundary lines of its prompt.

    Only a line that may become one is held back.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._at_line_start = True

    def feed(self, text: str) -> str:
        """The next piece; it may be empty."""
        if not self._at_line_start and not self._rest and "\n" not in text:
            return text
        *lines, last = (self._rest + text).split("\n")
        out: list[str] = []
        for line in lines:
            if not (self._at_line_start and _BOUNDARY.fullmatch(line.rstrip("\r"))):
                out.append(f"{line}\n")
            self._at_line_start = True
        if self._at_line_start and _may_be_boundary(last):
            self._rest = last
        else:
            self._rest = ""
            self._at_line_start = False
            out.append(last)
        return "".join(out)

    def close(self) -> str:
        """What was held back to the end."""
        last, self._rest = self._rest, ""
        return "" if _BOUNDARY.fullmatch(last) else last


def _may_be_boundary(line: str) -> bool:
    found = _BEGINNING.fullmatch(line) if len(line) <= _LONGEST_BOUNDARY else None
    if found is None:
        return False
    kind = found[1] or ""
    return any(each.startswith(kind) or kind.startswith(each) for each in _KINDS)


class AnswerText:
    """Takes the text of a model's stream in pieces, and gives the answer's own."""

    def __init__(self) -> None:
        self.began_anew = False
        """Whether the last call found that all text given before it was a thought."""
        self.received = 0
        """Characters taken so far, thoughts included."""
        self._thoughts = ThoughtFilter()
        self._boundaries = BoundaryFilter()

    @property
    def thought(self) -> bool:
        """Whether the text had a thought."""
        return self._thoughts.thought

    def feed(self, text: str) -> str:
        """The next piece of the answer; it may be empty."""
        self.received += len(text)
        return self._without_boundaries(self._thoughts.feed(text))

    def close(self) -> str:
        """What was held back to the end."""
        last = self._without_boundaries(self._thoughts.close())
        return last + self._boundaries.close()

    def _without_boundaries(self, text: str) -> str:
        self.began_anew = self._thoughts.began_anew
        if self.began_anew:
            self._boundaries = BoundaryFilter()
        return self._boundaries.feed(text)
