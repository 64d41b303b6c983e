"""While one question's model sends without end, other questions are answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.models.floods import FLOODS
from tests.models.replies import Fault, Reply
from tests.slack.user_actions import ALL_EVENTS
from tests.stage import Stage, on_stage

BUFFERED = 64 * 1024 * 1024
"""The most bytes read of a flood, including the buffers of kernel and server."""

LONG = ["text in the smallest events", "thoughts", "events that say nothing"]
"""Floods that last long, because each event is small."""

ROLES = {"proposer": "red-1", "aggregator": "writer-1"}


def flooding(model: str, fault: Fault) -> dict[str, list[Reply]]:
    """Make a model flood the first question, and answer all others."""
    return {model: [Reply(fault=fault), Reply("The answer.")]}


async def begun(stage: Stage, model: str) -> None:
    """Wait until the flood has begun."""

    def sending() -> bool:
        asked = [r for r in stage.models.questions if r.model == model]
        return bool(asked) and (asked[0].sent > 0 or asked[0].ended.is_set())

    while not sending():  # noqa: ASYNC110 - the server has no event for sent bytes
        await asyncio.sleep(0.01)


async def assert_answered(stage: Stage, text: str) -> None:
    """Ask as Ben: the question is acknowledged and gets its whole reply."""
    ts = await stage.ask(text, user=stage.ben)
    await stage.slack.wait_for(lambda: stage.replies(ts), timeout=60)
    assert "answer" in stage.slack.render(stage.replies(ts)[0])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.slow
async def test_others_are_answered_during_a_flood(tmp_path: Path, flood: str, role: str) -> None:
    """Whatever a model sends, and in whichever role, the next question is answered.

    The flooded question can be stopped, and the bytes read of the flood are limited.
    """
    model = ROLES[role]
    models = flooding(model, FLOODS[flood])
    async with on_stage(tmp_path, models=models, events=ALL_EVENTS) as stage:
        ts = await stage.ask("What is the risk?")
        await begun(stage, model)
        await assert_answered(stage, "What is the other risk?")
        await stage.slack.command(stage.ana, stage.general, "/moa", "stop")
        await stage.slack.wait_for(lambda: stage.replies(ts), timeout=60)
        [first, *_] = [r for r in stage.models.questions if r.model == model]
        await asyncio.wait_for(first.ended.wait(), 60)
        assert first.sent < BUFFERED


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("flood", LONG)
@pytest.mark.slow
async def test_three_are_answered_before_a_flood_ends(
    tmp_path: Path, flood: str, role: str
) -> None:
    """Three questions in a row are acknowledged and answered during the flood."""
    model = ROLES[role]
    models = flooding(model, FLOODS[flood])
    async with on_stage(tmp_path, models=models, events=ALL_EVENTS) as stage:
        await stage.ask("What is the risk?")
        await begun(stage, model)
        for number in range(3):
            await assert_answered(stage, f"What is risk {number}?")
        [first, *_] = [r for r in stage.models.questions if r.model == model]
        assert not first.ended.is_set()
        await stage.slack.command(stage.ana, stage.general, "/moa", "stop")
        await asyncio.wait_for(first.ended.wait(), 60)
