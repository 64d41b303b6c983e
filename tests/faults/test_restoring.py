"""Backups are taken while the bot runs, and restored as docs/operations.md says."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.slack.api.metadata import is_last_message
from tests.databases import Kind, Server
from tests.faults.bot_processes import BotLauncher
from tests.faults.scene import SLOWLY, scene
from tests.postgres import Postgres

Act = Callable[[], Awaitable[None]]


@pytest.fixture(params=["sqlite", "postgres"])
def backed_up(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, Act, Act]:
    """Return a database URL, a function that backs it up, and one that restores the backup."""
    kind: Kind = request.param
    if kind == "sqlite":
        return _file(tmp_path / "bot.db")
    return _server(request.getfixturevalue("postgres"), request)


def _file(file: Path) -> tuple[str, Act, Act]:
    backup = file.with_name("backup.db")

    async def back_up() -> None:
        with closing(sqlite3.connect(file)) as scenario, closing(sqlite3.connect(backup)) as to:
            scenario.backup(to)  # like `.backup` in the sqlite3 command

    async def restore() -> None:
        backup.replace(file)
        for left in ("bot.db-wal", "bot.db-shm"):
            file.with_name(left).unlink(missing_ok=True)

    return f"sqlite:///{file}", back_up, restore


def _server(postgres: Postgres, request: pytest.FixtureRequest) -> tuple[str, Act, Act]:
    server = Server(postgres.url)
    url = server.fresh()
    request.addfinalizer(server.drop)
    kept: list[Path] = []

    async def back_up() -> None:
        kept.append(await postgres.dump(url))

    async def restore() -> None:
        await postgres.restore(url, kept[0])

    return url, back_up, restore


@pytest.mark.parametrize("since", ["answered", "never answered"])
async def test_a_restored_backup_resumes_unfinished_questions(
    tmp_path: Path, launcher: BotLauncher, backed_up: tuple[str, Act, Act], since: str
) -> None:
    """Unfinished questions are answered, unless they were answered since the backup.

    The run store has no record of that answer: it counts the question as failed.
    """
    url, back_up, restore = backed_up
    gate = asyncio.Event()
    async with scene(tmp_path, launcher, url, replace(SLOWLY, gate=gate)) as scenario:
        async with scenario.ready():
            gate.set()
            over = await scenario.ask()
            await scenario.answered(over)
            gate.clear()
            asked = await scenario.ask()
            await scenario.begun(asked)
            await back_up()
            if since == "answered":
                gate.set()
                await scenario.answered(asked)
        await restore()
        gate.set()
        async with scenario.ready():
            if since == "answered":
                await scenario.failed(asked)  # as far as the run store knows
            else:
                await scenario.answered(asked)
            scenario.check(over)
            ours = scenario.ours(asked)
            last = [m for m in ours if is_last_message({"metadata": m.metadata})]
            assert len(last) == 1
            assert sum("nine ten." in message.text for message in ours) == 1
            await scenario.answered(await scenario.ask())
