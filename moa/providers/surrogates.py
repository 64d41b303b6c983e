"""Rejoins characters that a server split between chunks, at a byte or a UTF-16 unit.

Half of a UTF-16 pair arrives as a lone surrogate. So does each byte of a broken UTF-8 sequence
(Python's `surrogateescape`). Adjacent halves form a character again.
"""

from __future__ import annotations

import re
from typing import Final

_HALF: Final = re.compile("[\ud800-\udfff]")
_HALVES_AT_END: Final = re.compile("[\ud800-\udfff]{1,3}\\Z")
"""At most three of a character's four bytes can be waiting for the rest."""

_NO_BYTE: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class SurrogateRepair:
    """Rejoins split characters across the chunks of one answer."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """Return the text without lone surrogates, holding back a half at its end."""
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
        """Return the rest, with U+FFFD for halves that were never completed."""
        text, self._held = self._held, ""
        return _replaced(text)


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which a request body can't encode."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _paired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _replaced(text: str) -> str:
    known = _NO_BYTE.sub("\ufffd", text)
    return known.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
