"""Which workers live: a lock file on SQLite, advisory locks on a real Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.errors import ConfigurationError
from bot.jobs.membership import LOCKS, ClusterView, PostgresMembership, SingleProcess
from tests.databases import Databases
from tests.postgres import Postgres

DRIVER = "postgresql+psycopg"


@asynccontextmanager
async def worker(url: str) -> AsyncGenerator[PostgresMembership, None]:
    """A worker on a Postgres database; gone at the end."""
    engine = create_async_engine(make_url(url).set(drivername=DRIVER), pool_pre_ping=True)
    presence = PostgresMembership(engine)
    try:
        yield presence
    finally:
        await presence.leave()
        await engine.dispose()


def cut_off(url: str, name: str) -> None:
    """End the session that holds a worker's lock, as a lost connection does."""
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks "
            "WHERE locktype = 'advisory' AND classid = %s AND objid = %s",
            (LOCKS, int(name)),
        )


async def led(presence: PostgresMembership) -> ClusterView:
    """What a worker sees once it leads: the server takes a moment to notice who has gone."""
    async with asyncio.timeout(30):
        while not (sight := await presence.look()).leads:
            pass
    return sight


@pytest.fixture
def url(databases: Databases) -> str:
    """A database on Postgres."""
    return databases.fresh("postgres", empty=True)


async def test_a_second_process_on_a_file_is_told_what_to_do(tmp_path: Path) -> None:
    """The words name the file and the way out; once the first has gone there is room again."""
    file = tmp_path / "bot.db"
    first = SingleProcess(file)
    with pytest.raises(ConfigurationError, match=r"Another moa-bot .*bot\.db.*DATABASE_URL"):
        SingleProcess(file)
    await first.leave()
    second = SingleProcess(file)
    assert (await second.look()).leads
    assert second.worker != first.worker
    await second.leave()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    """A lock file that cannot be made is explained in words."""
    (tmp_path / "folder").touch()
    with pytest.raises(ConfigurationError, match="cannot be locked"):
        SingleProcess(tmp_path / "folder" / "bot.db")


async def test_workers_see_each_other_and_one_leads(url: str) -> None:
    """Everybody who looks sees all who are there; the one who came first leads."""
    async with worker(url) as one, worker(url) as other:
        assert (await one.look()).leads
        assert not (await other.look()).leads
        assert (await one.look()).workers == (await other.look()).workers
        assert (await one.look()).workers == {one.worker, other.worker}


async def test_databases_of_one_server_are_apart(url: str, databases: Databases) -> None:
    """Two bots on one server, each with a database of its own, do not see each other."""
    elsewhere = databases.fresh("postgres", empty=True)
    async with worker(url) as one, worker(elsewhere) as other:
        assert (await one.look()).leads
        sight = await other.look()
        assert sight.leads
        assert sight.workers == {other.worker}


async def test_when_the_leader_goes_another_leads(url: str) -> None:
    """A worker that left is not seen any more, and its lead passes on."""
    async with worker(url) as other:
        async with worker(url) as one:
            assert (await one.look()).leads
            assert not (await other.look()).leads
        sight = await led(other)
        assert sight.workers == {other.worker}


async def test_a_worker_that_was_cut_off_is_back_with_its_next_look(url: str) -> None:
    """A lost connection is replaced at once: nobody need take its runs over."""
    async with worker(url) as one, worker(url) as other:
        await one.look()
        await other.look()
        cut_off(url, one.worker)
        back = await one.look()
        assert back.workers is not None
        assert one.worker in back.workers
        seen = (await other.look()).workers
        assert seen is not None
        assert one.worker in seen


async def test_a_lock_of_a_lost_connection_is_taken_over_from_it(url: str) -> None:
    """While the server still believes in the old connection, the new one waits for its lock."""
    async with worker(url) as one, worker(url) as other:
        with psycopg.connect(url, autocommit=True) as stale:
            stale.execute("SELECT pg_advisory_lock(%s, %s)", (LOCKS, int(one.worker)))
            assert one.worker in ((await one.look()).workers or ())
            # The end of a connection is not waited for, so its lock is freed before.
            stale.execute("SELECT pg_advisory_unlock_all()")
        await one.look()
        assert one.worker in ((await other.look()).workers or ())


async def test_without_its_server_a_worker_sees_nothing_and_leads_nobody(
    postgres: Postgres,
) -> None:
    """Who cannot look must not take others for dead; when the server is back all is as before."""
    async with worker(postgres.url) as one:
        assert (await one.look()).leads
        await postgres.stop("immediate")
        try:
            sight = await one.look()
        finally:
            await postgres.start()
        assert sight.workers is None
        assert not sight.leads
        sight = await one.look()
        assert sight.workers == {one.worker}
        assert sight.leads
