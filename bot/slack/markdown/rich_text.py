"""Converts Markdown to rich_text blocks for modals, where Slack doesn't allow markdown blocks.

Slack shows the text of rich_text elements literally, so nothing is escaped. Only text and link
elements are created: no user, channel, broadcast or emoji.
Fields: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from bot.slack.markdown.rich_text_inline import (
    Json,
    inline_elements,
    inline_words,
    run,
    text_of,
)
from bot.slack.markdown.rich_text_pages import pages
from bot.slack.markdown.unicode_filter import clean

if TYPE_CHECKING:
    from markdown_it.token import Token

_CELL_BAR = re.compile(r"(?<!\\)\|")
_WIDEST = 400
"""Characters per row of an aligned table. Longer rows wrap too often to be readable."""

_PADDING_FACTOR, _PADDING_FREE = 4, 2_000
"""Padding may grow a table to this many times its length plus this many characters: one long cell
widens every row."""


def align_table(tokens: Sequence[Token], source: Sequence[str], allowed: frozenset[str]) -> str:
    """Return a table as text with aligned columns and a line below the header.

    Args:
        tokens: the parser's tokens from table_open on.
        source: the lines of the parsed text.
        allowed: the hosts that may be linked.

    Characters that are two columns wide in a fixed-width font (Chinese, Japanese, Korean, emoji)
    count as two. The table is returned as written if it would become too large, or if the parser
    drops cells because a row has more than the header.
    """
    rows = _rows(tokens, allowed)
    columns = max(map(len, rows), default=0)
    padded = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(_width(row[column]) for row in padded) for column in range(columns)]
    first, last = tokens[0].map or (0, 0)
    written = [line.strip(" \t>") for line in source[first:last]]
    width = sum(widths) + 3 * columns
    too_large = len(padded) * width > _PADDING_FACTOR * sum(map(len, written)) + _PADDING_FREE
    if width > _WIDEST or too_large or any(_cells(line) > columns for line in written[2:]):
        return "\n".join(written)
    lines = [_cell_line(row, widths) for row in padded]
    rule = "-+-".join("-" * width for width in widths)
    return "\n".join([*lines[:1], rule, *lines[1:]])


def _rows(tokens: Sequence[Token], allowed: frozenset[str]) -> list[list[str]]:
    """Return the visible text of each cell, by row."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            parts = inline_elements(token.children or [], allowed)
            rows[-1].append(" ".join(text_of(parts).split()))
    return rows


def _cells(line: str) -> int:
    """Return how many cells a line of a table's body has, as written."""
    return len(_CELL_BAR.findall(line.strip().removeprefix("|").removesuffix("|"))) + 1


def _cell_line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
    return " | ".join(cells).rstrip()


def _width(text: str) -> int:
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


if TYPE_CHECKING:
    from markdown_it.token import Token

BLOCK_LIMIT = 2_900
"""Characters per rich_text block, below the 3,000 that Slack allows in a section."""

_DEEPEST_INDENT = 8
_DEEPEST_NESTING = 60
_RULE = "\u2500" * 24

# The parser searches repeatedly for the end of open brackets, and pads every table row to the width
# of the header: 40,000 characters can keep it busy for many seconds.
_MAX_BRACKETS = 2_000
_MAX_CELLS = 20_000


def rich_text(
    markdown: str, allowed: frozenset[str] = frozenset(), *, limit: int = BLOCK_LIMIT
) -> list[Json]:
    """Return the Markdown as rich_text blocks with at most `limit` characters each.

    Addresses are styled as code. On an `allowed` host (see `hosts.allowed_hosts`) they become links
    labelled with the address. Images become their alternative text. HTML and link definitions are
    shown as written. An empty text gives no blocks.

    Raises:
        ValueError: `limit` is below 1.
    """
    text = clean(markdown)
    tokens = _parser_for(text).parse(text)
    if any(token.nesting > 0 and token.level + 1 >= _DEEPEST_NESTING for token in tokens):
        # The parser drops deeper content, so the text is shown as written.
        return pages([_element("rich_text_section", inline_words(text, allowed))], limit)
    return pages(_Converter(allowed, text.split("\n")).elements(tokens), limit)


