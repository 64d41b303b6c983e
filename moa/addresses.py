"""Checks the addresses of servers, and shows them without their secrets."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote_plus, urlsplit

from moa.redaction import HIDDEN

NOT_HTTP = 'must begin with "http://" or "https://" and name a host'
HAS_LOGIN = "must not contain a user name or password"
BAD_CHARACTER = "must not contain spaces, line breaks or control characters"
BAD_PORT = "must name a port from 0 to 65535, or none"

_LOGIN = re.compile(r"^((?:[\w+.-]+://)?).*@", re.DOTALL)
"""Everything before the last "@": a password may contain any character."""

_NAMES_KEY = re.compile(r"key|token|secret|sig|pass|auth|code", re.IGNORECASE)
LONG = 20
"""A value of at least this many characters counts as a key, whatever its name."""

_VALUE = re.compile(r"(?<==)[^&#\s]+")


def address_problem(address: str, *, login: bool = False) -> str | None:
    """Return what is wrong with an HTTP address, without quoting it; None if nothing is.

    Args:
        address: the address.
        login: whether it may have a user name and a password.
    """
    if not address.isprintable() or " " in address:
        return BAD_CHARACTER
    try:
        url = urlsplit(address)
        if url.scheme not in {"http", "https"} or not url.hostname:
            return NOT_HTTP
        url.hostname.encode("idna")  # rejects empty and overlong labels, as a lookup would
    except ValueError:
        return NOT_HTTP
    if not login and (url.username is not None or url.password is not None):
        return HAS_LOGIN
    return _port_problem(url)


def _port_problem(url: SplitResult) -> str | None:
    try:
        url.port  # noqa: B018 - parsed here
    except ValueError:
        return BAD_PORT
    return None


def is_loopback(address: str) -> bool:
    """Return whether an HTTP address leads to this machine's own network interface."""
    try:
        host = (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def shown_address(address: str) -> str:
    """Return an address for a report: without a login, and with the values of its query hidden."""
    before, mark, query = address.partition("?")
    return _LOGIN.sub(r"\1", before) + mark + _VALUE.sub(HIDDEN, query)


def query_keys(address: str) -> list[str]:
    """Return the values in an address's query that may be keys, both decoded and as written."""
    try:
        query = urlsplit(address).query
    except ValueError:
        return []
    pairs = [pair.partition("=") for pair in query.split("&")]
    values = [value for name, _, value in pairs if _NAMES_KEY.search(name) or len(value) >= LONG]
    return [*values, *map(unquote_plus, values)]
