"""The room inside a rich_text paragraph: styled words, and addresses that are only shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.slack.markdown.addresses import permits
from bot.slack.markdown.links import find_address, split_word

if TYPE_CHECKING:
    from markdown_it.token import Token

Json = dict[str, Any]
"""A part of a Slack block, as it is sent."""

Style = dict[str, bool]

_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}
_SPACES = re.compile(r"(\s+)")


def run(text: str, style: Style | None = None) -> Json:
    """A text element; `style` holds bold, italic, strike and code where they are true."""
    return {"type": "text", "text": text} | ({"style": dict(style)} if style else {})


def text_of(parts: Iterable[Json]) -> str:
    """The text that a reader sees of the elements, nested ones included."""
    return "".join(part.get("text") or text_of(part.get("elements", ())) for part in parts)


def inline_elements(
    children: Sequence[Token], allowed: frozenset[str], style: Style | None = None
) -> list[Json]:
    """The inline tokens of a paragraph as text and link elements."""
    reader = _Reader(allowed, style or {})
    for token in children:
        reader.take(token)
    return _merged(reader.parts)


def inline_words(text: str, allowed: frozenset[str]) -> list[Json]:
    """A text without markup as text and link elements."""
    reader = _Reader(allowed, {})
    reader.words(text)
    return _merged(reader.parts)


class _Link(NamedTuple):
    """A link that is being read: where its label begins, and whether that is its address."""

    target: str
    label: int
    bare: bool


class _Reader:
    def __init__(self, allowed: frozenset[str], style: Style) -> None:
        self.parts: list[Json] = []
        self._allowed = allowed
        self._styles: list[Style] = [style]
        self._links: list[_Link] = []

    def take(self, token: Token) -> None:
        """Add what one token shows."""
        match token.type:
            case "softbreak" | "hardbreak":
                self._show("\n")
            case "code_inline":
                self.parts.append(run(token.content, self._styles[-1] | {"code": True}))
            case "image":
                for child in token.children or ():
                    self.take(child)
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
            self.words(token.content)
        elif token.nesting > 0:
            self._styles.append(self._styles[-1] | {name: True})
        else:
            self._styles.pop()

    def _show(self, text: str) -> None:
        self.parts.append(run(text, self._styles[-1]))

    def words(self, text: str) -> None:
        """Add words, each address among them as what it may be."""
        for word in _SPACES.split(text):
            for part in split_word(word, self._allowed):
                if part.kind == "text":
                    self._show(part.text)
                else:
                    self._address(part.text, live=part.kind == "link")

    def _end_link(self, link: _Link) -> None:
        target = link.target
        label = text_of(self.parts[link.label :])
        # The parser escapes odd characters in the target of `<address>`, and adds a scheme.
        same = link.bare or label in {target, target.removeprefix("mailto:")}
        if same or not label:
            del self.parts[link.label :]
        if target:
            address = label if same else target
            live = permits(address, self._allowed) and find_address(address) == 0
            self._show("" if same or not label else " (")
            self._address(address, live=live)
            self._show("" if same or not label else ")")

    def _address(self, address: str, *, live: bool) -> None:
        style = self._styles[-1]
        if not live:
            self.parts.append(run(address, style | {"code": True}))
            return
        url = address if "://" in address else f"https://{address}"
        link: Json = {"type": "link", "url": url, "text": address}
        self.parts.append(link | ({"style": dict(style)} if style else {}))


def _merged(parts: Iterable[Json]) -> list[Json]:
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
