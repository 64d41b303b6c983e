"""The database is locked, full or unavailable for a while: each question is answered once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.databases import Server
from tests.faults.bot_processes import BotLauncher
from tests.faults.scene import SLOWLY, scene
from tests.models.replies import Reply
from tests.postgres import Postgres

LARGE = "word " * 8_000
"""An answer for which the file has to grow."""


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{tmp_path / 'bot.db'}"


@contextmanager
def locked(url: str) -> Generator[None, None, None]:
    """Lock the file as another process, such as a backup, would."""
    connection = sqlite3.connect(str(make_url(url).database), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


async def test_the_bot_waits_for_a_locked_file(
    tmp_path: Path, launcher: BotLauncher, sqlite: str
) -> None:
    """Slack repeats a question that arrives meanwhile; a running one waits to store its answers."""
    gate = asyncio.Event()
    async with (
        scene(tmp_path, launcher, sqlite, replace(SLOWLY, gate=gate)) as scenario,
        scenario.ready(),
    ):
        first = await scenario.ask()
        await scenario.services.models.asked(4)
        with locked(sqlite):
            gate.set()
            second = await scenario.ask()
            delivery = scenario.slack.deliveries[-1]
            scenario.slack.clock.advance(4)
            await scenario.slack.wait_for(lambda: delivery.acks and not delivery.acks[0].ok)
            await scenario.wrote(first)
        await scenario.answered(first, second)


async def test_a_full_disk_is_survived(tmp_path: Path, launcher: BotLauncher, sqlite: str) -> None:
    """A question waits while nothing can be stored, and continues when there is room."""
    gate, full = asyncio.Event(), tmp_path / "full"
    async with scene(tmp_path, launcher, sqlite) as scenario, scenario.ready(full=full) as bot:
        await scenario.answered(await scenario.ask())
        scenario.services.models.models["red-1"] = Reply(LARGE, gate=gate)
        asked = await scenario.ask()
        await scenario.begun(asked)
        full.touch()
        gate.set()
        await bot.wait_for_log("database_away")
        late = await scenario.ask()
        await scenario.slack.wait_for(lambda: scenario.slack.deliveries[-1].acks)
        full.unlink()
        scenario.slack.clock.advance(61)  # Slack resends events that could not be stored
        await scenario.answered(asked, late)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_the_bot_waits_for_a_restarting_postgres(
    tmp_path: Path, launcher: BotLauncher, postgres: Postgres, mode: str
) -> None:
    """The server is upgraded, or crashes, in the middle of questions."""
    server = Server(postgres.url)
    gate = asyncio.Event()
    async with (
        scene(
            tmp_path, launcher, server.fresh(empty=False), replace(SLOWLY, gate=gate)
        ) as scenario,
        scenario.ready() as bot,
    ):
        asked = [await scenario.ask(), await scenario.ask()]
        await scenario.services.models.asked(8)
        await postgres.stop(mode)
        gate.set()
        await bot.wait_for_log("database_away")
        await postgres.start()
        await scenario.answered(*asked)
        await scenario.answered(await scenario.ask())
        log = bot.log_text
        assert (log.count("database_away"), log.count("database_back")) == (1, 1)
        assert "queue_lost" not in log
        assert "recovery_failed" not in log
    server.drop()
