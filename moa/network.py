"""The proxies and certificate authorities from the environment, for every connection we open.

Read here once, because the libraries below disagree: about the case of the variables, about
`ALL_PROXY`, `NO_PROXY` and ports, and about what to do with a proxy they can't use. Sources:
https://curl.se/docs/manpage.html (`ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`) and
https://nodejs.org/api/cli.html (`NODE_EXTRA_CA_CERTS`).
"""

from __future__ import annotations

import re
import ssl
import sys
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

from moa.environment import Lookup
from moa.errors import MoaError
from moa.redaction import remember

_SECURE: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_PORTS: Final = {"http": 80, "https": 443}
_SUPPORTED: Final = "http"
_OWN_AUTHORITIES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""These replace the system's authorities, as in OpenSSL."""

_MORE_AUTHORITIES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""These are added to them, so that a variable set for another tool can't cut us off."""

_Authorities = tuple[str, str, tuple[int, int] | None]
"""A variable, a path in it, and the state of the file."""

_PATH_SEPARATOR: Final = ";" if sys.platform == "win32" else ":"
_SYSTEM_SETTINGS: Final = frozenset({"darwin", "win32"})


class UnusableNetworkError(MoaError):
    """A proxy or certificate setting can't be used.

    Attributes:
        kind: "proxy" or "certificate".
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class Network:
    """The network settings of the environment.

    Args:
        lookup: finds the variables.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._tls: ssl.SSLContext | None = None

    def proxy_for(self, address: str) -> str | None:
        """Return the URL of the proxy for an address, with its credentials; None for no proxy.

        Raises:
            UnusableNetworkError: it isn't an http:// proxy. It must not be bypassed.
        """
        url = urlsplit(address)
        scheme = _SECURE.get(url.scheme, url.scheme)
        variable, proxy = self._proxy_variable(scheme)
        if not proxy or self._is_exempt(url, scheme):
            return None
        return _checked_proxy(variable, proxy)

    def tls(self) -> ssl.SSLContext:
        """Return the TLS settings for all connections. Blocking: loading takes 70 ms at first.

        Raises:
            UnusableNetworkError: a file of certificates can't be read.
        """
        if self._tls is None:
            self._tls = self._tls_context()
        return self._tls

    def _any_case(self, name: str) -> tuple[str, str | None]:
        """Return a variable's name as it is spelt in the environment, and its value."""
        for spelling in (name.lower(), name.upper(), name.title()):
            if value := self._lookup(spelling):
                return spelling, value
        return name.upper(), None

    def _proxy_variable(self, scheme: str) -> tuple[str, str | None]:
        for name in (f"{scheme}_proxy", "all_proxy"):
            variable, value = self._any_case(name)
            if value:
                return variable, value
        if sys.platform in _SYSTEM_SETTINGS:
            return "the system's proxy", getproxies().get(scheme)
        return "", None

    def _is_exempt(self, url: SplitResult, scheme: str) -> bool:
        _, value = self._any_case("no_proxy")
        host = (url.hostname or "").rstrip(".")
        port = url.port or _PORTS.get(scheme)
        return any(_exempts(entry, host, port) for entry in re.split(r"[\s,;]+", value or ""))

    def _tls_context(self) -> ssl.SSLContext:
        own = [
            (name, path, _state(path))
            for name in _OWN_AUTHORITIES
            for path in _paths(name, self._lookup(name) or "")
        ]
        more = [
            (name, path, _state(path)) for name in _MORE_AUTHORITIES if (path := self._lookup(name))
        ]
        return _loaded(tuple(own), tuple(more))


@lru_cache(maxsize=4)
def _loaded(own: tuple[_Authorities, ...], more: tuple[_Authorities, ...]) -> ssl.SSLContext:
    """Load authorities once per process, as it takes 70 ms; nobody may change the result.

    Args:
        own: trusted instead of the system's.
        more: trusted as well.
    """
    import httpx2  # noqa: PLC0415 - heavy

    if own:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = httpx2.create_ssl_context(trust_env=False)
    for name, path, _ in own + more:
        _trust(context, name, path)
    return context


def _state(path: str) -> tuple[int, int] | None:
    """Return what changes with a file's content; None if there is no file."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def _paths(variable: str, value: str) -> list[str]:
    """Return the paths in a variable; only SSL_CERT_DIR may hold several."""
    separator = _PATH_SEPARATOR if variable == "SSL_CERT_DIR" else None
    return [path for path in (value.split(separator) if separator else [value]) if path]


def _trust(context: ssl.SSLContext, variable: str, path: str) -> None:
    """Trust the certificates in a file, or in a folder of hashed files."""
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except FileNotFoundError:
        raise _unusable(variable, f"there is no file {path}") from None
    except ssl.SSLError:
        raise _unusable(variable, f"{path} contains no certificate in PEM format") from None
    except OSError as error:
        raise _unusable(variable, f"{path} can't be read ({error.strerror})") from None


def _unusable(variable: str, why: str) -> UnusableNetworkError:
    return UnusableNetworkError(f"{variable}: {why}.", kind="certificate")


def _checked_proxy(variable: str, proxy: str) -> str:
    """Return the proxy's URL; a value without a scheme is an http proxy, as in curl."""
    url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    remember(url.password)
    try:
        usable = url.scheme == _SUPPORTED and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:  # the port isn't a number
        usable = False
    if not usable:
        scheme = url.scheme if re.fullmatch(r"[a-z][a-z0-9+.-]{0,15}", url.scheme) else ""
        named = f"a {scheme}:// proxy" if scheme not in {"", _SUPPORTED} else "no usable address"
        raise UnusableNetworkError(
            f"Unsupported proxy: {variable} holds {named}. "
            "Set it to an http:// proxy, or list the server in NO_PROXY.",
            kind="proxy",
        )
    return url.geturl()


def _exempts(entry: str, host: str, port: int | None) -> bool:
    """Return whether an entry of `NO_PROXY` covers a host.

    An entry is `*`, a host, a domain with or without a leading `.` or `*.` (which covers its
    subdomains too), an IP address, a network such as `10.0.0.0/8`, or a pattern such as `10.*`.
    All but networks may end in a port.
    """
    entry = entry.rpartition("://")[2].rstrip("/").lower()
    if entry in {"", "*"}:
        return entry == "*"
    name, entry_port = _host_and_port(entry)
    if entry_port and entry_port != port:
        return False
    if _is_same_network(name, host):
        return True
    if "*" in name.removeprefix("*."):
        return fnmatchcase(host, name)
    name = name.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _host_and_port(entry: str) -> tuple[str, int | None]:
    """Split "host:port"; an IPv6 address with a port is in brackets."""
    if found := re.fullmatch(r"\[([^\]]*)\](?::(\d{1,5}))?", entry):
        return found[1], int(found[2]) if found[2] else None
    name, colon, port = entry.rpartition(":")
    if colon and ":" not in name and port.isdecimal():
        return name, int(port)
    return entry, None


def _is_same_network(name: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        return False
