"""Turns posted Markdown into what conversations.replies returns for it: rich text and tables.

Source: yc-software/qm 651. There the `text` of such a message is a placeholder as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

    from bot.playground.state.models import Json

INTERACTIVE: Final = "This message contains interactive elements."

_INTERACTIVE_BLOCKS: Final = frozenset({"actions", "context_actions"})
_STYLES: Final = {"strong": "bold", "em": "italic", "s": "strike"}
_parser: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def read_back(message: Json) -> Json:
    """Return a message as Slack returns it to readers: without `markdown` blocks."""
    kinds = {block["type"] for block in message.get("blocks", ())}
    if "markdown" not in kinds:
        return message
    blocks = [new for block in message["blocks"] for new in _converted(block)]
    text = INTERACTIVE if kinds & _INTERACTIVE_BLOCKS else message["text"]
    return {**message, "text": text, "blocks": blocks}


def _converted(block: Json) -> list[Json]:
    return _blocks(block["text"]) if block["type"] == "markdown" else [block]


def _blocks(markdown: str) -> list[Json]:
    """Return a text as rich_text blocks, with a separate block for each table."""
    blocks: list[Json] = []
    for kind, content in _parts(_parser.parse(markdown)):
        if kind == "table":
            blocks.append(content)
        elif blocks and blocks[-1]["type"] == "rich_text":
            blocks[-1]["elements"].append(content)
        else:
            blocks.append({"type": "rich_text", "elements": [content]})
    return blocks


def _parts(tokens: Sequence[Token]) -> Iterator[tuple[str, Json]]:
    lists: list[tuple[str, int]] = []
    quoted = heading = 0
    rows: list[list[Json]] = []
    for token in tokens:
        quoted += token.nesting if token.type.startswith("blockquote") else 0
        heading += token.nesting if token.type.startswith("heading") else 0
        _track_list(token, lists)
        match token.type:
            case "table_open":
                rows = []
            case "tr_open":
                rows.append([])
            case "table_close":
                yield "table", {"type": "table", "rows": rows}
                rows = []
            case "fence" | "code_block":
                code = [{"type": "text", "text": token.content.rstrip("\n")}]
                yield "text", {"type": "rich_text_preformatted", "elements": code}
            case "inline" if rows:
                section = {"type": "rich_text_section", "elements": _inline(token)}
                rows[-1].append({"type": "rich_text", "elements": [section]})
            case "inline":
                elements = _inline(token, {"bold": True} if heading else {})
                yield "text", _text(elements, lists, quoted=quoted > 0)
            case _:
                pass


def _track_list(token: Token, lists: list[tuple[str, int]]) -> None:
    """Keep track of each open list's style and the number of its finished items."""
    match token.type:
        case "bullet_list_open":
            lists.append(("bullet", 0))
        case "ordered_list_open":
            lists.append(("ordered", int(token.attrs.get("start", 1)) - 1))
        case "bullet_list_close" | "ordered_list_close":
            lists.pop()
        case "list_item_close":
            style, done = lists.pop()
            lists.append((style, done + 1))
        case _:
            pass


def _text(elements: list[Json], lists: list[tuple[str, int]], *, quoted: bool) -> Json:
    if quoted:
        return {"type": "rich_text_quote", "elements": elements}
    section = {"type": "rich_text_section", "elements": elements}
    if not lists:
        elements.append({"type": "text", "text": "\n"})
        return section
    style, offset = lists[-1]
    numbered = {"offset": offset} if offset and style == "ordered" else {}
    indent = len(lists) - 1
    return {
        "type": "rich_text_list",
        "style": style,
        "indent": indent,
        "elements": [section],
        **numbered,
    }


def _inline(token: Token, style: dict[str, bool] | None = None) -> list[Json]:
    styles = [style or {}]
    url = ""
    elements: list[Json] = []
    for child in token.children or ():
        name = child.type.removesuffix("_open").removesuffix("_close")
        if name in _STYLES and child.nesting > 0:
            styles.append({**styles[-1], _STYLES[name]: True})
        elif name in _STYLES:
            styles.pop()
        elif name == "link":
            url = str(child.attrs.get("href", "")) if child.nesting > 0 else ""
        else:
            text = "\n" if child.type in {"softbreak", "hardbreak"} else child.content
            elements.append(_element(text, url, styles[-1], code=child.type == "code_inline"))
    return elements


def _element(text: str, url: str, style: dict[str, bool], *, code: bool) -> Json:
    shown = {**style, "code": True} if code else style
    element = {"type": "link", "url": url} if url else {"type": "text"}
    return {**element, "text": text, **({"style": shown} if shown else {})}
