"""Draws rich text: sections, lists, quotes and code."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup, escape

from bot.playground.render.text import Names, rich_text_date
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
_MENTIONS: Final = {
    "user": ("@", "user_id"),
    "usergroup": ("@", "usergroup_id"),
    "channel": ("#", "channel_id"),
    "broadcast": ("@", "range"),
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
    kind = element["type"]
    if kind == "text":
        text = with_emoji(str(element["text"]))
        return _BREAK.join(text.split("\n")) if breaks else escape(text)
    if kind == "link":
        return link(str(element["url"]), str(element.get("text") or ""))
    if kind in _MENTIONS:
        sign, key = _MENTIONS[kind]
        return mention(f"{sign}{names.resolve(str(element[key]))}")
    if kind == "emoji":
        return escape(emoji(str(element["name"])))
    if kind == "date":
        return escape(rich_text_date(element, names))
    shown = element.get("fallback") or element.get("value") or element.get("timestamp")
    return escape(str(shown or element.get("team_id") or ""))
