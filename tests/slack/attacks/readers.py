"""Readers of Markdown that link addresses, and a browser's idea of where those lead."""

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
    """Collects whatever a page links to or loads."""

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
"""How a host ends whose last label holds anything but letters, digits and hyphens."""

_mistune = mistune.create_markdown(plugins=["url", "strikethrough", "table"])

READERS: Mapping[str, Callable[[str], str]] = {
    "markdown-it": _markdown_it(None),
    "markdown-it with every top-level domain": _markdown_it(
        LinkifyIt(options={"fuzzy_ip": True}).tlds(TLDS)  # pyright: ignore[reportUnknownMemberType]
    ),
    "GitHub": _github,
    "mistune": lambda text: str(_mistune(text)),
}
"""Each makes HTML of Markdown. They share no code for finding addresses, but for the first two."""


def targets(markdown: str) -> Iterator[tuple[str, str]]:
    """Each address that a reader makes live, with the reader's name."""
    for name, reader in READERS.items():
        page = _Targets()
        page.feed(reader(markdown))
        yield from ((name, target) for target in page.found)


def host_of(address: str) -> str:
    """The host that a browser would ask (WHATWG URL); empty for what leads to none."""
    try:
        return ada_url.URL(address).hostname
    except ValueError:
        return ""


def leads_astray(markdown: str, hosts: frozenset[str]) -> list[str]:
    """What a text links to or loads that is on none of the hosts, by any reader.

    One reader takes `https://host!` with its last sign. There is no top-level domain of such a
    name and can be none (RFC 1123, 2.1), so that it leads nowhere.
    """
    found = ((name, target, host_of(target)) for name, target in targets(markdown))
    return [
        f"{name}: {target[:120]}"
        for name, target, host in found
        if host not in hosts and not _IMPOSSIBLE.search(host)
    ]
