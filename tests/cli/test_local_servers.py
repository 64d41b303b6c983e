"""With a model server on this machine, no setup is needed."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.playground.server import LocalSlack
from tests.cli.command import ROOT, end, moa_bot, moa_bot_process, start
from tests.models import ModelServer, Reply, Status
from tests.models.local_servers import OLLAMA_FAMILIES, ollama


def with_ollama(server: ModelServer) -> dict[str, str]:
    """Return the variables of a machine on which this Ollama runs."""
    return {"OLLAMA_HOST": urlsplit(server.url).netloc, "MOA_LOCAL_SERVERS": ""}


def first_command() -> list[str]:
    """Return the arguments of the first `moa-bot` command in the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^.*?\bmoa-bot (ask .*)$", readme, re.MULTILINE)
    assert found
    return shlex.split(found[1], comments=True)


async def test_the_readmes_first_command_answers_with_ollamas_models(tmp_path: Path) -> None:
    """Without a key or file, Ollama's models answer, and one line says so."""
    async with ollama() as server:
        result = await moa_bot_process(tmp_path, *first_command(), variables=with_ollama(server))
        asked = {request.model for request in server.questions}
    assert result.code == 0
    assert "Says mistral:7b." in result.out
    assert asked == set(OLLAMA_FAMILIES)
    assert f"models from Ollama at {server.openai_url} (no key, no moa.toml)" in result.err
    assert "demonstration" not in result.err
    assert "no cost" in result.err


async def test_one_model_answers_several_times(tmp_path: Path) -> None:
    """Self-MoA is used, with the thread in every prompt."""
    async with ollama({"gemma3:4b": "gemma3"}) as server:
        variables = with_ollama(server)
        result = await moa_bot(tmp_path, "ask", "Why?", "--json", variables=variables)
        assert len(server.questions) == 4
    document = json.loads(result.out)
    assert [answer["model"] for answer in document["answers"]] == ["gemma3:4b"] * 3
    assert document["reply"] == "Says gemma3:4b."


async def test_ask_waits_for_a_loading_model(tmp_path: Path) -> None:
    """A server that is still loading answers at the second attempt."""
    loading = Reply(fault=Status(503, {"error": {"message": "Loading model", "code": 503}}))
    async with ModelServer({"phi-4": [loading, Reply("Yes.")]}) as server:
        variables = {"MOA_LOCAL_SERVERS": server.url}
        asked = ("ask", "Why?", "--pipeline", "single")
        result = await moa_bot(tmp_path, *asked, variables=variables)
    assert result.code == 0
    assert "Yes." in result.out


async def test_check_names_the_server_and_tries_its_models(tmp_path: Path) -> None:
    """One line says where the models come from, and each of them is probed."""
    async with ollama() as server:
        result = await moa_bot(tmp_path, "check", variables=with_ollama(server))
    assert result.code == 0
    assert f"models and pipelines from Ollama at {server.openai_url}" in result.out
    for name in OLLAMA_FAMILIES:
        assert f"ok       {name}: openai, {name} at {server.openai_url}" in result.out
    assert "price: unknown" not in result.out


async def test_a_starting_bot_reports_where_its_models_come_from(tmp_path: Path) -> None:
    """Its start message names the server."""
    async with ollama() as server, LocalSlack() as slack:
        variables = with_ollama(server) | {
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "LOG_FORMAT": "json",
        }
        process = await start(tmp_path, "run", variables=variables)
        starting = await line_of(process, "starting")
        process.terminate()
        await end(process)
    assert starting["configuration"].startswith("Ollama at ")


async def line_of(process: asyncio.subprocess.Process, event: str) -> dict[str, Any]:
    """Read the process's log up to this event."""
    assert process.stderr is not None
    async with asyncio.timeout(60):
        async for line in process.stderr:
            found = json.loads(line) if line.startswith(b"{") else {}
            if found.get("event") == event:
                return found
    raise AssertionError(f"the log ended without {event}")


async def test_the_documents_configuration_works(tmp_path: Path) -> None:
    """The configuration in docs/models.md runs with only the port changed."""
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    [block] = [
        b for b in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[pipelines.local]" in b
    ]
    async with ollama() as server:
        text = block.replace("http://localhost:11434", server.url)
        (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
        assert (await moa_bot(tmp_path, "check")).code == 0
        result = await moa_bot(tmp_path, "ask", "Why?")
    assert "Says qwen2.5:7b." in result.out
