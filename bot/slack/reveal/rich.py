"""Lines and lists as rich_text elements. The text is literal: it can neither notify nor link."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.characters import clean
from bot.slack.richinline import Json, inline_words, run

NO_HOSTS: frozenset[str] = frozenset()


def title(text: str) -> Json:
    """A bold line."""
    return {"type": "rich_text_section", "elements": [run(text, {"bold": True})]}


def line(text: str) -> Json:
    """A plain line."""
    return {"type": "rich_text_section", "elements": said(text)}


def bullets(items: Sequence[Sequence[Json]], indent: int = 0) -> Json:
    """A list, each item of it text elements."""
    sections = [{"type": "rich_text_section", "elements": list(item)} for item in items]
    return {"type": "rich_text_list", "style": "bullet", "indent": indent, "elements": sections}


def named(name: str, text: str) -> list[Json]:
    """A bold name and what is said of it."""
    return [run(name, {"bold": True}), *said(text)]


def said(text: str) -> list[Json]:
    """The text, its addresses as code."""
    return inline_words(clean(text), NO_HOSTS)
