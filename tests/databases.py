"""Databases for tests: a SQLite file, or a separate database on a real Postgres.

Fixtures, available in any test by name:

- `database`: the URL of a database with up-to-date tables. A test that uses it runs twice,
  on SQLite and on Postgres. Pass it on: `on_stage(tmp_path, database=database)`,
  `running(tmp_path, slack, database=database)`, `open_database(database)`.
- `opened`: the same database, open (`bot.storage.database.Database`); closed after the test.
- `empty_database`: the URL of a database without tables; also on both.
- `databases`: creates more of them: `databases.fresh("postgres")`.
- `postgres` and `stoppable_database`: the server (`tests.postgres.Postgres`) and the URL of
  a database on it, for tests that stop and start it. They may leave it stopped.

To run on one kind only: `@pytest.mark.parametrize("database", ["postgres"], indirect=True)`.

The server starts when the first test needs it, once per process of pytest-xdist (this takes half
a second), and a fresh database is a copy of a template. With MOA_TEST_POSTGRES set to a server's
URL, databases are created there instead, and dropped afterwards; but tests only stop the server
that they have started.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncGenerator, Callable, Generator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine, make_url

from bot.storage.database import Database, open_database
from bot.storage.migrate import upgrade
from tests.postgres import Postgres

Kind = Literal["sqlite", "postgres"]
KINDS: tuple[Kind, ...] = get_args(Kind)

OTHER_SERVER = "MOA_TEST_POSTGRES"


class Server:
    """Creates databases on a Postgres, and drops them.

    Args:
        url: a database on it whose user may create databases.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._made: list[str] = []
        self._template = ""

    def fresh(self, *, empty: bool = False) -> str:
        """Return the URL of a new database, with or without tables."""
        if empty:
            return self._create("template0")
        if not self._template:
            self._template = self._prepared()
        return self._create(self._template)

    def drop(self, url: str | None = None) -> None:
        """Drop one database made by `fresh`, or all of them; open connections are cut."""
        names = [*self._made] if url is None else [str(make_url(url).database)]
        for name in names:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
            self._made.remove(name)

    def _create(self, template: str) -> str:
        name = f"moa_test_{secrets.token_hex(6)}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        self._made.append(name)
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _prepared(self) -> str:
        url = make_url(self._create("template0"))
        engine = create_engine(url.set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            upgrade(connection)
        engine.dispose()
        return str(url.database)

    def _run(self, statement: str, *names: str) -> None:
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            # the names are ours, and quoted; the type asks for a literal statement
            words = sql.SQL(statement).format(*map(sql.Identifier, names))  # pyright: ignore[reportArgumentType]
            connection.execute(words)


def fresh_sqlite(file: Path) -> str:
    """Copy a database with tables to a new path and return its URL."""
    if not file.exists():
        file.touch(mode=0o600)  # as the bot creates it
        file.write_bytes(_sqlite_template())
    return f"sqlite:///{file}"


@cache
def _sqlite_template() -> bytes:
    """Return the path of a migrated database. Migrating takes as long as a short test."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bot.db"
        engine = create_engine(f"sqlite:///{file}")
        with engine.connect() as connection:
            upgrade(connection)
        engine.dispose()
        return file.read_bytes()


class Databases:
    """Databases that are removed after the test."""

    def __init__(self, folder: Path, server: Callable[[], Server]) -> None:
        self._folder = folder
        self._server = server
        self._made: list[tuple[Server, str]] = []
        self._files = 0

    def fresh(self, kind: str, *, empty: bool = False) -> str:
        """Return the URL of a new database, with up-to-date tables or without any."""
        if kind == "sqlite":
            self._files += 1
            file = self._folder / f"bot-{self._files}.db"
            return f"sqlite:///{file}" if empty else fresh_sqlite(file)
        server = self._server()
        url = server.fresh(empty=empty)
        self._made.append((server, url))
        return url

    def drop(self) -> None:
        """Drop the databases on a server."""
        for server, url in self._made:
            server.drop(url)


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres, None, None]:
    """Return the tests' own server."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_databases(request: pytest.FixtureRequest) -> Generator[Server, None, None]:
    """Return an object that creates databases on Postgres."""
    url = os.environ.get(OTHER_SERVER) or request.getfixturevalue("postgres").url
    server = Server(url)
    yield server
    server.drop()


@pytest.fixture
def databases(tmp_path: Path, request: pytest.FixtureRequest) -> Generator[Databases, None, None]:
    """Return an object that creates databases; Postgres starts when first needed."""
    made = Databases(tmp_path, lambda: request.getfixturevalue("postgres_databases"))
    yield made
    made.drop()


@pytest.fixture(params=KINDS)
def database(databases: Databases, request: pytest.FixtureRequest) -> str:
    """Return the URL of a database with up-to-date tables; once on SQLite, once on Postgres."""
    return databases.fresh(request.param)


@pytest.fixture(params=KINDS)
def empty_database(databases: Databases, request: pytest.FixtureRequest) -> str:
    """Return the URL of a database without tables; once on SQLite, once on Postgres."""
    return databases.fresh(request.param, empty=True)


@pytest.fixture
def stoppable_database(postgres: Postgres) -> Generator[str, None, None]:
    """Return the URL of a database on `postgres`, the server that a test can stop."""
    server = Server(postgres.url)
    yield server.fresh()
    postgres.ensure_running()
    server.drop()


@pytest.fixture
async def opened(database: str) -> AsyncGenerator[Database, None]:
    """Return an open database; once on SQLite, once on Postgres."""
    opened = await open_database(database)
    yield opened
    await opened.dispose()
