"""Filters invisible characters; escapes and unescapes `<` and `>`."""

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
    # Tags can hide a whole sentence. Only three regional flags need them; without tags they show
    # as a plain black flag.
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
"""Marks per letter, more than any script needs. A taller stack would cover other lines."""


class CharacterFilter:
    """Removes invisible characters from a text that arrives in pieces.

    Scripts and emoji need some of them: ZWJ and ZWNJ (emoji families, Indic and Persian words),
    direction marks (Arabic and Hebrew punctuation) and variation selectors. Each is kept once, and
    only after a character that it can affect. So a row of them can't hide a message, and none can
    split an ASCII word. Of the marks stacked on a letter, the first few are kept.
    """

    def __init__(self) -> None:
        self._after_return = False
        self._base = ""
        self._selected = False
        self._marked = False
        self._pile = 0

    def feed(self, piece: str) -> str:
        """Return the next piece, cleaned. Lone surrogates become U+FFFD, line ends become LF."""
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
                kept.append(self._limit_marks(part))
                self._base, self._selected, self._marked = part[-1], False, False
        return "".join(kept)

    def _limit_marks(self, text: str) -> str:
        """Return the text without the marks beyond `_HIGHEST_PILE`."""
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
    """Return the text without control, bidirectional and invisible characters."""
    return CharacterFilter().feed(text)


def escape(text: str) -> str:
    """Return the text with `<` and `>` as entities, which Slack shows as those characters."""
    return text.replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Return Slack's text with the three entities decoded that Slack escapes, and no others.

    Format: https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
