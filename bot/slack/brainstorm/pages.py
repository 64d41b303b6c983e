"""Splits long lists into the pages of a modal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.slack.brainstorm import ids
from bot.slack.ui.blocks import Block, actions, button, context
from bot.slack.ui.strings import brainstorm as strings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """One page of a list. Page numbers start at 0. `first` is the index of its first item."""

    items: Sequence[T]
    number: int
    pages: int
    first: int
    total: int


def page_of(items: Sequence[T], number: int, size: int) -> ListPage[T]:
    """Return a page, or the last one if there are fewer."""
    pages = max(1, -(-len(items) // size))
    number = min(max(number, 0), pages - 1)
    first = number * size
    return ListPage(items[first : first + size], number, pages, first, len(items))


def page_blocks(action_id: str, parts: Sequence[object], page: ListPage[T]) -> list[Block]:
    """Return the page's number and the buttons to other pages, or nothing if it is the only one.

    A button's value consists of the `parts` and the number of the page that it opens.
    """
    if page.pages == 1:
        return []
    shown = strings.PAGE.format(
        from_=page.first + 1, to=page.first + len(page.items), count=f"{page.total:,}"
    )
    turns = (
        (strings.PREVIOUS, ids.PREVIOUS, page.number - 1),
        (strings.NEXT_PAGE, ids.NEXT, page.number + 1),
    )
    buttons = [
        button(label, action_id + ending, ids.join_parts(*parts, number))
        for label, ending, number in turns
        if 0 <= number < page.pages
    ]
    return [context(shown), actions(f"{action_id}:{page.number}", buttons)]
