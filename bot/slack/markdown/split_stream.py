"""How much of a growing text the current message takes, and where the next message begins.

What was shown cannot be taken back, so a message that grows long is only given whole paragraphs,
and one that grows old ends with the next paragraph: then both end at a good place.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from bot.slack.markdown.fences import Fence, FenceTracker
from bot.slack.markdown.split import MESSAGE_TARGET, breaks, cut, paragraph_end
from bot.slack.markdown.tables import MarkdownTable, TableTracker

_MARK = re.compile(r"\\[^\n]|(?P<ticks>`+)|(?P<mark>\*\*|\*|__|_|~~)")
_PARAGRAPH = re.compile(r"\n[ \t>]*\n")


def open_marks(text: str) -> tuple[str, ...]:
    """The marks that are open at the end of a text, the outermost first.

    Only its last paragraph counts. Where a reader of markdown might not take a mark for one, it is
    taken for none: an added mark that closes nothing would be seen.
    """
    paragraph = _PARAGRAPH.split(text)[-1]
    stack: list[str] = []
    position = 0
    while found := _MARK.search(paragraph, position):
        position = found.end()
        if ticks := found["ticks"]:
            closing = re.compile(rf"(?<!`){ticks}(?!`)").search(paragraph, position)
            if closing is None:
                return (*stack, ticks)
            position = closing.end()
        elif mark := found["mark"]:
            _turn(stack, mark, paragraph[: found.start()], paragraph[position:])
    return tuple(stack)


def _turn(stack: list[str], mark: str, before: str, after: str) -> None:
    """Open or close a mark, by what stands on either side of it."""
    last, following = before[-1:], after.lstrip("*_~")[:1]
    closes = bool(last.strip()) and mark in stack
    opens = bool(following.strip())
    if mark[0] == "_" and last.isalnum() and following.isalnum():
        return  # an underscore within a word is none
    if closes:
        del stack[stack.index(mark) :]
    elif opens:
        stack.append(mark)


SOFT_LIMIT = MESSAGE_TARGET * 3 // 4

Age = Literal["young", "ripe", "old"]
"""How long a message has been growing. `ripe`: it should end with the paragraph; `old`: it must."""


class Share(NamedTuple):
    """`now` goes to the current message. `rest` waits, or begins a new message when `full`."""

    now: str
    rest: str
    full: bool


def share(shown: str, text: str, *, final: bool, age: Age = "young") -> Share:
    """Divide text between the message that already shows `shown` and what comes after it.

    Args:
        shown: the markdown that the current message holds.
        text: what is to follow it.
        final: whether no more text will come, so that nothing need be held back.
        age: how old the current message is.
    """
    whole = shown + text
    if len(whole) > MESSAGE_TARGET:
        head, rest = cut(whole, MESSAGE_TARGET)
        if head.startswith(shown):
            return Share(head[len(shown) :], rest, full=True)
        return _rolled(shown, text)
    if shown and text.strip():
        if age == "old":
            return _rolled(shown, text)
        if age == "ripe" and not final and (ended := _with_paragraph(shown, text)):
            return ended
    return Share(text, "", full=False) if final else _flowing(shown, text)


def _flowing(shown: str, text: str) -> Share:
    """What goes to a message that has room: all, or whole paragraphs once it is long."""
    whole = shown + text
    if len(whole) <= SOFT_LIMIT:
        # A mark can only be closed behind a word, so spaces wait for the next one.
        now = text.rstrip(" ")
        return Share(now, text[len(now) :], full=False)
    head, _ = cut(whole, len(whole) - 1)
    if len(head) > len(shown) and whole.startswith(head):
        return Share(head[len(shown) :], whole[len(head) :], full=False)
    return Share("", text, full=False)


def _with_paragraph(shown: str, text: str) -> Share | None:
    """End the message with its paragraph, where that has come to its end and more follows."""
    whole = shown + text
    end = paragraph_end(whole, len(shown))
    if end is None or not whole[end:].strip():
        return None
    return Share(whole[len(shown) : end], whole[end:].lstrip("\n"), full=True)


def _rolled(shown: str, text: str) -> Share:
    """End the message now: with the paragraph, else with the line, else right where it stands."""
    whole = shown + text
    places = [p for p in breaks(whole, MESSAGE_TARGET) if p.position >= len(shown)]
    good = [place for place in places if place.is_open]
    ends = [place for place in good if place.paragraph] or good
    if ends:
        position = ends[0].position
        return Share(whole[len(shown) : position], whole[position:].lstrip("\n"), full=True)
    # In code or in a table: with its line, and the next message begins it anew.
    position = places[0].position if places else len(shown)
    closing, rest = break_after(whole[:position], whole[position:])
    return Share(whole[len(shown) : position] + closing, rest, full=True)


def unfenced(text: str, notice: str) -> str:
    """The text with a notice below it, outside any code fence that the text left open."""
    closing, _ = break_after(text, "")
    return f"{text}{closing}\n\n{notice}"


def break_after(shown: str, text: str) -> tuple[str, str]:
    """What closes a message where it stands, and the text that begins the next one.

    An open code fence, table, code span or emphasis is closed, and opened again in the next
    message.
    """
    fence, opener, table = _open_at(shown)
    if fence is not None:
        gap = "" if shown.endswith("\n") else "\n"
        return f"{gap}{fence.prefix}{fence.mark}", f"{fence.prefix}{opener.lstrip(' >')}\n{text}"
    if table is not None and (rest := _going_on(table, shown, text)):
        return "", rest
    marks = () if text.startswith("\n\n") else open_marks(shown)
    if not marks or (shown[-1:].isspace() and not marks[-1].startswith("`")):
        return "", text.lstrip("\n")
    rest = text.lstrip()
    reopened = list(marks)
    while reopened and rest.startswith(reopened[-1]):
        rest = rest.removeprefix(reopened.pop())
    return "".join(reversed(marks)), "".join(reopened) + rest


def _going_on(table: MarkdownTable, shown: str, text: str) -> str:
    """What begins the next message in the middle of a table; empty where the table is over."""
    begun = shown.rpartition("\n")[2]
    rest = text.removeprefix("\n") if begun else text
    if not rest.strip() or rest.startswith("\n"):
        return ""
    return table.opening + (table.row_of(begun) if begun and rest == text else "") + rest


def _open_at(shown: str) -> tuple[Fence | None, str, MarkdownTable | None]:
    """The fence that is open at a text's end with the line that opened it, or the table."""
    tracker, rows, opener = FenceTracker(), TableTracker(), ""
    for line in shown.splitlines():
        before = tracker.fence
        tracker.feed(line)
        if tracker.fence is not before:
            opener = line
        if tracker.fence or before:
            rows.leave()
        else:
            rows.feed(line)
    return tracker.fence, opener, rows.table
