"""A reply continues in a new message, at a paragraph, when its message gets old."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.playground.state.models import SlackMessage
from bot.slack.reply import live_message
from tests.models.replies import Reply
from tests.stage import Stage, on_stage

TABLE = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 30
TEXT = f"First **bold words** here.\n\n{TABLE}\n```py\nx = 1\n\ny = 2\n```\n\nThe end of it."


@pytest.mark.parametrize("old", [1e9, 0.0])
async def test_an_old_message_ends_with_a_paragraph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: float
) -> None:
    """An old message ends with a paragraph, never inside code, a table or bold text."""
    monkeypatch.setattr(live_message, "RIPE_S", 0.0)
    monkeypatch.setattr(live_message, "OLD_S", old)
    async with on_stage(tmp_path, models={"writer-1": Reply(TEXT, pace_s=0.04)}) as stage:
        ts = await stage.ask("Go on.")
        await stage.slack.wait_for(lambda: _is_whole(stage, stage.replies(ts)), timeout=30)
        texts = [message.text for message in stage.replies(ts)]
        # since a message only ends at a paragraph's end, a busy machine may post everything at once
        assert old or len(texts) > 1
        assert old == 0 or "".join(texts) == TEXT
        assert old == 0 or all(text.endswith("\n\n") for text in texts[:-1])
        assert all(text.count("```") % 2 == text.count("**") % 2 == 0 for text in texts)
        assert all("| 1" not in text or text.count("|---|") == 1 for text in texts)


def _is_whole(stage: Stage, replies: list[SlackMessage]) -> bool:
    return any("[Show answers]" in stage.slack.render(message) for message in replies)
