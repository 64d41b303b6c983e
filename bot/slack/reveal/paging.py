"""Blocks in pages that a view takes, whatever they hold.

A view takes 100 blocks (https://docs.slack.dev/reference/views) and about 250,000 bytes in all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.slack.blocks import Block
from bot.slack.richinline import text_of

PAGE_TEXT = 24_000
"""Characters of one page: more is tiring to scroll through, and slow to open."""

PAGE_BYTES = 150_000
PAGE_BLOCKS = 60


def paged(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks in pages, in order; one empty page for none."""
    pages: list[list[Block]] = [[]]
    text = size = 0
    for block in blocks:
        more, weight = len(_text(block)), len(json.dumps(block))
        full = text + more > PAGE_TEXT or size + weight > PAGE_BYTES
        if pages[-1] and (full or len(pages[-1]) == PAGE_BLOCKS):
            pages.append([])
            text = size = 0
        pages[-1].append(block)
        text, size = text + more, size + weight
    return pages


def _text(block: Block) -> str:
    return text_of([block]) if block["type"] == "rich_text" else ""
