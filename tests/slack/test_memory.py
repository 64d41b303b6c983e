"""The bot's memory after a question."""

from __future__ import annotations

from pathlib import Path

from tests.garbage import uncollected
from tests.slack.user_actions import wait_until_idle
from tests.stage import on_stage

NOT_THE_BOT = "bot.playground."


async def test_a_run_leaves_no_reference_cycles(tmp_path: Path) -> None:
    """A run leaves no reference cycles, which would cause garbage collection pauses."""
    async with on_stage(tmp_path) as stage:
        await stage.replied(await stage.ask("Why?"))
        await stage.slack.wait_for_deliveries()
        with uncollected("moa.", "bot.") as left:
            await stage.replied(await stage.ask("And why that?"))
            await stage.slack.wait_for_deliveries()
            await wait_until_idle(stage)
        found = [one for one in left if not type(one).__module__.startswith(NOT_THE_BOT)]
    assert found == []
