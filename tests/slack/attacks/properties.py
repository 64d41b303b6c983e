"""Properties that every text sent to Slack must have, judged by independent parsers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any
from unicodedata import category

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.playground.render.notifications import scan_notifications
from bot.playground.state.models import SlackMessage
from tests.slack.attacks.attack import Attack

ALLOWED = frozenset({"good.example"})
"""Hosts in the asker's question."""

_ADDRESS = re.compile(
    r"(?<![a-z0-9+.\-])[a-z][a-z0-9+.\-]*://\S*|\bwww\.\S+"
    r"|\b(?:mailto|tel|sms|javascript|vbscript|data|slack|blob|skype|xmpp|facetime|view-source):"
    r"[^\s,.]\S*|(?<![\w.+\-])[\w.+\-]++@[\w\-]+(?:\.[\w\-]+)+"
    r"|(?<![\w\-])[\w\-]++\.evil\.example\S*|\bevil\.example[/:?#]\S*",
    re.IGNORECASE,
)
_GOOD = re.compile(r"https://good\.example(?:/[\w./\-]*)?(?:[.,;:!?)>]|&gt;?)*", re.IGNORECASE)
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffd\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\u02cb]"
)
"""Unicode's ignorable characters, replacement characters, and our harmless backtick."""

_NEVER = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
    "|[\u061c\u180b-\u180d\u180f\u200c-\u200f\ufe00-\ufe0f\U000e0100-\U000e01ef]{3}"
)
"""Hidden characters that no script and no emoji needs, or not so many in a row."""

_TOWER = 7
"""Marks on one letter that would run over the lines around it."""

_CODE = "\x00"
"""Replaces code where only the text around it matters."""


def words(text: str, *, letters_only: bool = False) -> str:
    """Return the letters, digits and symbols that a reader sees, however the text is marked up.

    `letters_only` is for texts in which a list's numbers and bullets don't count.
    """
    plain = text
    while (read := html.unescape(plain)) != plain:
        plain = read
    if plain.isascii():
        return re.sub("[^A-Za-z]" if letters_only else "[^A-Za-z0-9]", "", plain)
    kinds = {"L"} if letters_only else {"L", "N", "So"}
    return "".join(c for c in _UNSEEN.sub("", plain) if {category(c), category(c)[0]} & kinds)


def is_within(part: str, whole: str) -> bool:
    """Return whether another text contains all characters of this one in order."""
    rest = iter(whole)
    return all(character in rest for character in part)


def assert_inert(markdown: str) -> None:
    """Assert that a Markdown text pings no one, loads nothing and links only to allowed hosts."""
    assert "<" not in markdown
    heads = re.compile(r"^(?: {0,3}> ?)+", re.MULTILINE)
    assert ">" not in heads.sub("", markdown)
    assert not _NEVER.search(markdown)
    if not markdown.isascii():
        assert not re.search("M" * _TOWER, "".join(_kind(character) for character in markdown))
    markdown.encode()  # a lone surrogate would be rejected on the way
    _assert_unnoticed(markdown)
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for shown in _shown(reader.parse(markdown)):
        for address in _ADDRESS.finditer(shown):
            assert _GOOD.fullmatch(address[0]), f"{address[0][:200]!r} is no code"


def _kind(character: str) -> str:
    """Return M for a mark that stacks, and nothing for an invisible character."""
    if _UNSEEN.fullmatch(character):
        return ""
    return "M" if category(character) in {"Mn", "Me"} else "x"


def _assert_unnoticed(markdown: str) -> None:
    """Assert that the local Slack finds no one to notify and nothing to fetch."""
    message = SlackMessage(ts="1", channel="C1", user="U1", text=markdown, team="T1")
    message.blocks = [{"type": "markdown", "text": markdown}]
    found = scan_notifications(message)
    assert not found.notifications
    assert not [unfurl for unfurl in found.unfurls if not _GOOD.fullmatch(unfurl.url)]


def _shown(tokens: list[Token]) -> Iterator[str]:
    """Yield the parsed text around code of each paragraph."""
    for token in tokens:
        assert token.type not in {"html_block", "html_inline"}, token.content
        if token.type == "inline":
            children = token.children or []
            for child in children:
                assert child.type not in {"image", "html_inline"}, child.content
                assert child.type != "link_open" or _GOOD.fullmatch(str(child.attrs["href"]))
            yield "".join(_text(child) for child in children)


def _text(token: Token) -> str:
    if token.type == "code_inline":
        return _CODE
    return "\n" if token.type in {"softbreak", "hardbreak"} else token.content


def assert_kept(attack: Attack, shown: str, *, letters_only: bool = False) -> None:
    """Assert that all words of an attack are shown, and nothing else."""
    said = words(attack.shown, letters_only=letters_only)
    assert words(shown, letters_only=letters_only) == said


def leaves(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the innermost elements of a rich_text block."""
    if "elements" not in part:
        yield part
    for inner in part.get("elements", ()):
        yield from leaves(inner)
