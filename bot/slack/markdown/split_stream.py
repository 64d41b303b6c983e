"""Splits a stream of Markdown into messages without changing what is already shown.

A long message takes only whole paragraphs, and an old one ends with its paragraph, so that both
end at a suitable place.
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
    """Return the emphasis and code markers that are open at the end of a text, outermost first.

    Only its last paragraph counts. An ambiguous marker counts as plain text: if it closed nothing,
    readers would see the added marker.
    """
    paragraph = _PARAGRAPH.split(text)[-1]
    stack: list[str] = []
    position = 0
    while match := _MARK.search(paragraph, position):
        position = match.end()
        if ticks := match["ticks"]:
            closing = re.compile(rf"(?<!`){ticks}(?!`)").search(paragraph, position)
            if closing is None:
                return (*stack, ticks)
            position = closing.end()
        elif mark := match["mark"]:
            _toggle(stack, mark, paragraph[: match.start()], paragraph[position:])
    return tuple(stack)


def _toggle(stack: list[str], mark: str, before: str, after: str) -> None:
    """Open or close a marker, depending on the text on both sides of it."""
    last, following = before[-1:], after.lstrip("*_~")[:1]
    closes = bool(last.strip()) and mark in stack
    opens = bool(following.strip())
    if mark[0] == "_" and last.isalnum() and following.isalnum():
        return  # an underscore inside a word isn't emphasis
    if closes:
        del stack[stack.index(mark) :]
    elif opens:
        stack.append(mark)


SOFT_LIMIT = MESSAGE_TARGET * 3 // 4
"""Characters after which a message takes only whole paragraphs."""

Age = Literal["young", "ripe", "old"]
"""The age of a streamed message. `ripe`: it should end with the paragraph. `old`: it must end."""


class FilledMessage(NamedTuple):
    """Text for the current message (`now`), and the rest, which starts a new message if `full`."""

    now: str
    rest: str
    full: bool


def fill_message(shown: str, text: str, *, final: bool, age: Age = "young") -> FilledMessage:
    """Split text between the current message and later ones.

    Args:
        shown: the Markdown in the current message.
        text: the text that follows it.
        final: whether the text is complete, so that nothing is held back.
        age: the current message's age.
    """
    whole = shown + text
    if len(whole) > MESSAGE_TARGET:
        head, rest = cut(whole, MESSAGE_TARGET)
        if head.startswith(shown):
            return FilledMessage(head[len(shown) :], rest, full=True)
        return _end_message(shown, text)
    if shown and text.strip():
        if age == "old":
            return _end_message(shown, text)
        if age == "ripe" and not final and (ended := _end_with_paragraph(shown, text)):
            return ended
    return FilledMessage(text, "", full=False) if final else _fill_open(shown, text)


def _fill_open(shown: str, text: str) -> FilledMessage:
    """Fill a message that has room: with everything, or only whole paragraphs if it is long."""
    whole = shown + text
    if len(whole) <= SOFT_LIMIT:
        # A marker can be closed only after a word, so trailing spaces wait for the next word.
        now = text.rstrip(" ")
        return FilledMessage(now, text[len(now) :], full=False)
    head, _ = cut(whole, len(whole) - 1)
    if len(head) > len(shown) and whole.startswith(head):
        return FilledMessage(head[len(shown) :], whole[len(head) :], full=False)
    return FilledMessage("", text, full=False)


def _end_with_paragraph(shown: str, text: str) -> FilledMessage | None:
    """End the message with its paragraph, if the paragraph is complete and more text follows."""
    whole = shown + text
    end = paragraph_end(whole, len(shown))
    if end is None or not whole[end:].strip():
        return None
    return FilledMessage(whole[len(shown) : end], whole[end:].lstrip("\n"), full=True)


def _end_message(shown: str, text: str) -> FilledMessage:
    """End the message now: after the paragraph, else after the line, else right here."""
    whole = shown + text
    candidates = [b for b in breaks(whole, MESSAGE_TARGET) if b.position >= len(shown)]
    good = [candidate for candidate in candidates if candidate.is_clean]
    ends = [candidate for candidate in good if candidate.paragraph] or good
    if ends:
        position = ends[0].position
        return FilledMessage(whole[len(shown) : position], whole[position:].lstrip("\n"), full=True)
    # Inside code or a table: end after the line and reopen it in the next message.
    position = candidates[0].position if candidates else len(shown)
    closing, rest = break_after(whole[:position], whole[position:])
    return FilledMessage(whole[len(shown) : position] + closing, rest, full=True)


def append_outside_fence(text: str, notice: str) -> str:
    """Return the text with a notice below it, outside any open code fence."""
    closing, _ = break_after(text, "")
    return f"{text}{closing}\n\n{notice}"


def break_after(shown: str, text: str) -> tuple[str, str]:
    """Return the text that closes a message, and the text that starts the next one.

    An open code fence, table, code span or emphasis is closed and reopened in the next message.
    """
    fence, opener, table = _open_at(shown)
    if fence is not None:
        gap = "" if shown.endswith("\n") else "\n"
        return f"{gap}{fence.prefix}{fence.mark}", f"{fence.prefix}{opener.lstrip(' >')}\n{text}"
    if table is not None and (rest := _continue_table(table, shown, text)):
        return "", rest
    marks = () if text.startswith("\n\n") else open_marks(shown)
    if not marks or (shown[-1:].isspace() and not marks[-1].startswith("`")):
        return "", text.lstrip("\n")
    rest = text.lstrip()
    reopened = list(marks)
    while reopened and rest.startswith(reopened[-1]):
        rest = rest.removeprefix(reopened.pop())
    return "".join(reversed(marks)), "".join(reopened) + rest


def _continue_table(table: MarkdownTable, shown: str, text: str) -> str:
    """Return the start of the next message inside a table, or "" if the table is over."""
    partial_row = shown.rpartition("\n")[2]
    rest = text.removeprefix("\n") if partial_row else text
    if not rest.strip() or rest.startswith("\n"):
        return ""
    row = table.empty_cells(partial_row) if partial_row and rest == text else ""
    return table.opening + row + rest


def _open_at(shown: str) -> tuple[Fence | None, str, MarkdownTable | None]:
    """Return the fence that is open at the end, with its opening line, or the open table."""
    fences, tables, opener = FenceTracker(), TableTracker(), ""
    for line in shown.splitlines():
        before = fences.fence
        fences.feed(line)
        if fences.fence is not before:
            opener = line
        if fences.fence or before:
            tables.reset()
        else:
            tables.feed(line)
    return fences.fence, opener, tables.table
