"""Removes thoughts, end tokens and copies of the prompt's boundary lines from a stream."""

from __future__ import annotations

import re
from typing import Final

from moa.thoughts.thought_filter import ThoughtFilter

_MAX_BOUNDARY_CHARS: Final = 300
_BOUNDARY: Final = re.compile(
    r"[ \t>|*_`#]{0,8}={2,10} ?"
    r"(?:ANSWER (?:[A-Z]{1,2}|S\d{1,3})|RANKING R\d{1,3}|END OF ANSWERS)\b"
    r"[^=\n]{0,200}={2,10}[ \t*_`]*"
)
"""A copy of a boundary line (`moa.pipeline.prompts.block`), with or without its nonce."""

_PARTIAL_BOUNDARY: Final = re.compile(r"[ \t>|*_`#]{0,8}(?:={1,10} ?([A-Z ]{0,14}).*)?")
_BOUNDARY_KINDS: Final = ("ANSWER ", "RANKING ", "END OF ANSWERS")


class BoundaryFilter:
    """Removes lines that copy a boundary line of the prompt.

    It holds back only lines that may become one.
    """

    def __init__(self) -> None:
        self._buffer = ""
        self._at_line_start = True

    def filter(self, text: str) -> str:
        """Return the next piece, which may be empty."""
        if not self._at_line_start and not self._buffer and "\n" not in text:
            return text
        *lines, last = (self._buffer + text).split("\n")
        out: list[str] = []
        for line in lines:
            if not (self._at_line_start and _BOUNDARY.fullmatch(line.rstrip("\r"))):
                out.append(f"{line}\n")
            self._at_line_start = True
        if self._at_line_start and _may_be_boundary(last):
            self._buffer = last
        else:
            self._buffer = ""
            self._at_line_start = False
            out.append(last)
        return "".join(out)

    def flush(self) -> str:
        """Return the text still held back."""
        last, self._buffer = self._buffer, ""
        return "" if _BOUNDARY.fullmatch(last) else last


def _may_be_boundary(line: str) -> bool:
    found = _PARTIAL_BOUNDARY.fullmatch(line) if len(line) <= _MAX_BOUNDARY_CHARS else None
    if found is None:
        return False
    kind = found[1] or ""
    return any(each.startswith(kind) or kind.startswith(each) for each in _BOUNDARY_KINDS)


class AnswerFilter:
    """Removes thoughts, end tokens and boundary lines from one answer, piece by piece."""

    def __init__(self) -> None:
        self.retracted = False
        """Whether the last call found that all text returned before it was a thought."""
        self.received = 0
        """Characters received so far, thoughts included."""
        self._thought_filter = ThoughtFilter()
        self._boundary_filter = BoundaryFilter()

    @property
    def has_thoughts(self) -> bool:
        """Whether the text has contained a thought."""
        return self._thought_filter.has_thoughts

    def filter(self, text: str) -> str:
        """Return the next piece of the answer, which may be empty."""
        self.received += len(text)
        return self._remove_boundaries(self._thought_filter.filter(text))

    def flush(self) -> str:
        """Return the text still held back."""
        last = self._remove_boundaries(self._thought_filter.flush())
        return last + self._boundary_filter.flush()

    def _remove_boundaries(self, text: str) -> str:
        self.retracted = self._thought_filter.retracted
        if self.retracted:
            self._boundary_filter = BoundaryFilter()
        return self._boundary_filter.filter(text)
