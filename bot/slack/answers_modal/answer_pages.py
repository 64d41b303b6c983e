"""Builds one page of an answer without laying out the rest of a very long one."""

from __future__ import annotations

from bot.slack.answers_modal.views import paged
from bot.slack.markdown.rich_text import literal_text, rich_text
from bot.slack.markdown.split import cut
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, section

LAYOUT_LIMIT = 48_000
"""Characters up to which a whole answer is laid out before paging: 0.3 s at worst."""

LONG_PAGE_TEXT = 12_000
"""Characters per page of a longer answer. As literal text they always fit into a view."""


def text_page(text: str, number: int) -> tuple[list[Block], int, int]:
    """Return the blocks of a page, its number (the last one if there are fewer), and the count.

    Page numbers start at 0. Above `LAYOUT_LIMIT` characters the count is an estimate until the
    last page, because a page may end before it is full.
    """
    if len(text) <= LAYOUT_LIMIT:
        pages = paged(rich_text(text) or [section(strings.ANSWERS_EMPTY)])
        index = max(0, min(number, len(pages) - 1))
        return pages[index], index, len(pages)
    index = 0
    piece, rest = cut(text, LONG_PAGE_TEXT)
    while rest.strip() and index < number:
        piece, rest = cut(rest, LONG_PAGE_TEXT)
        index += 1
    return _layout(piece), index, index + 1 + -(-len(rest.rstrip()) // LONG_PAGE_TEXT)


def _layout(piece: str) -> list[Block]:
    """Return the piece as one page, as literal text if its markup needs more than one."""
    pages = paged(rich_text(piece))
    return pages[0] if len(pages) == 1 else literal_text(piece)
