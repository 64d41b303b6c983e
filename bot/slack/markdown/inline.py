"""Makes the text inside a line safe: words, code spans and links."""

from __future__ import annotations

import re
from typing import NamedTuple

from bot.slack.markdown.addresses import permits
from bot.slack.markdown.links import find_address, split_word
from bot.slack.markdown.writer import GRAVE, SafeWriter

HOLD = 2_000
"""The most characters held back until they are understood. A longer construct is neither a link nor
a code span, and a longer word is shown as code."""

DEPTH = 8
"""How deeply nested brackets are parsed. Bounds the work on `[[[[…`."""

_LABEL_REST = re.compile(r"(?:\\[^\n]|[^\[\]\\\n])*+")
_TARGET_REST = re.compile(r"(?:\\[^\n]|[^()\\\n])*+")
_LINE_START = re.compile(r"\n[ \t>]*")
_TITLE = re.compile(r"[\"'(]")


class IncompleteError(Exception):
    """The text so far is ambiguous: more text is needed."""


class InlineLink(NamedTuple):
    """An inline link: its label and target as written, and its end position."""

    label: str
    target: str
    end: int


def find_closing_bracket(text: str, start: int, *, final: bool) -> int | None:
    """Return where the bracket at `start` closes, or None if that isn't within `HOLD`."""
    return _closing(text, start, start + HOLD, "[]", _LABEL_REST, final=final)


def _closing(
    text: str, start: int, limit: int, pair: str, rest: re.Pattern[str], *, final: bool
) -> int | None:
    """Return the end of a bracketed part within one paragraph, up to `limit`."""
    stop = min(limit, len(text))
    depth, position = 0, start
    while True:
        match = rest.match(text, position, stop)
        position = match.end() if match else position
        line = _LINE_START.match(text, position, stop)
        position = line.end() if line else position
        # A backslash gets here only before a line end or at the end of the text so far.
        if position >= stop or (text[position] == "\\" and position + 1 == stop):
            break
        if line:
            if text[position] == "\n":
                return None
            continue
        depth += (text[position] == pair[0]) - (text[position] == pair[1])
        if not 0 < depth <= DEPTH:
            return None if depth else position
        position += 1
    if final or len(text) >= limit:
        return None
    raise IncompleteError


def read_link(text: str, start: int, *, final: bool) -> InlineLink | None:
    """Return the inline link at `start`, or None if the bracket doesn't start a link."""
    close = find_closing_bracket(text, start, final=final)
    if close is None:
        return None
    if close + 1 >= len(text):
        if final or close + 1 >= start + HOLD:
            return None
        raise IncompleteError
    if text[close + 1] != "(":
        return None
    end = _closing(text, close + 1, start + HOLD, "()", _TARGET_REST, final=final)
    if end is None:
        return None
    target, *title = text[close + 2 : end].split(None, 1) or [""]
    if title and not _TITLE.match(title[0]):
        return None
    return InlineLink(text[start + 1 : close], target.removeprefix("<").removesuffix(">"), end + 1)


# Scripts without spaces between words, and emoji. They end a word of an address, so that a
# paragraph in Chinese or Thai isn't held back as one word.
_CLOSE = (
    "\u3000-\u3003\u3008-\u3011\u3014-\u301f\uff01-\uff0c\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef"
    "\U0001f000-\U0003ffff"
)
_CLOSING = re.compile(f"[{_CLOSE}]")
_RUN = re.compile(f"[{_UNSPACED}]+")
_SPACES = re.compile(r"[^\S\n]+")
_WORD = re.compile(rf"[^\s`\[{_UNSPACED}]*+")
_WORD_REST = re.compile(rf"[^\s`\[{_CLOSE}]*+")
_NAME_REST = re.compile(r"\.\w")
_LONGEST_LABEL = 63
"""Characters in a label of a host name (RFC 1035, 2.3.4)."""

_LONG_REST = re.compile(r"[^\s`\[|]*+")
_BARS = re.compile(r"\|+")
_TICKS = re.compile(r"`+")


