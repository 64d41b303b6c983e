"""A reply of several messages appears once and complete when Slack rejects or loses calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.slack.markdown import split_stream
from bot.slack.reply import thread_reply
from tests.models.replies import Reply
from tests.stage import on_stage

PARAGRAPHS = 40
TEXT = "\n\n".join(f"P{number}P " + "word " * 12 for number in range(PARAGRAPHS))

REFUSED: Mapping[str, Any] = {
    "error": "ratelimited",
    "status": 429,
    "retry_after": 0,
    "times": 4,  # more often than the client retries
}
LOST: Mapping[str, Any] = {"drop_response": True, "after_effect": True}
UNSURE: Mapping[str, Any] = {"error": "internal_error", "after_effect": True}


def nth(number: int) -> Callable[[Mapping[str, Any]], bool]:
    """Match only the nth call."""
    left = [number]

    def when(_args: Mapping[str, Any]) -> bool:
        left[0] -= 1
        return left[0] < 0

    return when


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([("chat.stopStream", LOST, 0)], id="its end is lost"),
        pytest.param(
            [("chat.stopStream", REFUSED, 0), ("chat.startStream", UNSURE, 1)],
            id="its end is refused, and the next one's beginning unsure",
        ),
        pytest.param(
            [("chat.stopStream", REFUSED, 1), ("chat.startStream", UNSURE, 2)],
            id="the same a message later",
        ),
    ],
)
async def test_full_messages_appear_once_despite_failed_calls(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    faults: list[tuple[str, Mapping[str, Any], int]],
) -> None:
    """No paragraph is missing or repeated, and no stream stays open."""
    monkeypatch.setattr(split_stream, "MESSAGE_TARGET", 1_200)
    monkeypatch.setattr(split_stream, "SOFT_LIMIT", 900)
    monkeypatch.setattr(thread_reply, "FINAL_RETRIES_S", (0.02,) * 6)
    monkeypatch.setattr(thread_reply, "OUTAGE_RETRIES_S", (0.02,) * 20)
    models = {"writer-1": Reply(TEXT, pace_s=0.0005)}
    async with on_stage(tmp_path, models=models, default="single") as stage:
        stage.slack.rate_limits.enabled = False
        for method, fault, number in faults:
            stage.slack.fail_next(method, when=nth(number), **fault)
        ts = await stage.ask("Go on.")
        await stage.slack.wait_for(
            lambda: any("[Show answers]" in stage.slack.render(m) for m in stage.replies(ts)),
            timeout=30,
        )
        replies = stage.replies(ts)
        found = [int(number) for m in replies for number in re.findall(r"P(\d+)P", m.text)]
        assert found == [*range(PARAGRAPHS)]
        assert not any(message.streaming for message in replies)
