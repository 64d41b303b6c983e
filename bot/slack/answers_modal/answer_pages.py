"""Splits the modal's content into pages without laying out all of a very long answer."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.slack.markdown.rich_text import literal_text, rich_text
from bot.slack.markdown.rich_text_inline import text_of
from bot.slack.markdown.split import cut
from bot.slack.ui.blocks import Block, section
from bot.slack.ui.strings.answers_modal import ANSWERS_EMPTY

PAGE_TEXT = 24_000
"""Characters per page. More is slow to open and tiring to scroll."""

PAGE_BYTES = 150_000
PAGE_BLOCKS = 60

LAYOUT_LIMIT = 48_000
"""The longest answer that is laid out as a whole before paging, in characters: 0.3 s at worst."""

LONG_PAGE_TEXT = 12_000
"""Characters per page of a longer answer. As literal text, they always fit into a view."""


def paged(blocks: Sequence[Block]) -> list[list[Block]]:
    """Return the blocks in pages, in order. If there are none, return one empty page."""
    pages: list[list[Block]] = [[]]
    text = size = 0
    for block in blocks:
        block_text, block_size = len(_text_of(block)), len(json.dumps(block))
        full = text + block_text > PAGE_TEXT or size + block_size > PAGE_BYTES
        if pages[-1] and (full or len(pages[-1]) == PAGE_BLOCKS):
            pages.append([])
            text = size = 0
        pages[-1].append(block)
        text, size = text + block_text, size + block_size
    return pages


def _text_of(block: Block) -> str:
    return text_of([block]) if block["type"] == "rich_text" else ""


def text_page(text: str, number: int) -> tuple[list[Block], int, int]:
    """Return the blocks of a page, its number (the last one if there are fewer), and the count.

    Page numbers start at 0. Above `LAYOUT_LIMIT` characters, the count is an estimate until the
    last page, because a page may end before it is full.
    """
    if len(text) <= LAYOUT_LIMIT:
        pages = paged(rich_text(text) or [section(ANSWERS_EMPTY)])
        index = max(0, min(number, len(pages) - 1))
        return pages[index], index, len(pages)
    index = 0
    piece, rest = cut(text, LONG_PAGE_TEXT)
    while rest.strip() and index < number:
        piece, rest = cut(rest, LONG_PAGE_TEXT)
        index += 1
    return _layout(piece), index, index + 1 + -(-len(rest.rstrip()) // LONG_PAGE_TEXT)


def _layout(piece: str) -> list[Block]:
    """Return the piece as one page, or as literal text if its markup needs more than one."""
    pages = paged(rich_text(piece))
    return pages[0] if len(pages) == 1 else literal_text(piece)
