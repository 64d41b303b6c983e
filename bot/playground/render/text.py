"""Renders Slack's three text formats as plain text: mrkdwn, markdown and rich text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.playground.checks.payload_errors import is_object
from bot.playground.render.dates import ReaderClock, render_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.playground.state.models import Json

_TOKEN: Final = re.compile(r"<(?P<body>[^<>\n]+)>")
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_TEMPLATES: Final = {"emoji": ":{name}:", "color": "{value}"}
_BULLETS: Final = ("•", "◦", "▪")


@dataclass(frozen=True, slots=True)
class Names:
    """Names of users and channels by id; with a reader, dates are in their time zone."""

    by_id: Mapping[str, str]
    reader: ReaderClock | None = None

    def resolve(self, some_id: str) -> str:
        """Return the name, or the id itself if it is unknown."""
        return self.by_id.get(some_id) or some_id


def plain(value: Any) -> str:
    """Return the text of a text object, or an empty string."""
    return str(value.get("text", "")) if is_object(value) else ""


def render_mrkdwn(text: str, names: Names) -> str:
    """Resolve tokens and entities; keep formatting characters."""
    return unescape_text(_TOKEN.sub(lambda match: _token(match["body"], names), text))


def render_markdown(text: str, names: Names) -> str:
    """Resolve tokens and entities; keep the markdown itself."""
    return render_mrkdwn(text, names)


def render_rich_text(block: Json, names: Names) -> str:
    """Render sections, lists, quotes and code."""
    return "\n".join(_part(part, names) for part in block["elements"])


def _part(part: Json, names: Names) -> str:
    if part["type"] == "rich_text_list":
        return _list(part, names)
    text = "".join(_inline(element, names) for element in part["elements"])
    if part["type"] == "rich_text_quote":
        return "\n".join(f"> {line}" for line in text.split("\n"))
    if part["type"] == "rich_text_preformatted":
        return f"```\n{text}\n```"
    return text


def _list(part: Json, names: Names) -> str:
    depth, first = part.get("indent", 0), part.get("offset", 0) + 1
    lines: list[str] = []
    for number, item in enumerate(part["elements"], start=first):
        ordered = part["style"] == "ordered"
        bullet = f"{number}." if ordered else _BULLETS[depth % len(_BULLETS)]
        lines.append(f"{'  ' * depth}{bullet} {_part(item, names)}")
    return "\n".join(lines)


def _inline(element: Json, names: Names) -> str:
    kind = element["type"]
    if kind == "text":
        code = (element.get("style") or {}).get("code")
        return f"`{element['text']}`" if code else str(element["text"])
    if kind == "link":
        return _link(str(element["url"]), element.get("text"))
    if kind == "channel":
        return f"#{names.resolve(element['channel_id'])}"
    if kind == "date":
        return rich_text_date(element, names)
    if kind in _TEMPLATES:
        return _TEMPLATES[kind].format(**element)
    target = element.get("user_id") or element.get("usergroup_id") or element.get("team_id")
    return f"@{names.resolve(str(target or element.get('range')))}"


def rich_text_date(element: Json, names: Names) -> str:
    """Return a `date` of rich text as its reader sees it."""
    fallback = str(element.get("fallback") or element.get("timestamp"))
    token = f"!date^{element.get('timestamp')}^{element.get('format')}|{fallback}"
    date = render_date(token, names.reader)
    return date.text if date else fallback


def _token(body: str, names: Names) -> str:
    target, _, label = body.partition("|")
    if target.startswith("@"):
        return f"@{label or names.resolve(target[1:])}"
    if target.startswith("#"):
        return f"#{label or names.resolve(target[1:])}"
    if date := render_date(body, names.reader):
        return _link(date.link, date.text) if date.link else date.text
    if target.startswith("!"):
        return label if "^" in target and label else f"@{target[1:].partition('^')[0]}"
    if re.match(r"(https?|mailto|tel):", target):
        return _link(target.removeprefix("mailto:"), label)
    return f"<{body}>"


def _link(url: str, label: str | None) -> str:
    return f"{label} ({url})" if label and label != url else url


def unescape_text(text: str) -> str:
    """Resolve the three entities of Slack's texts."""
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text
