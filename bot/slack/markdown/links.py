"""The room of addresses: what counts as one, and whose hosts may be shown as a live one."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

_SCHEME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-")
_SLASHLESS = re.compile(
    r"(?<![^\W_])(?:mailto|tel|sms|javascript|vbscript|data|file|slack|blob|callto|sips?|xmpp|"
    r"skype|facetime|magnet|geo|intent|view-source|https?|ftp):(?=\S)",
    re.IGNORECASE,
)
_WWW = re.compile(r"(?<![^\W_])www\d?\.(?=\w)", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+\-])[\w.+\-]++@[\w\-]++(?:\.[\w\-]++)++")
_NAME = re.compile(r"(?<![\w\-])[\w\-]++(?:\.[\w\-]++)++")
_NAME_TAIL = re.compile(r":\d|/|[?#][\w=]")
_TOP_LEVEL = re.compile(r"[^\W\d_]{2,}|xn--[a-z0-9\-]+", re.IGNORECASE)
_ESCAPED_MARK = re.compile(r"\\([!-/:-@\[-`{-~])")
_EMPHASIS = str.maketrans("", "", "*_~")
_SEPARATORS = re.compile('(&lt;|&gt;|[<>"|\\]\u02cb])')
"""What ends an address, as it was written and as this package escapes it."""
_TRAILING = ".,;:!?'\")]}*_~>\\"
_AUTOLINK = re.compile(r"""([(*_~'"]*)<([^\s<>|"\]]+)>([.,;:!?)*_~'"]*)""")
_PERMITTED = re.compile(
    r"(?:https?://)?(?P<host>[^\s/?#@:\\%,;()!'&=+$*_~]+)(?::\d{1,5})?"
    r"(?:[/?#][A-Za-z0-9\-._~:/?#$&+=%,;!()']*)?",
    re.IGNORECASE,
)
_SLACK_NAME = re.compile(r"<https?://([^\s|<>]+)\|\1>", re.IGNORECASE)
_WRITTEN_URL = re.compile(r"https?://([^\s/?#<>|\"'`\\)\]]+)[^\s<>|]*", re.IGNORECASE)
_WRITTEN_NAME = re.compile(r"(?<![\w@.\-/+])[\w\-]++(?:\.[\w\-]++)++(?![\w@\-])")
_FEWEST_LABELS = 3
_LONGEST_HOST = 253
"""Characters of a name in the DNS (RFC 1035, 2.3.4)."""

# Names of files that are also names of hosts: `README.md` in a question is no leave to link to
# whoever registered readme.md.
_FILE_ENDING = re.compile(
    r"app|bat|bz|cc|cfg|css|csv|doc|gz|html?|ini|java|jar|js|json|lock|log|md|mov|mk|ml|mp|pdf|php|"
    r"pl|png|ps|py|rb|rs|sh|so|sql|swift|tar|toml|ts|txt|xml|ya?ml|zip",
    re.IGNORECASE,
)


class AddressPart(NamedTuple):
    """A stretch of a word: `text` stays as it is, `code` is made inert, `link` may be live."""

    kind: Literal["text", "code", "link"]
    text: str


def allowed_hosts(user_texts: Iterable[str], allow_list: Iterable[str] = ()) -> frozenset[str]:
    """The hosts that may be shown live: those that users wrote themselves, and the allow-list.

    `user_texts` are messages as Slack delivers them or as typed; full addresses and bare names
    count, names that are rather file names and mail addresses do not. An entry of `allow_list` is
    a host, with or without `*.` before it, a scheme or a path.
    """
    found: set[str] = set()
    for text in user_texts:
        typed = _SLACK_NAME.sub(r" \1 ", text)
        found.update(_host_of(authority) for authority in _WRITTEN_URL.findall(typed))
        found.update(_names(_WRITTEN_URL.sub(" ", typed)))
    for entry in allow_list:
        host = re.sub(r"^\w+://", "", entry.strip()).removeprefix("*.")
        found.add(_host_of(re.split(r"[/?#]", host, maxsplit=1)[0]))
    return frozenset(found - {""})


def _names(text: str) -> Iterator[str]:
    for match in _WRITTEN_NAME.finditer(text):
        ending = match[0].rpartition(".")[2]
        if _TOP_LEVEL.fullmatch(ending) and not _FILE_ENDING.fullmatch(ending):
            yield _host_of(match[0])


def _host_of(authority: str) -> str:
    host = authority.rpartition("@")[2]
    return normal_host(re.sub(r":\d*$", "", host))


def normal_host(host: str) -> str:
    """The host in lower-case ASCII (punycode for other scripts); empty when it is none."""
    bare = host.rstrip(".").lower()
    if bare.isascii():
        return bare if re.fullmatch(r"[a-z0-9\-._]+", bare) else ""
    try:
        return bare.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def permits(address: str, allowed: frozenset[str]) -> bool:
    """Whether the address is a plain web address on an allowed host or a subdomain of one.

    User information, escapes in the host, a second address inside and any character that one
    parser may read otherwise than another all make it fail.
    """
    match = _PERMITTED.fullmatch(address)
    if match is None or address.count("://") > 1:
        return False
    host = normal_host(match["host"])
    if not host or len(host) > _LONGEST_HOST:
        return False
    if host in allowed:
        return True
    labels = host.split(".")
    # A single label (`com`, `localhost`) allows itself and nothing under it.
    return any(".".join(labels[start:]) in allowed for start in range(1, len(labels) - 1))


def find_address(text: str) -> int | None:
    """Where the first address in a text without spaces begins; None where there is none.

    A name of two labels without a path (`example.com`) is a word: Slack never unfurls such a name
    (its label equals its address), and names like it are mostly files and methods. Three labels,
    a port or a path make an address, for those leave room to carry data out.
    """
    starts = [match.start() for match in (_SLASHLESS.search(text), _WWW.search(text)) if match]
    scheme = text.find("://")
    if scheme >= 0:
        while scheme and text[scheme - 1] in _SCHEME_CHARACTERS:
            scheme -= 1
        starts.append(scheme)
    mail = _MAIL.search(text)
    if mail:
        starts.append(mail.start())
    starts.extend(match.start() for match in _NAME.finditer(text) if _is_host(match))
    return min(starts, default=None)


def _is_host(match: re.Match[str]) -> bool:
    labels = match[0].rstrip("-").split(".")
    if not _TOP_LEVEL.fullmatch(labels[-1]):
        return False
    return len(labels) >= _FEWEST_LABELS or bool(_NAME_TAIL.match(match.string, match.end()))


def holds_address(text: str) -> bool:
    """Whether any word of the text is or hides an address."""
    return any(_address_in(word) is not None for word in text.split())


def _address_in(text: str) -> int | None:
    """As `find_address`; 0 when entities, backslashes or emphasis marks hide an address."""
    start = find_address(text)
    before = text[:start]
    shown = html.unescape(_ESCAPED_MARK.sub(r"\1", before))
    readings = {shown, shown.translate(_EMPHASIS)} - {before}
    return 0 if any(find_address(reading) is not None for reading in readings) else start


def split_word(word: str, allowed: frozenset[str], *, ended: bool = True) -> list[AddressPart]:
    """A word in its parts. `ended` is False where a character that may join it follows."""
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
    after = segment[start + len(address) :]
    alone = ended and not (after + rest).replace("&gt;", ">").strip(_TRAILING)
    live = alone and permits(address, allowed)
    yield AddressPart("text", segment[:start])
    yield AddressPart("link" if live else "code", address)
    yield AddressPart("text", after)


def _with_parenthesis(tail: str, address: str) -> str:
    """`…/Rust_(language)` keeps the parenthesis that belongs to it."""
    return tail[: len(address) + 1] if tail[len(address) :].startswith(")") else address
