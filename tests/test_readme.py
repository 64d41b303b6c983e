"""The README's promises, checked literally."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import main
from tests.models.replies import Reply
from tests.models.server import ModelServer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


async def test_the_python_example_prints_a_reply(tmp_path: Path) -> None:
    """The example runs unchanged, against a server that speaks both APIs."""
    import asyncio  # noqa: PLC0415 - of this test only

    [program] = blocks("python")
    assert len([line for line in program.splitlines() if line.strip()]) == 3
    async with ModelServer(default=Reply("Blue light is scattered most.")) as server:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OPENAI_API_KEY": "key",
            "OPENAI_BASE_URL": server.openai_url,
            "ANTHROPIC_API_KEY": "key",
            "ANTHROPIC_BASE_URL": server.anthropic_url,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program),
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
        )
        stdout, _ = await process.communicate()
    assert stdout.decode().strip() == "Blue light is scattered most."
    assert {request.api for request in server.questions} == {"chat", "messages"}


@pytest.mark.parametrize("line", [b for b in "".join(blocks("sh")).splitlines() if "moa-bot" in b])
def test_every_command_of_the_readme_exists(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each `moa-bot` line has an existing command and existing options."""
    words = line.split("moa-bot ", 1)[1].split("#", maxsplit=1)[0].split("<", maxsplit=1)[0]
    name = words.split()[0]
    options = set(re.findall(r"--[a-z]+", words))
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    described = capsys.readouterr().out
    assert all(option in described for option in options)


def test_the_readme_names_the_commands_of_ci() -> None:
    """You can run what CI runs: the README has the everyday command and the full one."""
    assert blocks("sh")[1].splitlines() == ["python3 -m tests"]
    assert "`--all`" in README
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert ci.splitlines()[-1] == "exec python3 -m tests --all"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_the_documents_work(page: Path) -> None:
    """No page links to a missing file."""
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []
