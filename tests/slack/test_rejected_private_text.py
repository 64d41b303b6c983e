"""Private and shared replies survive Slack's rejections, within five uses of a response_url."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.playground.faults import Part
from bot.slack.ui.blocks import SHARE, SHOW_ANSWERS
from bot.slack.ui.strings import footer as strings
from bot.slack.ui.strings.troubles import TROUBLES
from tests.models.replies import Reply
from tests.slack.user_actions import wait_for_notice, wait_until_idle
from tests.stage import Stage, on_stage

TABLE = "| model | cost |\n|---|---|\n| red | low |"
TEXT = f"Before the table.\n\n{TABLE}\n\nAfter the table."
SPEAKING = {"writer-1": Reply(TEXT)}


def private(stage: Stage) -> str:
    """Return everything that only Ana sees."""
    shown = stage.slack.ephemerals(stage.ana, stage.general)
    return "\n".join(stage.slack.render(message) for message in shown)


async def asked_privately(stage: Stage) -> None:
    await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
    await wait_for_notice(stage, stage.ana, "After the table.")
    await wait_until_idle(stage)


@pytest.mark.parametrize("part", ["feedback", "table", "blocks"])
async def test_a_private_reply_survives_slacks_refusals(tmp_path: Path, part: Part) -> None:
    """It stays private and whole, and its answers open by a button or a command."""
    async with on_stage(tmp_path, models=SPEAKING) as stage:
        stage.slack.refuse(part)
        await asked_privately(stage)
        shown = private(stage)
        assert shown.count("Before the table.") == 1
        assert stage.slack.messages(stage.slack.dm(stage.ana)) == []
        if part == "blocks":
            assert "/moa answers" in shown
            return
        [message] = [
            m
            for m in stage.slack.ephemerals(stage.ana, stage.general)
            if SHOW_ANSWERS in str(m.blocks)
        ]
        await stage.slack.click(stage.ana, message, SHOW_ANSWERS)
        await stage.opened_view(stage.ana, "# One reply from 3 answers")


async def test_a_private_notice_needs_no_button(tmp_path: Path) -> None:
    """The reason for a missing reply is private, even if Slack accepts no blocks."""
    limits = "\n[limits]\nquestions_per_person_hour = 1\n"
    async with on_stage(tmp_path, models=SPEAKING, extra=limits) as stage:
        await asked_privately(stage)
        stage.slack.refuse("blocks")
        await stage.slack.command(stage.ana, stage.general, "/moa", "And now?")
        await wait_for_notice(stage, stage.ana, TROUBLES["hourly_limit"].split("`")[0])


@pytest.mark.parametrize("part", ["table", "blocks"])
async def test_a_shared_reply_survives_slacks_refusals(tmp_path: Path, part: Part) -> None:
    """The channel gets the whole text once, and the private copy goes."""
    async with on_stage(tmp_path, models=SPEAKING) as stage:
        await asked_privately(stage)
        reply = await wait_for_notice(stage, stage.ana, f"[{strings.SHARE}]")
        stage.slack.refuse(part)
        await stage.slack.click(stage.ana, reply, SHARE)
        [shared] = await stage.slack.wait_for(lambda: stage.slack.messages(stage.general))
        shown = stage.slack.render(shared)
        assert shown.count("Before the table.") == shown.count("After the table.") == 1
        assert ("/moa answers" in shown) == (part == "blocks")
        await stage.slack.wait_for(lambda: "After the table." not in private(stage))


async def test_a_shared_replys_button_may_be_a_separate_message(tmp_path: Path) -> None:
    """If only the button is refused below it, the text keeps its form."""
    async with on_stage(tmp_path, models=SPEAKING) as stage:
        await asked_privately(stage)
        reply = await wait_for_notice(stage, stage.ana, f"[{strings.SHARE}]")
        stage.slack.fail_next(
            "response_url",
            error="invalid_blocks",
            status=400,
            times=99,
            when=lambda args: "After" in str(args) and SHOW_ANSWERS in str(args),
        )
        await stage.slack.click(stage.ana, reply, SHARE)
        await stage.slack.wait_for(lambda: len(stage.slack.messages(stage.general)) == 2)
        text, button = stage.slack.messages(stage.general)
        assert "markdown" in {block["type"] for block in text.blocks}
        assert SHOW_ANSWERS in str(button.blocks)
