"""The room of single characters: which of them may reach a terminal."""

from __future__ import annotations

import re
from enum import Enum, auto

_SPECIAL = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 (tab and line feed are kept), DEL, C1
    "\u2028\u2029"  # line ends that are not
    "\u202a-\u202e\u2066-\u2069\u206a-\u206f"  # bidirectional embeddings, overrides, isolates
    "\ufeff\ufff9-\ufffb"  # byte order mark, annotations
    "\ud800-\udfff"  # halves of characters, which no encoding takes
    "\U000e0000-\U000e007f"  # tags: a hidden copy of ASCII
    "]"
)

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]")
_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


class _Sequence(Enum):
    """Where in a terminal's control sequence a text stands."""

    TEXT = auto()
    ESCAPE = auto()
    CONTROL = auto()
    STRING = auto()
    STRING_ESCAPE = auto()


_STRINGS = "\x90\x98\x9d\x9e\x9f"
"""DCS, SOS, OSC, PM and APC as single characters; as two, ESC and one of `PX]^_`."""


class TerminalFilter:
    """Takes control characters and sequences out of a text that comes in pieces, split anywhere.

    The forms are those of ECMA-48. A string that is never ended swallows the rest of its line and
    no more, so that a stray character cannot hide a whole reply.
    """

    def __init__(self) -> None:
        self._in = _Sequence.TEXT

    def feed(self, piece: str) -> str:
        """The next piece, with nothing in it that a terminal would obey."""
        if self._in is _Sequence.TEXT and not _SPECIAL.search(piece):
            return piece
        return "".join(map(self._take, piece))

    def _take(self, character: str) -> str:
        """What of one character is shown."""
        match self._in:
            case _Sequence.TEXT:
                return self._plain(character)
            case _Sequence.ESCAPE:
                return self._after_escape(character)
            case _Sequence.CONTROL:
                if " " <= character <= "?":
                    return ""
                self._in = _Sequence.TEXT
                return "" if "@" <= character <= "~" else self._plain(character)
            case _Sequence.STRING:
                return self._within_string(character)
            case _Sequence.STRING_ESCAPE:
                self._in = _Sequence.TEXT if character == "\\" else _Sequence.ESCAPE
                return "" if character == "\\" else self._after_escape(character)

    def _plain(self, character: str) -> str:
        if not _SPECIAL.match(character):
            return character
        if character == "\x1b":
            self._in = _Sequence.ESCAPE
        elif character == "\x9b":
            self._in = _Sequence.CONTROL
        elif character in _STRINGS:
            self._in = _Sequence.STRING
        elif character in "\u2028\u2029":
            return "\n"
        elif "\ud800" <= character <= "\udfff":
            return "\ufffd"
        return ""

    def _after_escape(self, character: str) -> str:
        if " " <= character <= "/":
            return ""
        self._in = _Sequence.TEXT
        if character == "[":
            self._in = _Sequence.CONTROL
        elif character in "PX]^_":
            self._in = _Sequence.STRING
        elif not "0" <= character <= "~":
            return self._plain(character)
        return ""

    def _within_string(self, character: str) -> str:
        if character == "\x1b":
            self._in = _Sequence.STRING_ESCAPE
        elif character in "\x07\x9c\n":
            self._in = _Sequence.TEXT
        return "\n" if character == "\n" else ""


def safe(text: str) -> str:
    """A whole text, with nothing in it that a terminal would obey."""
    return TerminalFilter().feed(text)


def one_line(text: str) -> str:
    """A short text for within a line: safe, without line ends, its direction kept to itself."""
    line = " ".join(safe(text).split())
    return f"{_ISOLATE}{line}{_POP_ISOLATE}" if _RIGHT_TO_LEFT.search(line) else line


def escaped_json(document: str) -> str:
    """A JSON document that keeps every character and holds none that a terminal would obey.

    Line ends and indentation stay; whatever else is special stands within a string, where JSON has
    an escape for it.
    """
    return _SPECIAL.sub(lambda found: _escape(found[0]), document)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
