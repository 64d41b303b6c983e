"""Parses DATABASE_URL, and explains database errors without showing the password."""

from __future__ import annotations

import re
from urllib.parse import quote

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from bot.errors import ConfigurationError

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",  # the form that many hosting services use
}


UNENCODED = (
    "DATABASE_URL has a password with special characters. Percent-encode them: @ as %40, : as %3A, "
    "/ as %2F, ? as %3F, # as %23, % as %25."
)


def read_url(url: str) -> URL:
    """Return the URL with the driver for its database.

    Raises:
        ConfigurationError: it isn't a URL, or names an unsupported database.
    """
    if _has_bare_password(url):
        raise ConfigurationError(UNENCODED)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: the port is not a number
        raise ConfigurationError(
            "DATABASE_URL is not a database address. Write sqlite:///path/to/file.db or "
            "postgresql://user:password@host/name."
        ) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigurationError(
            "DATABASE_URL names no file, so all data would be lost when the process ends. "
            "Write sqlite:///path/to/file.db."
        )
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise ConfigurationError(
            f"DATABASE_URL names {parsed.get_backend_name()}, which isn't supported. Use sqlite "
            "or postgresql."
        )
    if not parsed.database:
        raise ConfigurationError(
            "DATABASE_URL names a server but no database. Write "
            "postgresql://user:password@host/name."
        )
    return parsed.set(drivername=driver)


def _has_bare_password(url: str) -> bool:
    """Return whether the password contains an `@` that must be percent-encoded.

    Such a URL is misread: the part after the `@` becomes the host or the database, which messages
    show.
    """
    scheme, _, rest = url.partition("://")
    name, colon, password = rest.partition(":")
    _, at, tail = password.partition("@")
    if not (colon and at) or "/" in name or not scheme.startswith("postgres"):
        return False
    place, _, query = tail.partition("?")
    return "@" in place or "@" in query.partition("=")[0]


def location(url: URL) -> str:
    """Return where a database is, its file or "host/name", without user and password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    host = url.host or url.query.get("host") or "localhost"  # the query has a socket's folder
    return f"{host}/{url.database}"


def explain(url: URL, error: Exception) -> str:
    """Return why a database can't be used and what to check, without its password or query."""
    check = (
        "its folder exists and can be written to"
        if url.get_backend_name() == "sqlite"
        else "the server runs and its user may create tables there (Postgres 15 and later: GRANT "
        "CREATE ON SCHEMA public)"
    )
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    words = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    words = _without_password(words, url, cause)
    where = location(url)
    return f"The database {where} can't be used: {words}. Check DATABASE_URL, and that {check}."


def _without_password(words: str, url: URL, cause: BaseException) -> str:
    """Return a driver's message with `:password@` masked.

    If the password occurs in any other form, only the error's type is returned: a short password
    may be an ordinary word of the message, and masking words would garble it.
    """
    for password in filter(None, (url.password, url.query.get("password"))):
        for form in {str(password), quote(str(password), safe="")}:
            words = words.replace(f":{form}@", ":***@")
            if re.search(rf"(?<!\w){re.escape(form)}(?!\w)", words):
                return type(cause).__name__
    return words
