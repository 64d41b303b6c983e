"""Databases for tests: a SQLite file, or a database of its own on a real Postgres.

Fixtures, all of which are found by name in any test:

- `database`: the URL of a database whose tables are up to date. A test that takes it runs twice,
  on SQLite and on Postgres. Hand it on: `on_stage(tmp_path, database=database)`,
  `running(tmp_path, slack, database=database)`, `open_database(database)`.
- `opened`: that database, open (`bot.storage.database.Database`); it is closed after the test.
- `empty_database`: the URL of one without any table; also on both.
- `databases`: makes such URLs: `databases.fresh("postgres")`, as many as a test needs.
- `postgres` and `stoppable_database`: the server itself (`tests.postgres.Postgres`) and the URL of
  a database there, for a test that stops and starts it. It may be left stopped.

One kind alone: `@pytest.mark.parametrize("database", ["postgres"], indirect=True)`.

The server is started when the first test needs one, in each process of pytest-xdist (it takes half
a second), and a fresh database is a copy of a prepared one. With MOA_TEST_POSTGRES set to the URL
of a server, databases are made there in place of it, and dropped again; but what is stopped is
always our own.
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
    """Makes databases on a Postgres, and drops them.

    Args:
        url: a database on it whose user may create others.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._made: list[str] = []
        self._template = ""

    def fresh(self, *, empty: bool = False) -> str:
        """The URL of a new database, with tables or without."""
        if empty:
            return self._create("template0")
        if not self._template:
            self._template = self._prepared()
        return self._create(self._template)

    def drop(self, url: str | None = None) -> None:
        """Drop a database that `fresh` made, or all of them; whoever uses it is cut off."""
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
            # The names are ours, and quoted; the type asks for a literal statement.
            words = sql.SQL(statement).format(*map(sql.Identifier, names))  # pyright: ignore[reportArgumentType]
            connection.execute(words)


def fresh_sqlite(file: Path) -> str:
    """Copy a database with tables to where there is none yet; return its URL."""
    if not file.exists():
        file.touch(mode=0o600)  # as the bot creates it
        file.write_bytes(_sqlite_template())
    return f"sqlite:///{file}"


@cache
def _sqlite_template() -> bytes:
    """The file of a database; its migrations take as long as a short test."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bot.db"
        engine = create_engine(f"sqlite:///{file}")
        with engine.connect() as connection:
            upgrade(connection)
        engine.dispose()
        return file.read_bytes()


class Databases:
    """Databases of one test, which are gone after it."""

    def __init__(self, folder: Path, server: Callable[[], Server]) -> None:
        self._folder = folder
        self._server = server
        self._made: list[tuple[Server, str]] = []
        self._files = 0

    def fresh(self, kind: str, *, empty: bool = False) -> str:
        """The URL of a new database; its tables are up to date, or there are none."""
        if kind == "sqlite":
            self._files += 1
            file = self._folder / f"bot-{self._files}.db"
            return f"sqlite:///{file}" if empty else fresh_sqlite(file)
        server = self._server()
        url = server.fresh(empty=empty)
        self._made.append((server, url))
        return url

    def drop(self) -> None:
        """Drop those that stand on a server."""
        for server, url in self._made:
            server.drop(url)


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres, None, None]:
    """The tests' own server."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_databases(request: pytest.FixtureRequest) -> Generator[Server, None, None]:
    """Where databases on Postgres are made."""
    url = os.environ.get(OTHER_SERVER) or request.getfixturevalue("postgres").url
    server = Server(url)
    yield server
    server.drop()


@pytest.fixture
def databases(tmp_path: Path, request: pytest.FixtureRequest) -> Generator[Databases, None, None]:
    """Makes databases for a test; Postgres is started once one is needed there."""
    made = Databases(tmp_path, lambda: request.getfixturevalue("postgres_databases"))
    yield made
    made.drop()


@pytest.fixture(params=KINDS)
def database(databases: Databases, request: pytest.FixtureRequest) -> str:
    """The URL of a database whose tables are up to date; once on SQLite, once on Postgres."""
    return databases.fresh(request.param)


@pytest.fixture(params=KINDS)
def empty_database(databases: Databases, request: pytest.FixtureRequest) -> str:
    """The URL of a database without a table; once on SQLite, once on Postgres."""
    return databases.fresh(request.param, empty=True)


@pytest.fixture
def stoppable_database(postgres: Postgres) -> Generator[str, None, None]:
    """The URL of a database on `postgres`, the server that a test can stop."""
    server = Server(postgres.url)
    yield server.fresh()
    postgres.ensure_running()
    server.drop()


@pytest.fixture
async def opened(database: str) -> AsyncGenerator[Database, None]:
    """An open database; once on SQLite, once on Postgres."""
    opened = await open_database(database)
    yield opened
    await opened.dispose()
