"""One page of an answer: of a long one no more is read than what is looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.slack.markdown.rich_text import literal_text, rich_text
from bot.slack.markdown.rich_text_inline import text_of
from bot.slack.markdown.split import cut
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, section

PAGE_TEXT = 24_000
"""Characters of one page: more is tiring to scroll through, and slow to open."""

PAGE_BYTES = 150_000
PAGE_BLOCKS = 60

READ_WHOLE = 48_000
"""Characters up to which an answer is laid out before it is paged: a third of a second at worst."""

PIECE = 12_000
"""Characters of a page of a longer one. As literal text they fit a view whatever they are."""


def text_page(text: str, number: int) -> tuple[list[Block], int, int]:
    """The blocks of a page, its number as far as there is such a page, and how many there are.

    Numbers count from 0. Of a text beyond `READ_WHOLE` the count is an estimate until its last
    page: a page may end before it is full.
    """
    if len(text) <= READ_WHOLE:
        pages = paged(rich_text(text) or [section(strings.ANSWERS_EMPTY)])
        at = max(0, min(number, len(pages) - 1))
        return pages[at], at, len(pages)
    at = 0
    piece, rest = cut(text, PIECE)
    while rest.strip() and at < number:
        piece, rest = cut(rest, PIECE)
        at += 1
    return _laid_out(piece), at, at + 1 + -(-len(rest.rstrip()) // PIECE)


def _laid_out(piece: str) -> list[Block]:
    """The piece as one page; as it was written where its markup makes it too large for one."""
    pages = paged(rich_text(piece))
    return pages[0] if len(pages) == 1 else literal_text(piece)


def paged(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks in pages, in order; one empty page for none."""
    pages: list[list[Block]] = [[]]
    text = size = 0
    for block in blocks:
        more, weight = len(_element_text(block)), len(json.dumps(block))
        full = text + more > PAGE_TEXT or size + weight > PAGE_BYTES
        if pages[-1] and (full or len(pages[-1]) == PAGE_BLOCKS):
            pages.append([])
            text = size = 0
        pages[-1].append(block)
        text, size = text + more, size + weight
    return pages


def _element_text(block: Block) -> str:
    return text_of([block]) if block["type"] == "rich_text" else ""
