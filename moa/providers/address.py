"""A configured server address, taken apart: credentials and query are sent separately."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from moa.addresses import NOT_HTTP, address_problem, query_keys, shown_address
from moa.errors import PipelineError
from moa.redaction import redacted, remember


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address.

    Attributes:
        url: without credentials, query and fragment.
        query: parameters to add to every request, such as `api-version`.
        authorization: the `Authorization` header with the credentials; None without any.
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


def checked_address(base_url: str | None) -> str | None:
    """Return the address unchanged, and hide the keys in its query from now on.

    Raises:
        PipelineError: it isn't an http or https address.
    """
    if base_url is not None:
        if problem := address_problem(base_url, login=True):
            shown = redacted(shown_address(base_url)) if problem == NOT_HTTP else "…"
            raise PipelineError(f'base_url = "{shown}" {problem}.')
        for key in query_keys(base_url):
            remember(key)
    return base_url
