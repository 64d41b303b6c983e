"""`moa-bot --help` is fast: each command imports its heavy dependencies itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import environment, moa_bot

HEAVY = {
    "aiohttp",
    "anthropic",
    "httpx2",
    "moa",
    "openai",
    "pydantic",
    "rich",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
    "structlog",
    "uvicorn",
    "xllamacpp",
    "yaml",
}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_nothing_heavy_is_imported(tmp_path: Path, argument: str) -> None:
    """No SDK, no engine, no terminal library and no Slack library is imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", argument],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "bot.cli" in imported
    assert not {name.partition(".")[0] for name in imported} & HEAVY
    assert done.stdout


async def test_help_names_every_command(tmp_path: Path) -> None:
    """The help also explains the exit codes."""
    done = await moa_bot(tmp_path, "--help")
    assert done.code == 0
    for word in ("ask", "run", "check", "manifest", "--version", "exit codes: 0"):
        assert word in done.out
