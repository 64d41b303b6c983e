"""docs/python.md: each example runs, in order, and prints its documented output."""

from __future__ import annotations

import ast
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import moa
from moa.pipeline.strategies import STRATEGIES
from tests.models.replies import Reply, Status
from tests.models.server import ModelServer

PAGE = (Path(__file__).parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(python|text|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def printed_by(code: str, names: dict[str, Any]) -> str:
    """Run code with top-level `await`, like `python -m asyncio`, and return its output."""
    compiled = compile(code, "docs/python.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    printed = StringIO()
    with redirect_stdout(printed):
        running = eval(compiled, names)  # noqa: S307 - code of our own page
        if running is not None:
            await running
    return printed.getvalue()


async def test_every_example_prints_its_documented_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They run against a server that speaks both APIs, with only the page's variables."""
    blocks = BLOCK.findall(PAGE)
    assert len([kind for kind, _ in blocks if kind == "python"]) > 10
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "guide"}
    async with ModelServer(default=Reply("Blue light is scattered most.")) as server:
        server.models["no-such-model"] = Reply(fault=Status(404))
        monkeypatch.setenv("OPENAI_API_KEY", "a-key")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.anthropic_url)
        printed = ""
        for kind, body in blocks:
            if kind == "toml":
                (tmp_path / "moa.toml").write_text(body, encoding="utf-8")
            elif kind == "text":
                assert "".join(f"{line.rstrip()}\n" for line in printed.splitlines()) == body
            else:
                printed = await printed_by(body, names)
        await server.all_closed()


def test_every_strategy_and_every_event_is_described() -> None:
    """The tables are complete and list an event's fields in the order that `match` uses."""
    for name in STRATEGIES:
        assert f"`{name}`" in PAGE
    described = dict(re.findall(r"`(\w+)\(([^`]*)\)`", PAGE.partition("| event |")[2]))
    for kind in moa.Event.__args__:
        fields = described[kind.__name__].split(", ") if described[kind.__name__] else []
        assert tuple(fields) == kind.__match_args__[: len(fields)]
