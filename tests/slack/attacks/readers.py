"""Markdown parsers that auto-link addresses, and a browser's reading of those addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser

import ada_url
import cmarkgfm  # pyright: ignore[reportMissingTypeStubs]
import mistune
from linkify_it import LinkifyIt  # pyright: ignore[reportMissingTypeStubs]
from linkify_it.tlds import TLDS  # pyright: ignore[reportMissingTypeStubs]
from markdown_it import MarkdownIt


class _Targets(HTMLParser):
    """Collects everything that a page links to or loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"href", "src"}]


def _markdown_it(linkify: LinkifyIt | None) -> Callable[[str], str]:
    reader = MarkdownIt("commonmark", {"linkify": True}).enable(
        ["table", "strikethrough", "linkify"]
    )
    if linkify:
        reader.linkify = linkify
    return reader.render


def _github(text: str) -> str:
    html: str = cmarkgfm.github_flavored_markdown_to_html(text)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return html  # pyright: ignore[reportUnknownVariableType]


_IMPOSSIBLE = re.compile(r"[^a-z0-9.\-][^.]*\Z")
"""The end of a host whose last label has other characters than letters, digits and hyphens."""

_mistune = mistune.create_markdown(plugins=["url", "strikethrough", "table"])

READERS: Mapping[str, Callable[[str], str]] = {
    "markdown-it": _markdown_it(None),
    "markdown-it with every top-level domain": _markdown_it(
        LinkifyIt(options={"fuzzy_ip": True}).tlds(TLDS)  # pyright: ignore[reportUnknownMemberType]
    ),
    "GitHub": _github,
    "mistune": lambda text: str(_mistune(text)),
}
"""Each converts Markdown to HTML. Only the first two share code for finding addresses."""


def targets(markdown: str) -> Iterator[tuple[str, str]]:
    """Return each address that a parser makes live, with the parser's name."""
    for name, reader in READERS.items():
        page = _Targets()
        page.feed(reader(markdown))
        yield from ((name, target) for target in page.found)


def host_of(address: str) -> str:
    """Return the host that a browser would contact (WHATWG URL); empty if there is none."""
    try:
        return ada_url.URL(address).hostname
    except ValueError:
        return ""


def foreign_targets(markdown: str, hosts: frozenset[str]) -> list[str]:
    """Return the links and loaded addresses outside the hosts, according to any parser.

    One parser includes the last character of `https://host!`. No top-level domain has such a
    name (RFC 1123, 2.1), so the link leads nowhere.
    """
    found = ((name, target, host_of(target)) for name, target in targets(markdown))
    return [
        f"{name}: {target[:120]}"
        for name, target, host in found
        if host not in hosts and not _IMPOSSIBLE.search(host)
    ]
