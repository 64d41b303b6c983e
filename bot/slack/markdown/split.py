"""Splits long Markdown into messages at suitable places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bot import slack_limits
from bot.slack.markdown.fences import Fence, FenceTracker, LinePrefix
from bot.slack.markdown.tables import MarkdownTable, TableTracker

MARGIN = 1_000
"""Characters left unused in each message, below Slack's limit for all its markdown."""

MESSAGE_TARGET = slack_limits.MARKDOWN_TOTAL - MARGIN
"""Characters after which the text continues in a new message."""

MAX_MESSAGES = 10
"""Messages per reply. More would bury the thread."""

MAX_CHARS = MAX_MESSAGES * MESSAGE_TARGET
"""Characters of a reply that are shown in its thread."""

SMALLEST_LIMIT = 400
"""Below this many characters, there is no room to close and reopen fences and tables."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_TICKS = re.compile(r"`+")
_ENTITY = re.compile(r"&(?:#?\w{0,8})?$")
_LONGEST_ENTITY = 10
_WORD_END = re.compile(r"[ \t]+(?![ \t]|`{3}|~{3})")
"""Where a message may start with the next word, which must not become a fence there."""

_SPAN_ROOM = 8
"""Characters kept free for backticks that close a code span."""


class Break(NamedTuple):
    """A position between two lines.

    Attributes:
        position: where the second line starts.
        paragraph: whether the first line is blank.
        opener: the line that opened the surrounding fence.
        fence: the surrounding fence.
        table: the table before this position, if it already has a body row.
        in_table: whether the position is inside a table, including between header and delimiter
            row.
    """

    position: int
    paragraph: bool = False
    opener: str = ""
    fence: Fence | None = None
    table: MarkdownTable | None = None
    in_table: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether a message can end here without closing anything."""
        return self.fence is None and not self.in_table


def split_markdown(text: str, limit: int = MESSAGE_TARGET) -> list[str]:
    """Return the text in pieces of at most `limit` characters, each valid Markdown.

    A piece ends after a paragraph, else after a line, else after a word. A code fence or table that
    doesn't fit is closed in one piece and reopened in the next. The joined pieces are the text plus
    those added markers. An empty text gives no pieces.

    Raises:
        ValueError: `limit` is below SMALLEST_LIMIT.
    """
    pieces: list[str] = []
    rest = text
    while rest:
        head, rest = cut(rest, limit)
        pieces.append(head)
    return pieces


def cut(text: str, limit: int = MESSAGE_TARGET) -> tuple[str, str]:
    """Return the longest good start of at most `limit` characters, and the rest.

    In a stream, pass the whole content of the current message. If there is a rest, end the message
    with the first part and start the next one with the rest.
    """
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"limit must be at least {SMALLEST_LIMIT}")
    if len(text) <= limit:
        return text, ""
    candidates = list(breaks(text, limit))
    chosen = _good_break(candidates, limit)
    if chosen is not None:
        return text[: chosen.position], text[chosen.position :]
    last = candidates[-1] if candidates else Break(0)
    if last.fence is not None and _can_reopen(last.fence, last.opener, limit):
        return _cut_fence(text, limit, last, candidates)
    if last.in_table and last.table is not None and len(last.table.opening) < limit // 2:
        return text[: last.position], last.table.opening + text[last.position :]
    position, ticks = _word_break(text, last.position, limit)
    return text[:position] + ticks, ticks + text[position:]


def breaks(text: str, limit: int) -> Iterator[Break]:
    """Yield every line end up to `limit` that has text after it, with what is open there."""
    fences, tables = FenceTracker(), TableTracker()
    opener = ""
    before: Break | None = None
    for match in _LINE.finditer(text):
        line = match[0].removesuffix("\n")
        fence = fences.fence
        fences.feed(line)
        if fences.fence is not fence:
            opener = line
        if fences.fence or fence:
            tables.reset()
        else:
            tables.feed(line, is_complete=match[0].endswith("\n"))
        if before:
            yield before._replace(in_table=tables.inside)
        if match.end() > limit:
            return
        table = tables.table if tables.has_body else None
        before = Break(match.end(), not line.strip(" >\t"), opener, fences.fence, table)


def paragraph_end(text: str, start: int, limit: int = MESSAGE_TARGET) -> int | None:
    """Return the first paragraph end from `start` on, outside code and tables."""
    candidates = (each for each in breaks(text, limit) if each.position >= start)
    return next((c.position for c in candidates if c.paragraph and c.is_clean), None)


def _good_break(candidates: list[Break], limit: int) -> Break | None:
    """Return the last paragraph end, or else line end, that fills at least a third of the limit.

    If a fence or table follows, a shorter piece is better than splitting it.
    """
    clean = [candidate for candidate in candidates if candidate.is_clean]
    filled = [candidate for candidate in clean if candidate.position >= limit // 3]
    for good in ([candidate for candidate in filled if candidate.paragraph], filled):
        if good:
            return good[-1]
    is_enclosed = bool(candidates) and not candidates[-1].is_clean
    return clean[-1] if is_enclosed and clean else None


def _can_reopen(fence: Fence, opener: str, limit: int) -> bool:
    """Return whether the added fence lines leave at least half of the limit for code."""
    return len(opener) + 3 * len(fence.prefix + fence.mark) < limit // 2


def _cut_fence(text: str, limit: int, last: Break, candidates: list[Break]) -> tuple[str, str]:
    fence = last.fence
    assert fence is not None  # checked by the caller
    closing = fence.prefix + fence.mark
    opening = _reopening(fence, last.opener)
    room = limit - len(closing) - 1
    first = next(each.position for each in candidates if each.fence is fence)
    inner = [each.position for each in candidates if first < each.position <= room]
    if inner:
        return text[: inner[-1]] + closing, f"{opening}\n{text[inner[-1] :]}"
    space = text.rfind(" ", first + len(fence.prefix) + 1, room)
    position = space + 1 if space > 0 else room
    return f"{text[:position]}\n{closing}", f"{opening}\n{fence.prefix}{text[position:]}"


def _reopening(fence: Fence, opener: str) -> str:
    """Return the opener for the next piece, with its list markers replaced by spaces."""
    head = LinePrefix.of(opener)
    return fence.prefix + opener[head.end :]


def _word_break(text: str, line: int, limit: int) -> tuple[int, str]:
    """Return where to cut the line starting at `line`, and backticks to close a code span."""
    room = limit - _SPAN_ROOM
    spaces = (match.end() for match in _WORD_END.finditer(text, line, room))
    space = max(spaces, default=0)
    position = space or room
    span = _span_at(text, line, position)
    if span is not None and span[0] > 0:
        return span[0], ""
    if span is not None and len(span[1]) <= _SPAN_ROOM:
        if text.startswith(span[1], position):
            return position + len(span[1]), ""
        return (position if space > limit // 2 else room), span[1]
    if not space:
        entity = _ENTITY.search(text, max(1, position - _LONGEST_ENTITY), position)
        position = entity.start() if entity else position
    return position, ""


def _span_at(text: str, line: int, position: int) -> tuple[int, str] | None:
    """Return the start and the backticks of the code span around a position, if there is one.

    An unclosed marker covers the rest of the line, because its partner may still follow.
    """
    stop = text.find("\n", position)
    stop = len(text) if stop < 0 else stop
    end = line
    while True:
        opening = _TICKS.search(text, end, position)
        if opening is None:
            return None
        marks = _TICKS.finditer(text, opening.end(), stop)
        end = next((m.end() for m in marks if len(m[0]) == len(opening[0])), stop + 1)
        if end > position:
            return opening.start(), opening[0]
