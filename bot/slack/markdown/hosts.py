"""Host names: how browsers read them, and which ones an asker or operator allows."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from unicodedata import category, normalize

import idna
from publicsuffixlist import PublicSuffixList


def _breaks() -> str:
    """Return every character that ends a host in all parsers: spaces, controls, punctuation."""
    ascii_breaks = "".join(chr(code) for code in range(0x80) if not chr(code).isalnum())
    others = (chr(code) for code in range(0x80, 0x20000))
    kinds = "".join(c for c in others if category(c)[0] in "ZP" or category(c) == "Cc")
    return ascii_breaks.replace("-", "").replace("_", "") + kinds


LABEL = f"[^{re.escape(_breaks())}]"
"""A regular expression for one character of a host's label: a letter or sign of any script."""

NAME = re.compile(rf"(?<!{LABEL}){LABEL}++(?:\.{LABEL}++)++")
"""Labels with dots between them: a host, a file, a method or a number."""

# File names that could also be host names. `README.md` in a question must not allow links to the
# domain readme.md.
_FILE_ENDING = re.compile(
    r"app|bat|bz|cc|cfg|css|csv|doc|gz|html?|ini|java|jar|js|json|lock|log|md|mov|mk|ml|mp|pdf|php|"
    r"pl|png|ps|py|rb|rs|sh|so|sql|swift|tar|toml|ts|txt|xml|ya?ml|zip",
    re.IGNORECASE,
)
_ALPHABETIC = re.compile(r"[^\W\d_]{2,}|xn--[a-z0-9\-]+", re.IGNORECASE)
_ASCII_HEAD = re.compile(r"[A-Za-z]{2,}(?=[^\x00-\x7f])")
_RESERVED = frozenset({"alt", "example", "internal", "invalid", "local", "onion", "test"})
"""Top-level domains that no one can register (RFC 6761, 7686, 9476) but that some parsers link."""

_TOKEN = re.compile(r"<([^<>]*)>")
_WRITTEN_URL = re.compile(r"https?://([^\s/?#<>|\"'`\\)\]]+)[^\s<>|]*", re.IGNORECASE)
_WRITTEN_NAME = re.compile(rf"(?<![@./+])(?<!{LABEL}){LABEL}++(?:\.{LABEL}++)++(?![@\-])")
_ASCII_HOST = re.compile(r"[a-z0-9](?:[a-z0-9\-.]*[a-z0-9])?")
_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_AMBIGUOUS = re.compile("[\u00b7\u00df\u0130\u03c2\u1e9e\u200c\u200d]")
"""Characters that IDNA 2003 and 2008 treat differently (UTS 46, section 7), a middle dot, and the
Turkish I."""

_LONGEST_HOST = 253
"""Characters in a DNS name (RFC 1035, 2.3.4)."""


def allowed_hosts(user_texts: Iterable[str], allow_list: Iterable[str] = ()) -> frozenset[str]:
    """Return the hosts that may be linked: those that people wrote, and the allow-list.

    Args:
        user_texts: messages as typed or as Slack delivers them. Full addresses and bare host names
            count. File names, mail addresses, and labels of links and mentions don't: a label says
            nothing about its target.
        allow_list: hosts, optionally with `*.`, a scheme or a path.

    Each host allows itself and its `www.` form, and nothing else.
    """
    found: set[str] = set()
    for text in user_texts:
        typed = _TOKEN.sub(_address_of_token, text)
        found.update(_host_of(authority) for authority in _WRITTEN_URL.findall(typed))
        found.update(_bare_names(_WRITTEN_URL.sub(" ", typed)))
    for entry in allow_list:
        host = re.sub(r"^\w+://", "", entry.strip()).removeprefix("*.")
        found.add(_host_of(re.split(r"[/?#]", host, maxsplit=1)[0]))
    return frozenset(found - {""})


def _address_of_token(token: re.Match[str]) -> str:
    """Return the address in Slack's `<https://…|label>`, or a space for mentions and mail.

    Slack turns a bare name into `<http://good.example|good.example>`, so the person typed only the
    label. Source: https://docs.slack.dev/messaging/formatting-message-text
    """
    target, _, label = token[1].partition("|")
    if not target.lower().startswith(("http://", "https://")):
        return " "
    typed_bare = label and target.partition("://")[2].rstrip("/") == label.rstrip("/")
    return f" {label if typed_bare else target} "


def _bare_names(text: str) -> Iterator[str]:
    for match in _WRITTEN_NAME.finditer(text):
        ending = match[0].rpartition(".")[2]
        if is_alphabetic(ending) and not _FILE_ENDING.fullmatch(ending):
            yield _host_of(match[0])


def _host_of(authority: str) -> str:
    host = authority.rpartition("@")[2]
    return browser_host(re.sub(r":\d*$", "", host))


def browser_host(host: str) -> str:
    """Return the host as browsers read it (UTS 46), in lower-case ASCII; "" if it isn't a host."""
    bare = host.rstrip(".").lower()
    if bare.isascii():
        return bare if re.fullmatch(r"[a-z0-9\-._]+", bare) else ""
    try:
        return idna.encode(bare, uts46=True).decode("ascii")
    except UnicodeError:
        return ""


@lru_cache(maxsize=4_096)
def certain_host(host: str) -> str:
    """Return the host in lower-case ASCII if all parsers read it the same way, otherwise "".

    Parsers disagree about characters that map to others (a full-width letter or dot, `℀`), numbers
    that mean an IP address, and a trailing dot.
    """
    lower = host.lower()
    if len(host) > _LONGEST_HOST or _AMBIGUOUS.search(host) or normalize("NFKC", host) != host:
        return ""
    if lower.isascii() and not _ASCII_HOST.fullmatch(lower):
        return ""
    if _NUMERIC.fullmatch(lower.rpartition(".")[2]):
        return lower if _is_canonical_ip(lower) else ""
    try:
        return idna.encode(lower, strict=True).decode("ascii")
    except UnicodeError:
        return ""


def is_allowed(host: str, allowed: frozenset[str]) -> bool:
    """Return whether a host is allowed, or is the `www.` form of an allowed one."""
    certain = certain_host(host)
    return bool(certain) and (certain in allowed or certain.removeprefix("www.") in allowed)


def _is_canonical_ip(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def is_host(name: str) -> bool:
    """Return whether a parser may treat labels joined by dots as a host.

    If text in another script follows a host without a space, some parsers end the host there.
    """
    labels = name.strip("-_.").split(".")
    if len(labels) == 1:
        return False
    last = labels[-1].rstrip("-_")
    head = _ASCII_HEAD.match(last)
    return is_top_level(last) or bool(head and is_top_level(head[0]))


def is_alphabetic(name: str) -> bool:
    """Return whether the last label could be a top-level domain, even a nonexistent one."""
    last = name.rstrip("-_").rpartition(".")[2]
    return bool(_ALPHABETIC.fullmatch(last)) or (not last.isascii() and is_top_level(last))


def is_file_name(name: str) -> bool:
    """Return whether two labels look like a file name."""
    return bool(_FILE_ENDING.fullmatch(name.rpartition(".")[2]))


@lru_cache(maxsize=4_096)
def is_top_level(label: str) -> bool:
    """Return whether a top-level domain has this name, in Unicode or punycode."""
    lower = label.lower()
    return lower in _RESERVED or _suffixes().publicsuffix(f"a.{lower}") is not None


@cache
def _suffixes() -> PublicSuffixList:
    """Return the list of https://publicsuffix.org. Loaded lazily, since that takes 30 ms."""
    return PublicSuffixList(accept_unknown=False)
