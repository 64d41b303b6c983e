"""The room where a long text is cut into messages: where one may end and the next go on."""

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

MOST_MESSAGES = 10
"""Messages of one reply. More bury a thread, and nobody reads them there."""

MOST_CHARS = MOST_MESSAGES * MESSAGE_TARGET
"""Characters of a reply that are shown in its thread; see `MOST_MESSAGES`."""

SMALLEST_LIMIT = 400
"""Characters below which fences and tables could no longer be closed and opened again."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_TICKS = re.compile(r"`+")
_ENTITY = re.compile(r"&(?:#?\w{0,8})?$")
_LONGEST_ENTITY = 10
_WORD_END = re.compile(r"[ \t]+(?![ \t]|`{3}|~{3})")
"""Where the next word may begin a message: it must not become a fence there."""
_MENDING = 8
"""Characters kept free for the backticks that close a code span."""


class Break(NamedTuple):
    """A place between two lines.

    Attributes:
        position: where the second line begins.
        paragraph: whether the first one is blank.
        opener: the line that opened the fence around it.
        fence: that fence.
        table: the table before it, once that has a row to end with.
        in_table: whether it is inside a table, be it between head and rule.
    """

    position: int
    paragraph: bool = False
    opener: str = ""
    fence: Fence | None = None
    table: MarkdownTable | None = None
    in_table: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a message may end here with nothing to mend."""
        return self.fence is None and not self.in_table


def split_markdown(text: str, limit: int = MESSAGE_TARGET) -> list[str]:
    """The text in pieces of at most `limit` characters, each of them markdown of its own.

    A piece ends with a paragraph, else with a line, else with a word; a code fence or a table that
    does not fit is closed in one piece and opened again in the next. Joined, the pieces are the
    text and those added marks. An empty text has no pieces. ValueError: `limit` is below
    SMALLEST_LIMIT.
    """
    pieces: list[str] = []
    rest = text
    while rest:
        head, rest = cut(rest, limit)
        pieces.append(head)
    return pieces


def cut(text: str, limit: int = MESSAGE_TARGET) -> tuple[str, str]:
    """The longest good beginning of at most `limit` characters, and the rest.

    For a stream: give it what the current message would hold; where the rest is not empty, end
    the message with the first part and begin the next with the second.
    """
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"limit must be at least {SMALLEST_LIMIT}")
    if len(text) <= limit:
        return text, ""
    places = list(breaks(text, limit))
    chosen = _good_break(places, limit)
    if chosen is not None:
        return text[: chosen.position], text[chosen.position :]
    last = places[-1] if places else Break(0)
    if last.fence is not None and _can_reopen(last.fence, last.opener, limit):
        return _cut_fence(text, limit, last, places)
    if last.in_table and last.table is not None and len(last.table.opening) < limit // 2:
        return text[: last.position], last.table.opening + text[last.position :]
    position, ticks = _word_break(text, last.position, limit)
    return text[:position] + ticks, ticks + text[position:]


def breaks(text: str, limit: int) -> Iterator[Break]:
    """Every line end up to `limit` that something follows, with what is open there."""
    tracker, rows = FenceTracker(), TableTracker()
    opener = ""
    before: Break | None = None
    for match in _LINE.finditer(text):
        line = match[0].removesuffix("\n")
        fence = tracker.fence
        tracker.feed(line)
        if tracker.fence is not fence:
            opener = line
        if tracker.fence or fence:
            rows.leave()
        else:
            rows.feed(line, whole=match[0].endswith("\n"))
        if before:
            yield before._replace(in_table=rows.inside)
        if match.end() > limit:
            return
        table = rows.table if rows.filled else None
        before = Break(match.end(), not line.strip(" >\t"), opener, tracker.fence, table)


def paragraph_end(text: str, start: int, limit: int = MESSAGE_TARGET) -> int | None:
    """The first place from `start` on where a paragraph has ended, outside code and tables."""
    places = (place for place in breaks(text, limit) if place.position >= start)
    return next((p.position for p in places if p.paragraph and p.is_open), None)


def _good_break(places: list[Break], limit: int) -> Break | None:
    """The last paragraph's end outside code, or line's end, that leaves no small piece behind.

    Where only a fence or a table follows, a small piece is better than either in two.
    """
    open_places = [place for place in places if place.is_open]
    filled = [place for place in open_places if place.position >= limit // 3]
    for good in ([place for place in filled if place.paragraph], filled):
        if good:
            return good[-1]
    enclosed = bool(places) and not places[-1].is_open
    return open_places[-1] if enclosed and open_places else None


def _can_reopen(fence: Fence, opener: str, limit: int) -> bool:
    """Whether the added marks leave room for the code; a fence of such length is no fence."""
    return len(opener) + 3 * len(fence.prefix + fence.mark) < limit // 2


def _cut_fence(text: str, limit: int, last: Break, places: list[Break]) -> tuple[str, str]:
    fence = last.fence
    assert fence is not None  # the caller looked
    closing = fence.prefix + fence.mark
    opening = _reopening(fence, last.opener)
    room = limit - len(closing) - 1
    first = next(place.position for place in places if place.fence is fence)
    inner = [place.position for place in places if first < place.position <= room]
    if inner:
        return text[: inner[-1]] + closing, f"{opening}\n{text[inner[-1] :]}"
    space = text.rfind(" ", first + len(fence.prefix) + 1, room)
    position = space + 1 if space > 0 else room
    return f"{text[:position]}\n{closing}", f"{opening}\n{fence.prefix}{text[position:]}"


def _reopening(fence: Fence, opener: str) -> str:
    """The opener for the next piece: its list markers are spaces there, its item is begun."""
    head = LinePrefix.of(opener)
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
        if text.startswith(span[1], position):
            return position + len(span[1]), ""
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
