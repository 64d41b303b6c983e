"""The room where safe markdown is put together: no two harmless parts join to a live one."""

from __future__ import annotations

import re

from bot.slack.markdown.links import holds_address
from bot.slack.markdown.unicode_filter import escape

GRAVE = "\u02cb"
"""Looks like a backtick and is none: no reader of markdown can pair it with another."""

_SPACES = frozenset(" \t\n")
_BREAKS = re.compile(r"(\|+|\*+|~~+|__+)")
_LOOSE = ".,;:!?)"


class SafeWriter:
    """Collects output and watches the joints, over all that was taken from it before."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._last = ""
        self._gap = False
        self._live = False

    def take(self) -> str:
        """What was written since the last call."""
        text = "".join(self._parts)
        self._parts.clear()
        return text

    def raw(self, text: str) -> None:
        """Write what is safe as it stands."""
        if text:
            self._parts.append(text)
            self._last = text[-1]
            if text[-1] in _SPACES:
                self._gap = self._live = False

    def gap(self) -> None:
        """Keep what comes apart from what was written: markup between the two was dropped."""
        self._gap = bool(self._last) and self._last not in "([" and not self._last.isspace()

    def text(self, text: str) -> None:
        """Write words: angle brackets escaped, and no `](` that would make a link."""
        if not text:
            return
        loose = not text.strip(_LOOSE)
        gap = self._gap
        if (gap and not loose and not text[0].isspace()) or self._last + text[0] == "](":
            self.raw(" ")
        if self._live and text[0].isspace() and text[0] not in _SPACES:
            self.raw(" ")
        self._gap = gap and loose
        self.raw(escape(text).replace("](", "] ("))

    def address(self, text: str) -> None:
        """Write a live address.

        Where a space outside ASCII follows, one in ASCII goes before it: not every reader ends an
        address at the former.
        """
        self.text(text)
        self._live = True

    def code(self, content: str) -> None:
        """Write inline code that every reader of markdown takes for code.

        An address in it is never left to a rule that readers disagree on: backticks inside are
        replaced, and the span is closed around `|`, which ends a table's cell even in code, and
        around marks that some reader takes for the end of bold or struck-out words even there.
        """
        inert = holds_address(content, files=False)
        if "``" in content or (inert and "`" in content):
            content = content.replace("`", GRAVE)
        parts = _BREAKS.split(content) if inert else [content]
        for part in parts:
            if inert and _BREAKS.fullmatch(part):
                self.text(part)
            elif part:
                self._span(part)

    def _span(self, content: str) -> None:
        ticks, pad = ("``", " ") if "`" in content else ("`", "")
        self.open_code(ticks)
        self.raw(f"{pad}{escape(content)}{pad}{ticks}")

    def open_code(self, ticks: str = "`") -> None:
        """Begin inline code; a backslash or a backtick before it must not touch its mark."""
        if self._gap or self._last in {"`", "\\"}:
            self.raw(" ")
        self._gap = False
        self.raw(ticks)
