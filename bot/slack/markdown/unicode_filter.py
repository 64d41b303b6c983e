"""The room of single characters: which of them may reach Slack, and how two of them are escaped."""

from __future__ import annotations

import re
from unicodedata import category

_DROPPED = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 (tab and line ends are kept), DEL, C1
    "\u00ad\u034f\u180e\u200b"  # soft hyphen, grapheme joiner, vowel separator, zero-width space
    "\u202a-\u202e\u2060-\u206f"  # bidirectional embeddings, overrides, isolates; invisible marks
    "\u115f\u1160\u3164\uffa0\u17b4\u17b5"  # blank letters of Hangul, unseen vowels of Khmer
    "\ufeff\ufff0-\ufffb\ufffe\uffff"  # byte order mark, annotations, ignorable by rule
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # format controls of shorthand and of music
    # Tags can carry a whole hidden sentence. Three regional flags need them and show as a plain
    # black flag without: a small price.
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "]"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ATTACHED = re.compile(
    "([\u061c\u180b-\u180d\u180f\u200c-\u200f\ufe00-\ufe0f\U000e0100-\U000e01ef])"
)
_MARKS = "\u061c\u200c\u200d\u200e\u200f"
_KEYCAPS = frozenset("0123456789#*")
_PILING = frozenset({"Mn", "Me"})
_HIGHEST_PILE = 6
"""Marks on one letter, more than any script needs. A taller pile runs over the lines around it."""


class CharacterFilter:
    """Removes what a reader cannot see, over pieces that are split at any position.

    Kept because scripts and emoji need them: ZWJ and ZWNJ (emoji families, Indic and Persian
    words), the direction marks (Arabic and Hebrew punctuation) and variation selectors. Each is
    kept once, and only behind a character that it can act on, so a row of them hides no message
    and none of them splits an ASCII word. Of marks that pile up on a letter a few are kept.
    """

    def __init__(self) -> None:
        self._after_return = False
        self._base = ""
        self._selected = False
        self._marked = False
        self._pile = 0

    def feed(self, piece: str) -> str:
        """The next piece, cleaned. Lone surrogates become U+FFFD, every line end LF."""
        if not piece:
            return ""
        if self._after_return and piece[0] == "\n":
            piece = piece[1:]
            self._after_return = False
            if not piece:
                return ""
        self._after_return = piece[-1] == "\r"
        text = _DROPPED.sub("", _LINE_ENDS.sub("\n", piece))
        return self._attach(_SURROGATES.sub("\ufffd", text))

    def _attach(self, text: str) -> str:
        kept: list[str] = []
        for index, part in enumerate(_ATTACHED.split(text)):
            if index % 2:
                kept.append(part if self._belongs(part) else "")
            elif part:
                kept.append(self._levelled(part))
                self._base, self._selected, self._marked = part[-1], False, False
        return "".join(kept)

    def _levelled(self, text: str) -> str:
        """The text without the marks on top of too high a pile."""
        if text.isascii():
            self._pile = 0
            return text
        kept: list[str] = []
        for character in text:
            self._pile = self._pile + 1 if category(character) in _PILING else 0
            if self._pile <= _HIGHEST_PILE:
                kept.append(character)
        return "".join(kept)

    def _belongs(self, character: str) -> bool:
        wide = bool(self._base) and not self._base.isascii() and not self._base.isspace()
        if character in _MARKS:
            fits = wide and not self._marked
            self._marked = self._marked or fits
            return fits
        fits = (wide or self._base in _KEYCAPS) and not self._selected and not self._marked
        self._selected = self._selected or fits
        return fits


def clean(text: str) -> str:
    """The text without control, bidirectional and hidden characters."""
    return CharacterFilter().feed(text)


def escape(text: str) -> str:
    """`<` and `>` as the entities that Slack shows as themselves; nothing else changes."""
    return text.replace("<", "&lt;").replace(">", "&gt;")
