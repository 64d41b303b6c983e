"""Finds addresses in words and decides which of them may become links."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple
from unicodedata import normalize

from bot.slack.markdown.addresses import IP, SCHEME, WWW, permits
from bot.slack.markdown.hosts import LABEL, NAME, is_alphabetic, is_file_name, is_host

_SCHEME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-")
_NETWORK_PATH = re.compile(r"(?<![\w:/])//(?=\w)")
_LOCAL = r"\w.+\-%'&=~!#$?^"
_MAIL = re.compile(rf"(?<![{_LOCAL}])[{_LOCAL}]++@[\w\-]++(?:\.[\w\-]++)++")
_NAME_TAIL = re.compile(r":\d|/|[?#][\w=]")
_IP_TAIL = re.compile(r":\d|/(?!\d{1,2}(?![\w/?#]|\.\w))|[?#][\w=]")
"""A prefix length after an IP address (`10.0.0.0/8`) makes it a network, not an address."""

_LABELS_END = re.compile(rf"(?<!{LABEL})(?<!\.)(?:{LABEL}|\.)++\Z")
"""Labels directly before an IP address. Cut off, they might be a host of their own."""

_ESCAPED_MARK = re.compile(r"\\([!-/:-@\[-`{-~])")
_EMPHASIS = str.maketrans("", "", "*_~")
_SEPARATORS = re.compile('(&lt;|&gt;|[<>"|\\]\u02cb])')
"""Characters that end an address, as written and as this package escapes them."""

_TRAILING = ".,;:!?'\")]}*_~>\\"
_JOINED = re.compile(r"[\\\]]")
_AUTOLINK = re.compile(r"""([(*_~'"]*)<([^\s<>|"\]]+)>([.,;:!?)*_~'"]*)""")
_MIN_LABELS = 3


class AddressPart(NamedTuple):
    """A part of a word. `text` is kept, `code` is shown as code, `link` may become a link."""

    kind: Literal["text", "code", "link"]
    text: str


def find_address(text: str, *, files: bool = True) -> int | None:
    """Return where the first address in a text without spaces starts, or None.

    Two labels are an address if the second is a top-level domain, since parsers link them, even
    `README.md`. With `files=False`, a bare file name doesn't count. Three labels, a port or a path
    always count, because they have room for data to leak out.
    """
    starts = [
        match.start()
        for match in (SCHEME.search(text), WWW.search(text), _NETWORK_PATH.search(text))
        if match
    ]
    scheme = text.find("://")
    if scheme >= 0:
        while scheme and text[scheme - 1] in _SCHEME_CHARACTERS:
            scheme -= 1
        starts.append(scheme)
    mail = _MAIL.search(text)
    if mail:
        local = mail[0].partition("@")[0]
        starts.append(mail.start() + len(local) - len(local.lstrip(_TRAILING + "#$%&=^")))
    names = (match.start() for match in NAME.finditer(text) if _is_host(match, files=files))
    if (name := next(names, None)) is not None:
        starts.append(_with_path(text, name))
    numbers = (m.start() for m in IP.finditer(text) if _IP_TAIL.match(text, m.end()))
    if (number := next(numbers, None)) is not None:
        starts.append(len(_LABELS_END.sub("", text[:number])))
    return min(starts, default=None)


def _is_host(match: re.Match[str], *, files: bool) -> bool:
    name = match[0].rstrip("-_")
    has_tail = bool(_NAME_TAIL.match(match.string, match.end()))
    has_many = name.count(".") + 1 >= _MIN_LABELS
    if (has_tail or has_many) and is_alphabetic(name):
        return True
    return is_host(name) and (files or not is_file_name(name))


def _with_path(text: str, start: int) -> int:
    """Return where the path before a name starts, so that all of `src/main.py` becomes code."""
    before = start
    while before and (text[before - 1].isalnum() or text[before - 1] in "._-~/"):
        before -= 1
    return before if text.endswith("/", 0, start) and before < start - 1 else start


def holds_address(text: str, *, files: bool = True) -> bool:
    """Return whether any word is or hides an address. `files` is as in `find_address`."""
    return any(_address_in(word, files=files) is not None for word in text.split())


def _address_in(text: str, *, files: bool = True) -> int | None:
    """Like `find_address`, but 0 if entities, escapes, emphasis or odd letters hide an address."""
    start = find_address(text, files=files)
    before = text[:start]
    decoded = html.unescape(_ESCAPED_MARK.sub(r"\1", before))
    readings = {decoded, decoded.translate(_EMPHASIS)}
    if not decoded.isascii():
        readings |= {normalize("NFKC", reading) for reading in readings}
    if any(find_address(reading, files=files) is not None for reading in readings - {before}):
        return 0
    if start is not None and decoded != before:
        # A hidden address may continue into the one found: `https&colon;//host.example`.
        whole = find_address(decoded + text[start:], files=files)
        return 0 if whole is not None and whole < len(decoded) else start
    return start


def split_word(word: str, allowed: frozenset[str], *, ended: bool = True) -> list[AddressPart]:
    """Return the parts of a word. `ended` is False if the next character may belong to the word."""
    match = _AUTOLINK.fullmatch(word)
    if match and find_address(match[2]) == 0:
        word = match[1] + match[2] + match[3]
    parts: list[AddressPart] = []
    position = 0
    for segment in _SEPARATORS.split(word):
        position += len(segment)
        parts.extend(_split_segment(segment, word[position:], allowed, ended=ended))
    return parts


def _split_segment(
    segment: str, rest: str, allowed: frozenset[str], *, ended: bool
) -> Iterator[AddressPart]:
    start = _address_in(segment) if segment else None
    if start is None:
        yield AddressPart("text", segment)
        return
    address = segment[start:].rstrip(_TRAILING) or segment[start:]
    if address.count("(") > address.count(")"):
        address = _with_parenthesis(segment[start:], address)
    address = address.removesuffix("'s").removesuffix("\u2019s") or address
    after = segment[start + len(address) :]
    behind = (after + rest).replace("&gt;", ">")
    # GitHub's parser includes these two in an address. After a path, they can't change the host.
    keeps_host = "/" in address.partition("://")[2] or not _JOINED.search(behind)
    is_separate = ended and keeps_host and not behind.strip(_TRAILING)
    live = is_separate and permits(address, allowed)
    yield AddressPart("text", segment[:start])
    yield AddressPart("link" if live else "code", address)
    yield AddressPart("text", after)


def _with_parenthesis(tail: str, address: str) -> str:
    """Return the address with its closing parenthesis, as in `…/Rust_(language)`."""
    return tail[: len(address) + 1] if tail[len(address) :].startswith(")") else address
