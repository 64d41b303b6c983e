"""A configured server address, taken apart: credentials and query are sent separately."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from moa.errors import PipelineError
from moa.redaction import HIDDEN, redacted, remember


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address.

    Attributes:
        url: without credentials, query and fragment.
        query: parameters to add to every request, such as `api-version`.
        authorization: the `Authorization` header that the credentials make; None without any.
    """

    url: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, base_url: str) -> Self:
        """Parse a checked address."""
        parts = urlsplit(base_url)
        place = parts.netloc.rpartition("@")[2]
        bare = parts._replace(netloc=place, query="", fragment="").geturl()
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        if parts.username is None:
            return cls(bare, query)
        name, password = unquote(parts.username), unquote(parts.password or "")
        remember(password)
        encoded = b64encode(f"{name}:{password}".encode()).decode("ascii")
        remember(encoded)
        return cls(bare, query, f"Basic {encoded}")

    def joined(self, path: str) -> str:
        """Return the address of a page below it, without the query."""
        return f"{self.url.rstrip('/')}/{path.lstrip('/')}"


def checked_address(base_url: str | None) -> str | None:
    """Return the address unchanged.

    Raises:
        PipelineError: it isn't an http or https address.
    """
    if base_url is not None and not is_http_url(base_url):
        raise PipelineError(
            f'base_url = "{shown_address(base_url)}" isn\'t a URL: '
            "it must start with http:// or https://."
        )
    return base_url


def is_http_url(text: str) -> bool:
    """Return whether the text is an http or https URL with a host and a valid port."""
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        return False


def shown_address(base_url: str) -> str:
    """Return the address as people may read it: credentials and secret-looking parts hidden."""
    front, slashes, rest = base_url.partition("://")
    place, slash, path = rest.partition("/")
    _, at, host = place.rpartition("@")
    return redacted(f"{front}{slashes}{HIDDEN + '@' if at else ''}{host}{slash}{path}")
