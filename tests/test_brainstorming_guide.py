"""docs/brainstorming.md: each example runs and prints what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import moa.brainstorm
from moa.brainstorm import DEFAULT_CALLS
from tests.models.replies import Reply, Request
from tests.models.server import ModelServer
from tests.test_python_guide import BLOCK, printed_by

PAGE = (Path(__file__).parent.parent / "docs" / "brainstorming.md").read_text(encoding="utf-8")
NUMBERED = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)


def _reply(request: Request) -> str:
    content = request.turns[-1][1]
    if numbered := NUMBERED.findall(content):
        dogs = [[int(n)] for n, text in numbered if "dogs" in text]
        rest = [[int(n)] for n, text in numbered if "dogs" not in text]
        themes = [{"title": "Comfort", "ideas": rest}, {"title": "Company", "ideas": dogs}]
        return json.dumps({"themes": themes})
    if "result of this brainstorm" in content:
        return "## Short list\n- **A bench**: people rest"
    return "I walk a lot.\n1. A bench (p=0.1)\n2. A roof (p=0.05)"


async def test_every_example_prints_its_documented_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """They run against a server that speaks both APIs."""
    names: dict[str, Any] = {"__name__": "guide"}
    printed = ""
    async with ModelServer(default=Reply(_reply)) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "a-key")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.anthropic_url)
        for kind, body in BLOCK.findall(PAGE[PAGE.index("## From Python") :]):
            if kind == "python":
                printed = await printed_by(body, names)
            else:
                assert printed.rstrip() == body.rstrip()
        await server.all_closed()


def test_every_function_and_the_defaults_are_described() -> None:
    """The table of functions is complete, and the default number of calls is the code's."""
    functions = [
        name
        for name in moa.brainstorm.__all__
        if name[0].islower() and name not in {"idea_models", "ideas_of", "kind_of_author"}
    ]
    assert [name for name in functions if f"`{name}`" not in PAGE] == []
    assert f"(default {DEFAULT_CALLS})" in PAGE