def literal_text(text: str, *, limit: int = BLOCK_LIMIT) -> list[Json]:
    """Return the text as written in rich_text blocks, with addresses as plain text."""
    return pages([_element("rich_text_section", [run(clean(text))])], limit)


def _parser_for(text: str) -> MarkdownIt:
    """Return a parser without the rules that would be too slow for this text."""
    options = {"html": False, "maxNesting": _DEEPEST_NESTING}
    parser = MarkdownIt("commonmark", options).enable("strikethrough").disable("reference")
    if text.count("[") > _MAX_BRACKETS:
        parser.disable(["link", "image"])
    rows = [line.count("|") for line in text.split("\n") if "|" in line]
    if len(rows) * max(rows, default=0) <= _MAX_CELLS:
        parser.enable("table")
    return parser


@dataclass(slots=True)
class _List:
    """An open list and the element that contains its latest items."""

    style: str
    index: int = 0
    element: Json | None = None
    item_started: bool = False


class _Converter:
    """Converts the parser's tokens to rich_text elements. The innermost container decides how."""

    def __init__(self, allowed: frozenset[str], lines: Sequence[str]) -> None:
        self._allowed = allowed
        self._lines = lines
        self._elements: list[Json] = []
        self._lists: list[_List] = []
        self._quotes = 0
        self._heading = False

    def elements(self, tokens: Sequence[Token]) -> list[Json]:
        """Return all elements in order."""
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.type == "table_open":
                end = position
                while tokens[end].type != "table_close":
                    end += 1
                self._code(align_table(tokens[position:end], self._lines, self._allowed))
                position = end
            else:
                self._token(token)
            position += 1
        return self._elements

    def _token(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._paragraph(token.children or [])
            case "fence" | "code_block":
                info = token.info.strip()
                self._code((info + "\n" if info else "") + token.content.removesuffix("\n"))
            case "hr":
                self._elements.append(_element("rich_text_section", [run(_RULE)]))
            case "blockquote_open" | "blockquote_close":
                self._quotes += token.nesting
            case "heading_open" | "heading_close":
                self._heading = token.nesting > 0
            case _:
                self._list_token(token)

    def _list_token(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(_List("bullet"))
            case "ordered_list_open":
                start = int(token.attrs.get("start", 1))
                self._lists.append(_List("ordered", index=max(start - 1, 0)))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._lists[-1].item_started = False
            case "list_item_close":
                self._lists[-1].index += 1
            case _:
                pass

    def _paragraph(self, children: Sequence[Token]) -> None:
        style = {"bold": True} if self._heading else {}
        parts = inline_elements(children, self._allowed, style)
        if not text_of(parts):
            return
        if self._lists and self._item(self._lists[-1], parts):
            return
        kind = "rich_text_quote" if self._quotes else "rich_text_section"
        self._elements.append(_element(kind, parts))

    def _item(self, current: _List, parts: list[Json]) -> bool:
        """Add a paragraph to a list item. Return False if code or a list comes before it."""
        latest = self._elements[-1] if self._elements else None
        if current.item_started:
            if current.element is None or current.element is not latest:
                return False
            current.element["elements"][-1]["elements"] += [run("\n"), *parts]
            return True
        current.item_started = True
        if current.element is None or current.element is not latest:
            current.element = self._new_list(current)
            self._elements.append(current.element)
        current.element["elements"].append(_element("rich_text_section", parts))
        return True

    def _new_list(self, current: _List) -> Json:
        indent = min(len(self._lists) - 1, _DEEPEST_INDENT)
        element: Json = {"type": "rich_text_list", "style": current.style, "indent": indent}
        if current.style == "ordered" and current.index:
            element["offset"] = current.index
        element["elements"] = []
        return element

    def _code(self, text: str) -> None:
        if text:
            self._elements.append(_element("rich_text_preformatted", [run(text)]))


def _element(kind: str, parts: list[Json]) -> Json:
    return {"type": kind, "elements": parts}
