"""Budgets hold even if servers hide usage, and if people stop their questions."""

from __future__ import annotations

import json
from pathlib import Path

from tests.models.replies import Raw, Reply, Stall
from tests.slack.test_limits import limited, troubles
from tests.slack.test_stop import stopped
from tests.slack.user_actions import ALL_EVENTS, wait_until_idle
from tests.stage import Stage, on_stage

WORDS = "word " * 1_000
"""About 1,400 tokens by our estimate: $0.003 at the price of the stage's writer."""

WITHOUT_USAGE = b"".join(
    b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"
    for choice in (
        {"index": 0, "delta": {"content": WORDS}},
        {"index": 0, "delta": {}, "finish_reason": "stop"},
    )
)

TWO_QUESTIONS = limited(per_person_day_usd=0.005)
QUESTIONS = 12


def words_shown(stage: Stage, ts: str) -> int:
    # Not the text of the objects: they hold each word twice, in the message and in its block.
    shown = map(stage.slack.render, stage.slack.messages(stage.general, ts)[1:])
    return sum(text.count("word") for text in shown)


async def test_a_server_that_reports_no_usage_is_not_free(tmp_path: Path) -> None:
    """Answers without token counts are estimated, so a budget of two ends after two."""
    models = {"writer-1": Reply(fault=Raw(WITHOUT_USAGE + b"data: [DONE]\n\n"))}
    async with on_stage(tmp_path, models=models, default="single", extra=TWO_QUESTIONS) as stage:
        for number in range(QUESTIONS):
            await stage.replied(await stage.ask(f"What is risk {number}?"))
        assert await troubles(stage) == [None] * 2 + ["person_budget"] * (QUESTIONS - 2)
        assert len(stage.models.questions) == 2


async def test_questions_stopped_midway_are_charged(tmp_path: Path) -> None:
    """The text before each stop is charged, so a budget of two ends after two.

    Each stop waits for nearly all the text: a stop after a few words costs little, so the
    budget would allow a third question.
    """
    models = {"writer-1": Reply(WORDS, fault=Stall(after=950))}
    async with on_stage(
        tmp_path, models=models, default="single", extra=TWO_QUESTIONS, events=ALL_EVENTS
    ) as stage:
        for number in range(QUESTIONS):
            ts = await stage.ask(f"What is risk {number}?")
            await stage.slack.wait_for(lambda ts=ts: stage.slack.messages(stage.general, ts)[1:])
            if len(stage.models.questions) > number:
                await stage.slack.wait_for(lambda ts=ts: words_shown(stage, ts) > 900)
                await stage.slack.command(stage.ana, stage.general, "/moa", "stop")
                await stopped(stage, ts)
            await wait_until_idle(stage)
        assert await troubles(stage) == ["stopped"] * 2 + ["person_budget"] * (QUESTIONS - 2)
        assert len(stage.models.questions) == 2
