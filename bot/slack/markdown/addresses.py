"""Decides which addresses are safe: every parser must read the same allowed host."""

from __future__ import annotations

import re
from unicodedata import category, normalize
from urllib.parse import unquote

from bot.slack.markdown.hosts import LABEL, NAME, is_allowed, is_host

_PLAIN = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?://)?(?P<host>[^\s/?#@:\\%,;()!'&=+$*_~]+)(?P<port>:[0-9]+)?"
    r"(?P<path>/[A-Za-z0-9\-._~/%+,:@()=&]*)?"
    r"(?P<query>\?[A-Za-z0-9\-._~/%+,:()=&]*)?"
    r"(?P<anchor>#[A-Za-z0-9\-._~/%+,:()=&?]*)?",
)
_BARE_TAIL = re.compile(r"[A-Za-z0-9\-._~/%+=&?#]*")
"""What may follow a host without a scheme, which some parsers don't treat as an address."""

_WORDS = r"[A-Za-z0-9\-]+(?:[._][A-Za-z0-9\-]+)*"
_LAST_SEGMENT = re.compile(rf"(?<=/){_WORDS}\Z")
_ANCHOR = re.compile(rf"#{_WORDS}")
_HIGHEST_PORT = 65_535
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WIKI_FILE = "file:"
"""`/wiki/File:Flag.png` is a page. File addresses have slashes, which are refused anyway."""

_DECODINGS = 3
"""How many times a URL escape may be escaped again."""

SCHEME = re.compile(
    r"(?<![^\W_])(?:mailto|tel|sms|javascript|vbscript|data|file|slack|blob|callto|sips?|xmpp|"
    r"skype|facetime|magnet|geo|intent|view-source|https?|ftp):(?=\S)",
    re.IGNORECASE,
)
"""A scheme that works without `//`."""

WWW = re.compile(r"(?<![^\W_])www\d?\.(?=\w)", re.IGNORECASE)
IP = re.compile(rf"(?<!\d)(?<!\d\.)\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?!{LABEL}|\.\w)")


def permits(address: str, allowed: frozenset[str]) -> bool:
    """Return whether every parser reads the address as a web address on an allowed host.

    False if the part after the host may contain another address, escaped or not, or any character
    that parsers read differently.
    """
    match = _PLAIN.fullmatch(address)
    if match is None or not is_allowed(match["host"], allowed):
        return False
    path, query, anchor = (match[part] or "" for part in ("path", "query", "anchor"))
    tail = path + query + anchor
    if match["scheme"] is None:
        plain = match["port"] is None and _BARE_TAIL.fullmatch(tail)
        return bool(plain) and _has_no_address(tail, tail)
    if "@" in path and not path.startswith("/"):
        return False
    return _is_port(match["port"]) and _has_no_address(tail, _without_names(path, query, anchor))


def _is_port(port: str | None) -> bool:
    return port is None or (0 < int(port[1:6]) <= _HIGHEST_PORT and len(port) <= len(":65535"))


def _without_names(path: str, query: str, anchor: str) -> str:
    """Return the part after the host without names that can't be hosts in their position.

    These are the last segment of a path (`/methods/users.info`, `/README.md`) and an anchor
    (`#subprocess.run`). No parser ends an address with a scheme before them.
    """
    if _ANCHOR.fullmatch(anchor):
        anchor = ""
    if not query:
        path = _LAST_SEGMENT.sub("", path)
    return path + query + anchor


def _has_no_address(tail: str, without_names: str) -> bool:
    """Return whether the part after a host contains no address and no start of one."""
    text, names = _decode(tail), _decode(without_names)
    if text is None or names is None or "//" in text or "\\" in text:
        return False
    if any(category(character)[0] == "C" for character in text):
        return False
    if WWW.search(text) or any(m[0].lower() != _WIKI_FILE for m in SCHEME.finditer(text)):
        return False
    return not (IP.search(names) or any(is_host(match[0]) for match in NAME.finditer(names)))


def _decode(text: str) -> str | None:
    """Return the text with all URL escapes decoded, or None if that is ambiguous."""
    if _BAD_ESCAPE.search(text):
        return None
    for _ in range(_DECODINGS):
        try:
            decoded = unquote(text, errors="strict")
        except UnicodeDecodeError:
            return None
        if decoded == text:
            return normalize("NFKC", text)
        text = decoded
    return None
