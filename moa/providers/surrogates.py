"""Text whose characters were cut in two, by a server that splits its answer at bytes or at UTF-16.

A half of a UTF-16 pair comes as a lone surrogate, and so does a byte of a broken UTF-8 sequence
(Python's `surrogateescape`). Both halves make a character again once they stand side by side.
"""

from __future__ import annotations

import re
from typing import Final

_HALF: Final = re.compile("[\ud800-\udfff]")
_HALVES_AT_END: Final = re.compile("[\ud800-\udfff]{1,3}\\Z")
"""A character lacks at most its last part: three bytes of four have come."""

_NO_BYTE: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class Mender:
    """Puts the halves of characters together again over all pieces of one answer."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """The text without lone surrogates. A half at its end waits for the other one."""
        if text.isascii() and not self._held:
            return text
        text, self._held = self._held + text, ""
        if _HALF.search(text) is None:
            return text
        text = _paired(text)
        if half := _HALVES_AT_END.search(text):
            text, self._held = text[: half.start()], half[0]
        return _replaced(text)

    def close(self) -> str:
        """What was held back and never made a character."""
        text, self._held = self._held, ""
        return _replaced(text)


def _paired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _replaced(text: str) -> str:
    known = _NO_BYTE.sub("\ufffd", text)
    return known.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
