"""Converts Slack's rich text to Markdown for the models.

Elements: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.slack.markdown.unicode_filter import clean
from bot.slack.thread.mrkdwn import link_text
from bot.slack.thread.names import UNKNOWN_GROUP, PromptNames

Element = Mapping[str, Any]

MARKS: Mapping[str, str] = {"code": "`", "bold": "**", "italic": "_", "strike": "~~"}
"""Markdown around styled text, innermost first."""

_EDGES = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)
_FENCES = re.compile(r"`{3,}")
_CODE_POINTS = re.compile(r"[0-9a-fA-F]{2,6}(?:-[0-9a-fA-F]{2,6})*")
_HIGHEST_CODE_POINT = 0x10FFFF
_HIGHEST_INDENT = 8


def rich_text(block: Element, names: PromptNames) -> str:
    """Return a `rich_text` block, or any element with `elements`, as Markdown."""
    parts = [_part(part, names).strip("\n") for part in elements(block)]
    return clean("\n".join(part for part in parts if part.strip()))


def elements(block: Element, key: str = "elements") -> Sequence[Element]:
    """Return the objects of a list in a block. Anything may be missing or malformed."""
    listed = block.get(key)
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ()
    return [each for each in listed if isinstance(each, Mapping)]


def _part(part: Element, names: PromptNames) -> str:
    match part.get("type"):
        case "rich_text_list":
            return _list(part, names)
        case "rich_text_quote":
            return "\n".join(f"> {line}" for line in _inline(part, names).strip("\n").split("\n"))
        case "rich_text_preformatted":
            return _code(part, names)
        case "rich_text_section":
            return _inline(part, names)
        case _:
            return _inline({"elements": [part]}, names)


def _list(part: Element, names: PromptNames) -> str:
    ordered = part.get("style") == "ordered"
    indent = "  " * min(_number(part.get("indent")), _HIGHEST_INDENT)
    first = _number(part.get("offset")) + 1
    lines: list[str] = []
    for number, item in enumerate(elements(part), first):
        bullet = f"{indent}{number}. " if ordered else f"{indent}- "
        text = _part(item, names).strip("\n")
        lines.append(bullet + text.replace("\n", "\n" + " " * len(bullet)))
    return "\n".join(lines)


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _code(part: Element, names: PromptNames) -> str:
    text = "".join(_bare(each, names) for each in elements(part)).strip("\n")
    fence = max([*_FENCES.findall(text), "``"], key=len) + "`"
    language = part.get("language")
    return f"{fence}{language if isinstance(language, str) else ''}\n{text}\n{fence}"


def _inline(part: Element, names: PromptNames) -> str:
    return "".join(_styled(each, _bare(each, names)) for each in elements(part))


def _styled(element: Element, text: str) -> str:
    style = element.get("style")
    styles = style if isinstance(style, Mapping) else {}
    marks = [mark for name, mark in MARKS.items() if styles.get(name)]
    edges = _EDGES.fullmatch(text)
    if not marks or edges is None or not edges[2]:
        return text
    marked = edges[2]
    for mark in marks:
        marked = f"{mark}{marked}{mark}"
    return f"{edges[1]}{marked}{edges[3]}"


def _bare(element: Element, names: PromptNames) -> str:
    """Return an inline element without its style. For an unknown one, return any text in it."""
    show = _INLINE.get(str(element.get("type")))
    if show:
        return show(element, names)
    if "elements" in element:
        return _inline(element, names)
    found = (element.get(key) for key in ("text", "fallback", "name", "title", "url"))
    return next((text for text in found if isinstance(text, str)), "")


def _text(element: Element, key: str) -> str:
    value = element.get(key)
    return value if isinstance(value, str) else ""


def _emoji(element: Element, _names: PromptNames) -> str:
    code = _text(element, "unicode")
    points = [int(part, 16) for part in code.split("-")] if _CODE_POINTS.fullmatch(code) else []
    if points and max(points) <= _HIGHEST_CODE_POINT:
        return "".join(map(chr, points))
    return f":{_text(element, 'name')}:"


_INLINE: Mapping[str, Callable[[Element, PromptNames], str]] = {
    "text": lambda each, _: _text(each, "text"),
    "link": lambda each, _: link_text(_text(each, "text"), _text(each, "url")),
    "user": lambda each, names: names.mention(_text(each, "user_id")),
    "channel": lambda each, names: names.channel(_text(each, "channel_id")),
    "usergroup": lambda _each, _names: f"@{UNKNOWN_GROUP}",
    "broadcast": lambda each, _: f"@{_text(each, 'range')}",
    "emoji": _emoji,
    "date": lambda each, _: _text(each, "fallback") or str(each.get("timestamp") or ""),
    "color": lambda each, _: _text(each, "value"),
}
