"""Writes escaped Markdown so that adjacent parts can't form a link."""

from __future__ import annotations

import re

from bot.slack.markdown.links import holds_address
from bot.slack.markdown.unicode_filter import escape

GRAVE = "\u02cb"
"""Looks like a backtick, but no Markdown parser treats it as one."""

_SPACES = frozenset(" \t\n")
_BREAKS = re.compile(r"(\|+|\*+|~~+|__+)")
_LOOSE = ".,;:!?)"


class SafeWriter:
    """Collects output and separates parts that would be harmful next to each other."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._last = ""
        self._needs_gap = False
        self._after_address = False

    def drain(self) -> str:
        """Return the output since the last call."""
        text = "".join(self._parts)
        self._parts.clear()
        return text

    def write_raw(self, text: str) -> None:
        """Write text that is already safe."""
        if text:
            self._parts.append(text)
            self._last = text[-1]
            if text[-1] in _SPACES:
                self._needs_gap = self._after_address = False

    def separate(self) -> None:
        """Keep the next part apart from the last one, because markup between them was dropped."""
        self._needs_gap = bool(self._last) and self._last not in "([" and not self._last.isspace()

    def write_text(self, text: str) -> None:
        """Write plain text: angle brackets escaped, and no `](`, which could form a link."""
        if not text:
            return
        is_loose = not text.strip(_LOOSE)
        needs_gap = self._needs_gap
        if (needs_gap and not is_loose and not text[0].isspace()) or self._last + text[0] == "](":
            self.write_raw(" ")
        if self._after_address and text[0].isspace() and text[0] not in _SPACES:
            self.write_raw(" ")
        self._needs_gap = needs_gap and is_loose
        self.write_raw(escape(text).replace("](", "] ("))

    def write_address(self, text: str) -> None:
        """Write an address that may become a link.

        If a non-ASCII space follows, an ASCII space goes before it, because not every parser ends
        an address at a non-ASCII space.
        """
        self.write_text(text)
        self._after_address = True

    def write_code(self, content: str) -> None:
        """Write inline code that every Markdown parser treats as code.

        If it contains an address, ambiguous characters are avoided. Backticks inside are replaced.
        The span is closed around `|`, which ends a table cell even in code, and around emphasis
        markers, which some parsers honour even there.
        """
        has_address = holds_address(content, files=False)
        if "``" in content or (has_address and "`" in content):
            content = content.replace("`", GRAVE)
        parts = _BREAKS.split(content) if has_address else [content]
        for part in parts:
            if has_address and _BREAKS.fullmatch(part):
                self.write_text(part)
            elif part:
                self._span(part)

    def _span(self, content: str) -> None:
        ticks, pad = ("``", " ") if "`" in content else ("`", "")
        self.open_code(ticks)
        self.write_raw(f"{pad}{escape(content)}{pad}{ticks}")

    def open_code(self, ticks: str = "`") -> None:
        """Start inline code, separated from a backslash or a backtick before it."""
        if self._needs_gap or self._last in {"`", "\\"}:
            self.write_raw(" ")
        self._needs_gap = False
        self.write_raw(ticks)