class InlineReader:
    """Parses text inside lines, one construct per step, and writes a safe form."""

    def __init__(self, writer: SafeWriter, allowed: frozenset[str], depth: int = 0) -> None:
        self._writer = writer
        self._allowed = allowed
        self._depth = depth
        self._in_long_word = False

    def step(self, text: str, start: int, *, final: bool, at_text_start: bool = False) -> int:
        """Handle the construct at `start` (not a line end) and return where the next one starts.

        Args:
            text: the text so far.
            start: the position of the construct.
            final: whether nothing follows `text`.
            at_text_start: whether the line's text starts here, after its prefix.

        Raises:
            IncompleteError: more text could change the result.
        """
        if self._in_long_word:
            return self._long_word(text, start, final=final)
        if spaces := _SPACES.match(text, start):
            self._writer.write_text(spaces[0])
            return spaces.end()
        if run := _RUN.match(text, start):
            return self._run(text, start, run.end(), final=final)
        if text[start] == "`":
            return self._ticks(text, start, final=final)
        if text[start] == "[":
            return self._bracket(text, start, final=final, at_text_start=at_text_start)
        return self._word(text, start, final=final)

    def end_of_text(self) -> None:
        """End the line or the text."""
        self._in_long_word = False

    def _run(self, text: str, start: int, end: int, *, final: bool) -> int:
        """Show text of a script without spaces, except an ending that may belong to a host name."""
        label = max(start, end - _LONGEST_LABEL)
        closed = [mark.end() for mark in _CLOSING.finditer(text, label, end)]
        label = closed[-1] if closed else label
        after = text[end : end + 2]
        if label < end and after in {"", "."} and not final:
            if label == start:
                raise IncompleteError
            end = label
        elif label < end and _NAME_REST.fullmatch(after):
            if label == start:
                return self._word(text, start, final=final)
            end = label
        self._writer.write_text(text[start:end])
        return end

    def _word(self, text: str, start: int, *, final: bool) -> int:
        limit = start + HOLD
        end = _word_end(text, start, limit)
        if end >= limit:
            self._in_long_word = True
            return start
        if end == len(text) and not final:
            raise IncompleteError
        word, follower = text[start:end], text[end : end + 1]
        escaped = _ends_escaped(word)
        if escaped and follower == "`":
            # Parsers may or may not honour the backslash. Either way, this isn't code.
            self._words(word[:-1], ended=False)
            self._writer.write_text(GRAVE)
            return end + 1
        if escaped and follower == "[":
            self._words(word, ended=False)
            self._writer.write_text("[")
            return end + 1
        if word.endswith("!") and follower == "[" and not _ends_escaped(word[:-1]):
            return self._image(text, start, end, final=final)
        self._words(word, ended=not follower or follower.isspace())
        return end

    def _image(self, text: str, start: int, bracket: int, *, final: bool) -> int:
        link = read_link(text, bracket, final=final)
        word = text[start : bracket - 1] if link else text[start:bracket]
        self._words(word, ended=False)
        if link is None:
            self._writer.write_text("[")
            return bracket + 1
        self._label(link.label)
        return link.end

    def _words(self, word: str, *, ended: bool) -> None:
        for part in split_word(word, self._allowed, ended=ended):
            write = {"text": self._writer.write_text, "code": self._writer.write_code}
            write.get(part.kind, self._writer.write_address)(part.text)

    def _long_word(self, text: str, start: int, *, final: bool) -> int:
        """Show the next part of an overlong word, as complete code spans between its bars.

        An unclosed span isn't code, so an address in it would be a link.
        """
        bars = _BARS.match(text, start)
        if bars:
            self._writer.write_text(bars[0])
            return bars.end()
        match = _LONG_REST.match(text, start, start + HOLD)
        end = match.end() if match else start
        if end == len(text) and end < start + HOLD and not final:
            raise IncompleteError
        self._in_long_word = text[end : end + 1] == "|" or end == start + HOLD
        if end > start:
            self._writer.write_code(text[start:end])
        return end

    def _ticks(self, text: str, start: int, *, final: bool) -> int:
        limit = min(start + HOLD, len(text))
        stop = text.find("\n", start, limit)
        is_complete = final or stop >= 0 or limit == start + HOLD
        stop = limit if stop < 0 else stop
        opening = _TICKS.match(text, start, stop)
        assert opening is not None  # the caller found a backtick
        for closing in _TICKS.finditer(text, opening.end(), stop):
            if closing.end() == stop and not is_complete:
                break
            if len(closing[0]) == len(opening[0]):
                self._code(text[opening.end() : closing.start()])
                return closing.end()
        if not is_complete:
            raise IncompleteError
        # An unpaired backtick would pair with one that comes later.
        self._writer.write_text(GRAVE * len(opening[0]))
        return opening.end()

    def _code(self, content: str) -> None:
        if content.strip(" ") and content[0] == content[-1] == " ":
            content = content[1:-1]
        self._writer.write_code(content)

    def _bracket(self, text: str, start: int, *, final: bool, at_text_start: bool) -> int:
        link = read_link(text, start, final=final)
        if link is not None:
            self._link(link)
            return link.end
        close = find_closing_bracket(text, start, final=final) if at_text_start else None
        if close is not None and text[close + 1 : min(close + 2, start + HOLD)] == ":":
            # `[name]: address` defines a link for the whole message. A space turns it into plain
            # text.
            self._writer.write_text("[")
            self._nested(text[start + 1 : close])
            self._writer.write_text("] :")
            return close + 2
        self._writer.write_text("[")
        return start + 1

    def _link(self, link: InlineLink) -> None:
        target = link.target
        bare = " ".join(link.label.split())
        if target and bare not in {"", target, target.removeprefix("mailto:")}:
            self._label(link.label)
            self._writer.write_text(" (")
            self._target(target)
            self._writer.write_text(")")
        elif target:
            self._writer.separate()
            self._target(bare or target)
        else:
            self._label(link.label)
        self._writer.separate()

    def _target(self, target: str) -> None:
        live = permits(target, self._allowed) and find_address(target) == 0
        (self._writer.write_address if live else self._writer.write_code)(target)

    def _label(self, label: str) -> None:
        self._writer.separate()
        self._nested(label)
        self._writer.separate()

    def _nested(self, label: str) -> None:
        text = " ".join(label.split())
        if self._depth >= DEPTH:
            self._writer.write_code(text)
            return
        inner = InlineReader(self._writer, self._allowed, self._depth + 1)
        position = 0
        while position < len(text):
            position = inner.step(text, position, final=True)
        inner.end_of_text()


def _ends_escaped(word: str) -> bool:
    """Return whether the word's last backslash escapes the next character."""
    return (len(word) - len(word.rstrip("\\"))) % 2 == 1


def _word_end(text: str, start: int, limit: int) -> int:
    match = _WORD.match(text, start, limit)
    end = match.end() if match else start
    # A host may continue in any script after a scheme, or after a label and its dot.
    if "://" in text[start:end] or end == start or text.endswith(".", start + 1, end):
        rest = _WORD_REST.match(text, end, limit)
        end = rest.end() if rest else end
    return end
