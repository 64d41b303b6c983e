"""The room where a markdown table becomes columns of text in a fixed-width type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.slack.richinline import inline_elements, text_of

if TYPE_CHECKING:
    from markdown_it.token import Token

_BAR = re.compile(r"(?<!\\)\|")
_WIDEST = 400
"""Columns of type beyond which nobody sees rows side by side: the lines are folded often."""

_FILLING, _FREE = 4, 2_000
"""A table may grow by its filling to so many times its length and so many characters: one long
cell widens every row."""


def aligned(tokens: Sequence[Token], source: Sequence[str], allowed: frozenset[str]) -> str:
    """The table's rows with columns of one width each, a line below the head.

    `tokens` are the parser's, from table_open on, and `source` the lines that it read. Characters
    that are two columns wide in a fixed-width type (Chinese, Japanese, Korean, emoji) count as two.
    Where the parser drops cells, those beyond its head's, or the table would become too large, it
    stands as it was written.
    """
    rows = _rows(tokens, allowed)
    columns = max(map(len, rows), default=0)
    padded = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(_width(row[column]) for row in padded) for column in range(columns)]
    first, last = tokens[0].map or (0, 0)
    written = [line.strip(" \t>") for line in source[first:last]]
    width = sum(widths) + 3 * columns
    too_large = len(padded) * width > _FILLING * sum(map(len, written)) + _FREE
    if width > _WIDEST or too_large or any(_cells(line) > columns for line in written[2:]):
        return "\n".join(written)
    lines = [_line(row, widths) for row in padded]
    rule = "-+-".join("-" * width for width in widths)
    return "\n".join([*lines[:1], rule, *lines[1:]])


def _rows(tokens: Sequence[Token], allowed: frozenset[str]) -> list[list[str]]:
    """The cells of each row, as a reader sees them."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            parts = inline_elements(token.children or [], allowed)
            rows[-1].append(" ".join(text_of(parts).split()))
    return rows


def _cells(line: str) -> int:
    """How many cells were written in a line of a table's body."""
    return len(_BAR.findall(line.strip().removeprefix("|").removesuffix("|"))) + 1


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
    return " | ".join(cells).rstrip()


def _width(text: str) -> int:
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
