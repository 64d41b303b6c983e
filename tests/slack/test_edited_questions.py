"""Edited questions: Regenerate asks the new text, and an edit alone asks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.slack.ui.blocks import AGAIN
from tests.slack.user_actions import (
    ALL_EVENTS,
    count_runs,
    regenerate,
    run_of_reply,
    wait_until_idle,
)
from tests.stage import Stage, on_stage


def asked_last(stage: Stage) -> str:
    """Return the last turn that a model got."""
    return stage.models.questions[-1].turns[-1][1]


async def edit(stage: Stage, ts: str, text: str) -> None:
    await stage.slack.edit(stage.ana, stage.general, ts, f"{stage.mention} {text}")
    await stage.slack.wait_for_deliveries()


async def test_regenerate_asks_the_current_text(tmp_path: Path) -> None:
    """The new run has the new text, and the earlier one keeps the old."""
    async with on_stage(tmp_path, default="single", events=ALL_EVENTS) as stage:
        ts = await stage.ask("What is the rsik?")
        first = await stage.replied(ts)
        await wait_until_idle(stage)
        await edit(stage, ts, "What is the risk?")
        second = await regenerate(stage, stage.ben, first)
        assert "What is the risk?" in asked_last(stage)
        assert "What is the risk?" in (await run_of_reply(stage, second)).question.text
        assert "What is the rsik?" in (await run_of_reply(stage, first)).question.text


async def test_an_edit_without_an_event_counts_too(tmp_path: Path) -> None:
    """The text is read from Slack at the click, in a thread as well."""
    async with on_stage(tmp_path, default="single") as stage:
        root = await stage.slack.post(stage.ana, stage.general, "We have a plan.")
        ts = await stage.ask("What is the rsik?", root)
        first = await stage.replied(root)
        await wait_until_idle(stage)
        stage.slack.message(stage.general, ts).text = f"{stage.mention} What is the chance?"
        await regenerate(stage, stage.ana, first)
        assert "What is the chance?" in asked_last(stage)
        assert "rsik" not in asked_last(stage)


@pytest.mark.parametrize("before", ["mentions us", "mentions nobody"])
async def test_an_edit_starts_no_run(tmp_path: Path, before: str) -> None:
    """No corrected question and no mention added by an edit starts a run."""
    async with on_stage(tmp_path, default="single", events=ALL_EVENTS) as stage:
        if before == "mentions us":
            ts = await stage.ask("What is the rsik?")
            await stage.replied(ts)
        else:
            ts = await stage.slack.post(stage.ana, stage.general, "What is the rsik?")
        await wait_until_idle(stage)
        runs = await count_runs(stage)
        await edit(stage, ts, "What is the risk?")
        await wait_until_idle(stage)
        assert await count_runs(stage) == runs


@pytest.mark.parametrize("trouble", ["slow", "refuses"])
async def test_without_a_response_from_slack_the_stored_text_is_used(
    tmp_path: Path, trouble: str
) -> None:
    """The click is acknowledged in time, and the stored text is used."""
    async with on_stage(tmp_path, default="single", events=ALL_EVENTS) as stage:
        ts = await stage.ask("What is the risk?")
        first = await stage.replied(ts)
        await wait_until_idle(stage)
        if trouble == "slow":
            stage.slack.delay("conversations.replies", 2.5)
        else:
            stage.slack.fail_next("conversations.replies", error="missing_scope")
        clicked = await stage.slack.click(stage.ana, first, AGAIN)
        assert clicked.ack.ok
        stage.slack.delay("conversations.replies", 0)
        await stage.replied(ts, 2)
        assert "What is the risk?" in asked_last(stage)
