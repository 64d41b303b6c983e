"""The room where a markdown table becomes columns of text in a fixed-width type."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.slack.richinline import inline_elements, text_of

if TYPE_CHECKING:
    from markdown_it.token import Token


def aligned(tokens: Sequence[Token], allowed: frozenset[str]) -> str:
    """The table's rows with columns of one width each, a line below the head.

    `tokens` are the parser's, from table_open on. Characters that are two columns wide in a
    fixed-width type (Chinese, Japanese, Korean, emoji) count as two.
    """
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            parts = inline_elements(token.children or [], allowed)
            rows[-1].append(" ".join(text_of(parts).split()))
    columns = max(map(len, rows), default=0)
    padded = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(_width(row[column]) for row in padded) for column in range(columns)]
    lines = [_line(row, widths) for row in padded]
    rule = "-+-".join("-" * width for width in widths)
    return "\n".join([*lines[:1], rule, *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
    return " | ".join(cells).rstrip()


def _width(text: str) -> int:
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
