"""The room of marks that are open at a place in a paragraph: code, bold, italic, struck out."""

from __future__ import annotations

import re

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
