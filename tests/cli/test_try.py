"""`moa-bot try`: its address, its options, and its output without models."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.trial.command import trial_settings
from tests.cli.command import LIMIT_S, configure, moa_bot, pipeline, scripted, start

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/\?token=\S+")


async def printed(process: asyncio.subprocess.Process) -> str:
    """Return the output of a trial until it is ready."""
    assert process.stdout
    text = ""
    async with asyncio.timeout(LIMIT_S):
        while "Press Ctrl-C" not in text:
            line = await process.stdout.readline()
            assert line, text
            text += line.decode()
    return text


async def ended(process: asyncio.subprocess.Process, sent: signal.Signals) -> int:
    process.send_signal(sent)
    async with asyncio.timeout(LIMIT_S):
        return await process.wait()


async def test_the_address_opens_the_page_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """The printed address opens the page; the kept folder contains the trial afterwards."""
    configure(tmp_path, {"one": scripted("Hello.")}, pipeline("one", aggregator="one"))
    kept = tmp_path / "kept"
    process = await start(tmp_path, "try", "--keep", str(kept))
    text = await printed(process)
    address = ADDRESS.search(text)
    assert address
    assert "models from moa.toml" in text
    async with ClientSession() as session, session.get(address[0], allow_redirects=False) as answer:
        assert answer.status == 303
    assert await ended(process, signal.SIGINT) == 0
    assert (kept / "slack.json").exists()
    assert (kept / "bot.db").exists()


def _find_nothing(_module: str) -> None:
    return None


def _close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def test_without_a_model_the_settings_say_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no key, file or demo model, a trial still has settings, and gives the remedy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", {})
    monkeypatch.setattr("bot.defaults.find_spec", _find_nothing)
    settings, no_models = trial_settings(tmp_path, None)
    assert list(settings.config.pipelines) == ["none"]
    assert "OPENAI_API_KEY or ANTHROPIC_API_KEY" in no_models


async def test_wrong_options_are_named(tmp_path: Path) -> None:
    """Unknown pipelines, a port in use and a file as the folder are rejected with a remedy."""
    configure(tmp_path, {"one": scripted("Hello.")}, pipeline("one", aggregator="one"))
    result = await moa_bot(tmp_path, "try", "--pipeline", "none")
    assert result.code == 2
    assert '--pipeline "none" is unknown. Choose one of: ' in result.err
    server = await asyncio.start_server(_close, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    process = await start(tmp_path, "try", "--port", str(port))
    _, err = await process.communicate()
    server.close()
    assert process.returncode == 2
    assert f"Can't listen on port {port}" in err.decode()
    result = await moa_bot(tmp_path, "try", "--keep", str(tmp_path / "moa.toml"))
    assert result.code == 2
    assert "this is a file. Name a folder." in result.err
