"""Draws rich text: sections, lists, quotes and code."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup, escape

from bot.playground.render.text import Names
from bot.playground.state.models import Json
from bot.trial.draw.mentions import emoji, link, mention, with_emoji

_BREAK: Final = Markup("<br>")
_STYLE_TAGS: Final = {
    "bold": Markup("<strong>{}</strong>"),
    "italic": Markup("<em>{}</em>"),
    "strike": Markup("<s>{}</s>"),
    "underline": Markup("<u>{}</u>"),
    "code": Markup("<code>{}</code>"),
}
_PARTS: Final = {
    "rich_text_quote": Markup("<blockquote>{}</blockquote>"),
    "rich_text_preformatted": Markup("<pre><code>{}</code></pre>"),
    "rich_text_section": Markup("<div>{}</div>"),
}


def draw_rich_text(block: Json, names: Names) -> Markup:
    """Draw a `rich_text` block."""
    return Markup().join(_part(part, names) for part in block["elements"])


def _part(part: Json, names: Names) -> Markup:
    if part["type"] == "rich_text_list":
        return _list(part, names)
    breaks = part["type"] != "rich_text_preformatted"
    drawn = [_inline(element, names, breaks=breaks) for element in part["elements"]]
    return _PARTS[part["type"]].format(Markup().join(drawn))


def _list(part: Json, names: Names) -> Markup:
    depth = min(int(part.get("indent", 0)), 8)
    template = Markup("<li>{}</li>")
    items = [template.format(_part(item, names)) for item in part["elements"]]
    if part["style"] == "ordered":
        start = int(part.get("offset", 0)) + 1
        return Markup('<ol class="in{}" start="{}">{}</ol>').format(
            depth, start, Markup().join(items)
        )
    return Markup('<ul class="in{}">{}</ul>').format(depth, Markup().join(items))


def _inline(element: Json, names: Names, *, breaks: bool) -> Markup:
    drawn = _plain_inline(element, names, breaks=breaks)
    style = element.get("style") or {}
    for name, template in _STYLE_TAGS.items():
        if style.get(name):
            drawn = template.format(drawn)
    return drawn


def _plain_inline(element: Json, names: Names, *, breaks: bool) -> Markup:
    match element["type"]:
        case "text":
            text = with_emoji(str(element["text"]))
            return _BREAK.join(text.split("\n")) if breaks else escape(text)
        case "link":
            return link(str(element["url"]), str(element.get("text") or ""))
        case "user":
            return mention(f"@{names.resolve(str(element['user_id']))}")
        case "usergroup":
            return mention(f"@{names.resolve(str(element['usergroup_id']))}")
        case "channel":
            return mention(f"#{names.resolve(str(element['channel_id']))}")
        case "broadcast":
            return mention(f"@{element['range']}")
        case "emoji":
            return escape(emoji(str(element["name"])))
        case "date":
            return escape(str(element.get("fallback") or element["timestamp"]))
        case _:
            return escape(str(element.get("value") or element.get("team_id") or ""))
