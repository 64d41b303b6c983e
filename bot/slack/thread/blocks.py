"""Converts a message's blocks to Markdown for the models.

Blocks: https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from bot.slack.markdown.unicode_filter import clean, unescape
from bot.slack.thread.mrkdwn import link_text, to_text
from bot.slack.thread.names import PromptNames
from bot.slack.thread.rich_text import elements, rich_text

Block = Mapping[str, Any]

WORDLESS = frozenset({"actions", "call", "context_actions", "divider", "file", "image", "video"})
"""Blocks that don't replace an app's `text`, which may say something else."""

TEXT_OBJECTS = frozenset({"mrkdwn", "plain_text", "raw_number", "raw_text", "rich_text"})

_FIELD_NAME = re.compile(r"\A([^\n]{1,60}?)[ \t]*\n+(?=\S)")
_TEXT_KEYS = frozenset({"title", "text", "alt_text", "description", "subtitle", "name"})
"""Where an unknown block may have visible text as a string."""


def blocks_text(blocks: Iterable[Block], names: PromptNames) -> str:
    """Return what people see of these blocks, one below the other."""
    shown = (_block(block, names) for block in blocks)
    return "\n".join(text for text in shown if text.strip())


def text_object(value: object, names: PromptNames) -> str:
    """Return a text object (`mrkdwn`, `plain_text` or a table's) as text; "" for anything else.

    Slack escapes `&`, `<` and `>` in both, and only `mrkdwn` has mentions and links.
    """
    if not isinstance(value, Mapping):
        return ""
    text = cast("Block", value)
    if text.get("type") == "rich_text":
        return rich_text(text, names)
    words = text.get("text", text.get("value"))
    if not isinstance(words, str | int | float):
        return ""
    if text.get("type") == "mrkdwn":
        return to_text(str(words), names).strip()
    return clean(unescape(str(words))).strip()


def buttons_text(buttons: Iterable[Block], names: PromptNames) -> str:
    """Return buttons on one line: the address of those with a link, the label of the others."""
    shown = [_button(each, names) for each in buttons]
    return " · ".join(text for text in shown if text)


def _button(button: Block, names: PromptNames) -> str:
    label = button.get("text")
    text = label if isinstance(label, str) else text_object(label, names)
    url = button.get("url")
    if isinstance(url, str) and url:
        return link_text(clean(text), url)
    return f"[{clean(text)}]" if text else ""


def _block(block: Block, names: PromptNames) -> str:
    return _BLOCKS.get(str(block.get("type")), _unknown)(block, names)


def _section(block: Block, names: PromptNames) -> str:
    fields = (text_object(each, names) for each in elements(block, "fields"))
    lines = [text_object(block.get("text"), names), *map(field_line, fields)]
    accessory = block.get("accessory")
    if isinstance(accessory, Mapping):
        lines.append(_accessory(cast("Block", accessory), names))
    return "\n".join(line for line in lines if line)


def field_line(text: str) -> str:
    """Return a field, usually a name above a value. A short name is put on the value's line."""
    named = _FIELD_NAME.match(text)
    if named is None:
        return text
    name = named[1]
    colon = "" if name.rstrip("*_ ").endswith(":") else ":"
    return f"{name}{colon} {text[named.end() :]}"


def _accessory(element: Block, names: PromptNames) -> str:
    return _image(element, names) if element.get("type") == "image" else _button(element, names)


def _header(block: Block, names: PromptNames) -> str:
    text = text_object(block.get("text"), names)
    return f"**{text}**" if text else ""


def _context(block: Block, names: PromptNames) -> str:
    shown = (
        _image(each, names) if each.get("type") == "image" else text_object(each, names)
        for each in elements(block)
    )
    return " ".join(text for text in shown if text)


def _image(block: Block, names: PromptNames) -> str:
    title, alt = text_object(block.get("title"), names), block.get("alt_text")
    alt = clean(alt).strip() if isinstance(alt, str) else ""
    words = ": ".join(dict.fromkeys(text for text in (title, alt) if text))
    return f"[image: {words}]" if words else "[image]"


def _video(block: Block, names: PromptNames) -> str:
    title = text_object(block.get("title"), names)
    url, author = block.get("title_url"), block.get("author_name")
    head = link_text(title, url) if isinstance(url, str) else title
    by = f", by {clean(author)}" if isinstance(author, str) and author else ""
    description = text_object(block.get("description"), names)
    return "\n".join(line for line in (f"[video: {head}{by}]", description) if line)


def _markdown(block: Block, names: PromptNames) -> str:
    text = block.get("text")
    return to_text(text, names).strip() if isinstance(text, str) else ""


def _call(block: Block, _names: PromptNames) -> str:
    call = block.get("call")
    details = call.get("v1") if isinstance(call, Mapping) else None
    details = cast("Block", details) if isinstance(details, Mapping) else {}
    name, url = (details.get(key) for key in ("name", "join_url"))
    return f"[call: {link_text(str(name or ''), str(url or ''))}]" if name or url else "[call]"


def _nothing(_block: Block, _names: PromptNames) -> str:
    return ""


def _table(block: Block, names: PromptNames) -> str:
    """Return a table in Markdown. Its first row is the heading, as in tables pasted into Slack."""
    listed = block.get("rows")
    rows = cast("Sequence[object]", listed) if isinstance(listed, Sequence) else ()
    cells = [[_cell(cell, names) for cell in _cells(row)] for row in rows]
    width = max(map(len, cells), default=0)
    lines = ["| " + " | ".join([*row, *[""] * (width - len(row))]) + " |" for row in cells]
    return "\n".join([*lines[:1], "|" + " --- |" * width, *lines[1:]]) if width else ""


def _cells(row: object) -> Sequence[object]:
    if isinstance(row, Mapping):
        row = cast("Block", row).get("cells")
    is_row = isinstance(row, Sequence) and not isinstance(row, str)
    return cast("Sequence[object]", row) if is_row else ()


def _cell(cell: object, names: PromptNames) -> str:
    return " ".join(text_object(cell, names).replace("|", "\\|").split())


def _unknown(block: object, names: PromptNames) -> str:
    """Return all text objects and titles in an unknown block."""
    if isinstance(block, Mapping):
        known = cast("Block", block)
        if str(known.get("type")) in TEXT_OBJECTS:
            return text_object(known, names)
        if known.get("type") == "button":
            return _button(known, names)
        found = [
            clean(unescape(value)) if isinstance(value, str) else _unknown(value, names)
            for key, value in known.items()
            if key in _TEXT_KEYS or not isinstance(value, str)
        ]
    elif isinstance(block, Sequence) and not isinstance(block, str):
        inner = cast("Sequence[object]", block)
        found = [
            _block(cast("Block", each), names) if isinstance(each, Mapping) else ""
            for each in inner
        ]
    else:
        return ""
    return "\n".join(text for text in found if text.strip())


_BLOCKS: Mapping[str, Callable[[Block, PromptNames], str]] = {
    "actions": lambda block, names: buttons_text(elements(block), names),
    "call": _call,
    "context": _context,
    "context_actions": _nothing,
    "divider": _nothing,
    "file": _nothing,
    "header": _header,
    "image": _image,
    "markdown": _markdown,
    "rich_text": rich_text,
    "section": _section,
    "table": _table,
    "video": _video,
}
