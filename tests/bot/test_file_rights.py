"""Which users of the computer can open the bot's files."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.storage.database import open_database
from tests.cli.command import configure, moa_bot, pipeline, scripted
from tests.stage import on_stage


@pytest.fixture(autouse=True)
def open_umask() -> Generator[None, None, None]:
    """Set an open umask, so new files get every permission."""
    before = os.umask(0)
    yield
    os.umask(before)


def rights(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.glob("bot.db*")}


async def test_new_database_files_are_private(tmp_path: Path) -> None:
    """The database, its WAL and its lock file have mode 0600."""
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    async with on_stage(tmp_path, database=url) as stage:
        await stage.replied(await stage.ask("What is the risk?"))
        assert rights(tmp_path) == dict.fromkeys(
            ("bot.db", "bot.db-wal", "bot.db-shm", "bot.db.lock"), 0o600
        )


async def test_existing_rights_are_kept_and_reported(tmp_path: Path) -> None:
    """An existing database keeps its mode, and the log says how to restrict it."""
    file = tmp_path / "bot.db"
    file.touch(0o644)
    with capture_logs() as logged:
        database = await open_database(f"sqlite:///{file}")
        await database.dispose()
    [warning] = [line for line in logged if line["log_level"] == "warning"]
    assert warning["event"] == "database_open_to_other_users"
    assert f"chmod 600 {file}" in warning["fix"]
    assert file.stat().st_mode & 0o777 == 0o644


async def test_a_private_database_causes_no_warning(tmp_path: Path) -> None:
    """With mode 0600 nothing is logged, on the first start or the next."""
    with capture_logs() as logged:
        for _ in range(2):
            database = await open_database(f"sqlite:///{tmp_path / 'bot.db'}")
            await database.dispose()
    assert [line for line in logged if line["log_level"] == "warning"] == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o666])
async def test_check_warns_of_files_that_others_can_open(tmp_path: Path, mode: int) -> None:
    """`moa-bot check` names `.env` and the database and the command that fixes them, and passes."""
    configure(tmp_path, {"one": scripted()}, pipeline("one", aggregator="one"))
    for name in (".env", "moa-bot.db"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    result = await moa_bot(tmp_path, "check")
    assert result.code == 0
    assert "warning  .env holds keys" in result.out
    assert "chmod 600 .env" in result.out
    assert "chmod 600 moa-bot.db" in result.out


async def test_check_accepts_private_files(tmp_path: Path) -> None:
    """With 0600 on both there is no warning."""
    configure(tmp_path, {"one": scripted()}, pipeline("one", aggregator="one"))
    (tmp_path / ".env").touch(0o600)
    result = await moa_bot(tmp_path, "check")
    assert "warning" not in result.out
    assert (tmp_path / "moa-bot.db").stat().st_mode & 0o777 == 0o600
