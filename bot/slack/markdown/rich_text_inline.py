"""Converts inline Markdown to styled rich_text elements, with addresses as code or links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.slack.markdown.addresses import permits
from bot.slack.markdown.links import find_address, split_word

if TYPE_CHECKING:
    from markdown_it.token import Token

Json = dict[str, Any]
"""A part of a Slack block."""

Style = dict[str, bool]

_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}
_SPACES = re.compile(r"(\s+)")


def run(text: str, style: Style | None = None) -> Json:
    """Return a text element. `style` contains bold, italic, strike and code where they are true."""
    return {"type": "text", "text": text} | ({"style": dict(style)} if style else {})


def text_of(parts: Iterable[Json]) -> str:
    """Return the visible text of the elements, including nested ones."""
    return "".join(part.get("text") or text_of(part.get("elements", ())) for part in parts)


def inline_elements(
    children: Sequence[Token], allowed: frozenset[str], style: Style | None = None
) -> list[Json]:
    """Return the inline tokens of a paragraph as text and link elements."""
    converter = _InlineConverter(allowed, style or {})
    for token in children:
        converter.add(token)
    return _merge(converter.parts)


def inline_words(text: str, allowed: frozenset[str]) -> list[Json]:
    """Return a text without markup as text and link elements."""
    converter = _InlineConverter(allowed, {})
    converter.add_words(text)
    return _merge(converter.parts)


class _Link(NamedTuple):
    """An open link: its target, where its label starts, and whether the label is the address."""

    target: str
    label: int
    bare: bool


class _InlineConverter:
    def __init__(self, allowed: frozenset[str], style: Style) -> None:
        self.parts: list[Json] = []
        self._allowed = allowed
        self._styles: list[Style] = [style]
        self._links: list[_Link] = []

    def add(self, token: Token) -> None:
        """Add one token."""
        match token.type:
            case "softbreak" | "hardbreak":
                self._add_text("\n")
            case "code_inline":
                self.parts.append(run(token.content, self._styles[-1] | {"code": True}))
            case "image":
                for child in token.children or ():
                    self.add(child)
            case "link_open":
                target = str(token.attrs.get("href", ""))
                bare = token.markup == "autolink"
                self._links.append(_Link(target, len(self.parts), bare))
            case "link_close":
                self._end_link(self._links.pop())
            case _:
                self._styled(token)

    def _styled(self, token: Token) -> None:
        name = _STYLES.get(token.type.rpartition("_")[0])
        if name is None:
            self.add_words(token.content)
        elif token.nesting > 0:
            self._styles.append(self._styles[-1] | {name: True})
        else:
            self._styles.pop()

    def _add_text(self, text: str) -> None:
        self.parts.append(run(text, self._styles[-1]))

    def add_words(self, text: str) -> None:
        """Add words. Addresses become links if their host is allowed, otherwise code."""
        for word in _SPACES.split(text):
            for part in split_word(word, self._allowed):
                if part.kind == "text":
                    self._add_text(part.text)
                else:
                    self._add_address(part.text, live=part.kind == "link")

    def _end_link(self, link: _Link) -> None:
        target = link.target
        label = text_of(self.parts[link.label :])
        # The parser escapes odd characters in the target of `<address>` and adds a scheme.
        same = link.bare or label in {target, target.removeprefix("mailto:")}
        if same or not label:
            del self.parts[link.label :]
        if target:
            address = label if same else target
            live = permits(address, self._allowed) and find_address(address) == 0
            self._add_text("" if same or not label else " (")
            self._add_address(address, live=live)
            self._add_text("" if same or not label else ")")

    def _add_address(self, address: str, *, live: bool) -> None:
        style = self._styles[-1]
        if not live:
            self.parts.append(run(address, style | {"code": True}))
            return
        url = address if "://" in address else f"https://{address}"
        link: Json = {"type": "link", "url": url, "text": address}
        self.parts.append(link | ({"style": dict(style)} if style else {}))


def _merge(parts: Iterable[Json]) -> list[Json]:
    merged: list[Json] = []
    for part in parts:
        last = merged[-1] if merged else None
        if not part["text"]:
            continue
        both_text = last is not None and last["type"] == part["type"] == "text"
        if last is not None and both_text and last.get("style") == part.get("style"):
            last["text"] += part["text"]
        else:
            merged.append(part)
    return merged
