"""The room where a long text is cut into messages: where one may end and the next go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bot.slack.fences import Fence, Head, Tracker

MARKDOWN_LIMIT = 11_000
"""Characters of a message at which a new one is begun; Slack's own limit for all markdown of a
message is 12,000 (https://docs.slack.dev/reference/block-kit/blocks/markdown-block)."""

SMALLEST_LIMIT = 400
"""Characters below which fences could no longer be closed and opened again."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_TICKS = re.compile(r"`+")
_ENTITY = re.compile(r"&(?:#?\w{0,8})?$")
_LONGEST_ENTITY = 10
_WORD_END = re.compile(r"[ \t]+(?![ \t]|`{3}|~{3})")
"""Where the next word may begin a message: it must not become a fence there."""
_MENDING = 8
"""Characters kept free for the backticks that close a code span."""


class _Break(NamedTuple):
    """A place between two lines. `opener` is the line that opened the fence around it."""

    position: int
    paragraph: bool
    opener: str
    fence: Fence | None


def split_markdown(text: str, limit: int = MARKDOWN_LIMIT) -> list[str]:
    """The text in pieces of at most `limit` characters, each of them markdown of its own.

    A piece ends with a paragraph, else with a line, else with a word; a code fence that does not
    fit is closed in one piece and opened again in the next. Joined, the pieces are the text and
    those added marks. An empty text has no pieces. ValueError: `limit` is below SMALLEST_LIMIT.
    """
    pieces: list[str] = []
    rest = text
    while rest:
        head, rest = cut(rest, limit)
        pieces.append(head)
    return pieces


def cut(text: str, limit: int = MARKDOWN_LIMIT) -> tuple[str, str]:
    """The longest good beginning of at most `limit` characters, and the rest.

    For a stream: give it what the current message would hold; where the rest is not empty, end
    the message with the first part and begin the next with the second.
    """
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"limit must be at least {SMALLEST_LIMIT}")
    if len(text) <= limit:
        return text, ""
    breaks = list(_breaks(text, limit))
    chosen = _good_break(breaks, limit)
    if chosen is not None:
        return text[: chosen.position], text[chosen.position :]
    last = breaks[-1] if breaks else _Break(0, paragraph=False, opener="", fence=None)
    if last.fence is not None and _can_reopen(last.fence, last.opener, limit):
        return _cut_fence(text, limit, last, breaks)
    position, ticks = _word_break(text, last.position, limit)
    return text[:position] + ticks, ticks + text[position:]


def _breaks(text: str, limit: int) -> Iterator[_Break]:
    """Every line end up to `limit`, with the fence that is open there."""
    tracker = Tracker()
    opener = ""
    position = 0
    for match in _LINE.finditer(text):
        if match.end() > limit or not match[0].endswith("\n"):
            return
        line = match[0][:-1]
        before = tracker.fence
        tracker.feed(line)
        if tracker.fence is not before:
            opener = line
        position = match.end()
        yield _Break(position, not line.strip(" >\t"), opener, tracker.fence)


def _good_break(breaks: list[_Break], limit: int) -> _Break | None:
    """The last paragraph's end outside code, or line's end, that leaves no small piece behind.

    Where only a fence follows, a small piece is better than a fence in two.
    """
    open_breaks = [place for place in breaks if place.fence is None]
    filled = [place for place in open_breaks if place.position >= limit // 3]
    for places in ([place for place in filled if place.paragraph], filled):
        if places:
            return places[-1]
    in_fence = bool(breaks) and breaks[-1].fence is not None
    return open_breaks[-1] if in_fence and open_breaks else None


def _can_reopen(fence: Fence, opener: str, limit: int) -> bool:
    """Whether the added marks leave room for the code; a fence of such length is no fence."""
    return len(opener) + 3 * len(fence.prefix + fence.mark) < limit // 2


def _cut_fence(text: str, limit: int, last: _Break, breaks: list[_Break]) -> tuple[str, str]:
    fence = last.fence
    assert fence is not None  # the caller looked
    closing = fence.prefix + fence.mark
    opening = _reopening(fence, last.opener)
    room = limit - len(closing) - 1
    first = next(place.position for place in breaks if place.fence is fence)
    inner = [place.position for place in breaks if first < place.position <= room]
    if inner:
        return text[: inner[-1]] + closing, f"{opening}\n{text[inner[-1] :]}"
    space = text.rfind(" ", first + len(fence.prefix) + 1, room)
    position = space + 1 if space > 0 else room
    return f"{text[:position]}\n{closing}", f"{opening}\n{fence.prefix}{text[position:]}"


def _reopening(fence: Fence, opener: str) -> str:
    """The opener for the next piece: its list markers are spaces there, its item is begun."""
    head = Head.of(opener)
    return fence.prefix + opener[head.end :]


def _word_break(text: str, line: int, limit: int) -> tuple[int, str]:
    """Where to cut in the line that begins at `line`, and the backticks that mend a code span."""
    room = limit - _MENDING
    spaces = (match.end() for match in _WORD_END.finditer(text, line, room))
    space = max(spaces, default=0)
    position = space or room
    span = _span_at(text, line, position)
    if span is not None and span[0] > 0:
        return span[0], ""
    if span is not None and len(span[1]) <= _MENDING:
        return (position if space > limit // 2 else room), span[1]
    if not space:
        entity = _ENTITY.search(text, max(1, position - _LONGEST_ENTITY), position)
        position = entity.start() if entity else position
    return position, ""


def _span_at(text: str, line: int, position: int) -> tuple[int, str] | None:
    """The start and the mark of the inline code around a position.

    A mark without its other half is taken to hold the whole line: it may come with a later piece.
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
