"""Draws Slack's tokens: mentions, channels, dates, links and emoji."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

from bot.playground.render.dates import render_date
from bot.playground.render.text import Names

_SAFE_LINK: Final = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_EMOJI: Final = {
    "+1": "👍",
    "-1": "👎",
    "bar_chart": "📊",
    "bulb": "💡",
    "eyes": "👀",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "lock": "🔒",
    "rotating_light": "🚨",
    "speech_balloon": "💬",
    "star": "⭐",
    "tada": "🎉",
    "thumbsdown": "👎",
    "thumbsup": "👍",
    "trophy": "🏆",
    "warning": "⚠️",
    "white_check_mark": "✅",
    "x": "❌",
}
_SHORTCODE: Final = re.compile(r":([a-z0-9_+-]+):")


def is_safe_link(url: str) -> bool:
    """Return whether a link leads to a web page or a mail address, never to a script or data."""
    return bool(_SAFE_LINK.match(url.strip()))


def link(url: str, label: str = "") -> Markup:
    """Draw a link. An address of any other kind stays text."""
    shown = label or url.removeprefix("mailto:")
    if not is_safe_link(url):
        return escape(f"{label} ({url})" if label else url)
    template = '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>'
    return Markup(template).format(url.strip(), shown)  # noqa: S704 - a constant template


def mention(text: str) -> Markup:
    """Draw a mention of a person, a group or a channel."""
    return Markup('<span class="mention">{}</span>').format(text)


def emoji(name: str) -> str:
    """Return an emoji by its name, or the name in colons."""
    return _EMOJI.get(name, f":{name}:")


def with_emoji(text: str) -> str:
    """Replace the names of well-known emoji."""
    return _SHORTCODE.sub(lambda match: emoji(match[1]), text) if ":" in text else text


def token(body: str, names: Names) -> Markup:
    """Draw the content between "<" and ">" in Slack text."""
    target, _, label = body.partition("|")
    if target.startswith("@"):
        return mention(f"@{label or names.resolve(target[1:])}")
    if target.startswith("#"):
        return mention(f"#{label or names.resolve(target[1:])}")
    if target.startswith("!"):
        return _special(body, names)
    if is_safe_link(target):
        return link(target, label)
    return escape(f"<{body}>")


def _special(body: str, names: Names) -> Markup:
    """Draw a date, or a mention of a group or of everyone."""
    if date := render_date(body, names.reader):
        return link(date.link, date.text) if date.link else escape(date.text)
    target, _, label = body.partition("|")
    if "^" in target and label:
        return escape(label)
    return mention(f"@{target[1:].partition('^')[0]}")
