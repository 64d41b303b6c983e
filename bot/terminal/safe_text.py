"""Removes control characters and escape sequences from terminal output."""

from __future__ import annotations

import re
from enum import Enum, auto

_SPECIAL = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 (tab and line feed are kept), DEL, C1
    "\u2028\u2029"  # line and paragraph separators
    "\u202a-\u202e\u2066-\u2069\u206a-\u206f"  # bidirectional embeddings, overrides, isolates
    "\ufeff\ufff9-\ufffb"  # byte order mark, annotations
    "\ud800-\udfff"  # surrogates, which can't be encoded
    "\U000e0000-\U000e007f"  # tags: a hidden copy of ASCII
    "]"
)

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]")
_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


class _State(Enum):
    """The parser's position in a control sequence."""

    TEXT = auto()
    ESCAPE = auto()
    CONTROL = auto()
    STRING = auto()
    STRING_ESCAPE = auto()


_STRING_OPENERS = "\x90\x98\x9d\x9e\x9f"
"""DCS, SOS, OSC, PM and APC as single characters. The two-character forms are ESC followed by one
of `PX]^_`."""


class TerminalFilter:
    """Removes control characters and sequences from text that arrives in arbitrary pieces.

    Follows ECMA-48. An unterminated string hides only the rest of its line, so a stray character
    can't hide a whole reply.
    """

    def __init__(self) -> None:
        self._state = _State.TEXT

    def feed(self, piece: str) -> str:
        """Return the next piece without anything that a terminal would interpret."""
        if self._state is _State.TEXT and not _SPECIAL.search(piece):
            return piece
        return "".join(map(self._next, piece))

    def _next(self, character: str) -> str:
        """Return the visible part of one character."""
        match self._state:
            case _State.TEXT:
                return self._text_character(character)
            case _State.ESCAPE:
                return self._after_escape(character)
            case _State.CONTROL:
                if " " <= character <= "?":
                    return ""
                self._state = _State.TEXT
                return "" if "@" <= character <= "~" else self._text_character(character)
            case _State.STRING:
                return self._within_string(character)
            case _State.STRING_ESCAPE:
                self._state = _State.TEXT if character == "\\" else _State.ESCAPE
                return "" if character == "\\" else self._after_escape(character)

    def _text_character(self, character: str) -> str:
        if not _SPECIAL.match(character):
            return character
        if character == "\x1b":
            self._state = _State.ESCAPE
        elif character == "\x9b":
            self._state = _State.CONTROL
        elif character in _STRING_OPENERS:
            self._state = _State.STRING
        elif character in "\u2028\u2029":
            return "\n"
        elif "\ud800" <= character <= "\udfff":
            return "\ufffd"
        return ""

    def _after_escape(self, character: str) -> str:
        if " " <= character <= "/":
            return ""
        self._state = _State.TEXT
        if character == "[":
            self._state = _State.CONTROL
        elif character in "PX]^_":
            self._state = _State.STRING
        elif not "0" <= character <= "~":
            return self._text_character(character)
        return ""

    def _within_string(self, character: str) -> str:
        if character == "\x1b":
            self._state = _State.STRING_ESCAPE
        elif character in "\x07\x9c\n":
            self._state = _State.TEXT
        return "\n" if character == "\n" else ""


def safe(text: str) -> str:
    """Return a whole text without anything that a terminal would interpret."""
    return TerminalFilter().feed(text)


def one_line(text: str) -> str:
    """Return a short text to embed in a line: no line breaks, isolated text direction."""
    line = " ".join(safe(text).split())
    return f"{_ISOLATE}{line}{_POP_ISOLATE}" if _RIGHT_TO_LEFT.search(line) else line


def escaped_json(document: str) -> str:
    """Escape control characters in a JSON document, keeping every character.

    Line breaks and indentation stay. Other special characters occur only in strings, where JSON can
    escape them.
    """
    return _SPECIAL.sub(lambda found: _escape(found[0]), document)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
