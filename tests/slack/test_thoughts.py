"""Reasoning, cut replies and stopped calls: what people see and how budgets count."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.slack.ui.strings.reply import CUT_AT_LIMIT
from bot.slack.ui.strings.troubles import TROUBLES
from bot.storage.call_log import StoredCallLog
from bot.storage.spend_queries import StoredSpending
from tests.models.replies import Reply, Stall
from tests.slack.test_stop import in_thread, start_reply, stopped
from tests.slack.user_actions import ALL_EVENTS, run_of_reply, wait_until_idle
from tests.stage import Stage, on_stage

BUDGET = "\n[limits]\nper_person_day_usd = 0.00001\n"


async def shown(stage: Stage, ts: str) -> str:
    """Return the whole thread once the run has ended."""
    await stage.replied(ts)
    await wait_until_idle(stage)
    return in_thread(stage, ts)


async def test_thoughts_are_not_shown(tmp_path: Path) -> None:
    """Reasoning appears neither in the thread, nor in the run store, nor in the prompt."""
    models = {
        "writer-1": Reply("<think>Hm, SECRET.</think>\n\nIt rains.<|im_end|>"),
        "red-1": Reply("SECRET thought\n</think>\n\nRed says rain."),
    }
    async with on_stage(tmp_path, models=models) as stage:
        ts = await stage.ask("What is the risk?")
        text = await shown(stage, ts)
        assert "It rains." in text
        assert not re.search("SECRET|think>|im_end", text)
        run = await run_of_reply(stage, stage.replies(ts)[-1])
        assert run.reply == "It rains."
        assert "SECRET" not in str(run.answers)
        assert "SECRET" not in str([request.turns for request in stage.models.questions])


async def test_text_that_turns_out_to_be_reasoning_is_removed(tmp_path: Path) -> None:
    """Text that turns out to be reasoning is removed, and only the reply remains."""
    said = Reply("Let me think about it, SECRET.\n</think>\n\nIt rains.", pace_s=0.5)
    async with on_stage(tmp_path, models={"writer-1": said}) as stage:
        ts = await start_reply(stage, shows="Let me think")
        text = await shown(stage, ts)
        assert "It rains." in text
        assert "SECRET" not in text
        assert (await run_of_reply(stage, stage.replies(ts)[-1])).reply == "It rains."


async def test_a_reply_at_its_length_limit_says_so(tmp_path: Path) -> None:
    """The notice appears below the last words."""
    cut = {"writer-1": Reply("It rains, and", stop="length")}
    async with on_stage(tmp_path, models=cut) as stage:
        assert CUT_AT_LIMIT in await shown(stage, await stage.ask("What is the risk?"))


async def test_a_private_reply_at_its_limit_says_so_when_shared(tmp_path: Path) -> None:
    """Both the private and the shared reply have the notice."""
    cut = {"writer-1": Reply("It rains, and", stop="length")}
    async with on_stage(tmp_path, models=cut) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        await stage.slack.wait_for(
            lambda: (
                CUT_AT_LIMIT
                in str([m.blocks for m in stage.slack.ephemerals(stage.ana, stage.general)])
            )
        )
        [reply] = [
            m
            for m in stage.slack.ephemerals(stage.ana, stage.general)
            if CUT_AT_LIMIT in str(m.blocks)
        ]
        await stage.slack.click(stage.ana, reply, "share_answer")
        await stage.slack.wait_for(lambda: stage.slack.messages(stage.general))
        [shared] = stage.slack.messages(stage.general)
        assert CUT_AT_LIMIT in str(shared.blocks)


async def test_a_stopped_question_counts_against_the_budget(tmp_path: Path) -> None:
    """A stopped question counts with an estimate, and the next one is refused."""
    stalled = {"writer-1": Reply("One two three four five.", fault=Stall(after=3))}
    async with on_stage(tmp_path, models=stalled, events=ALL_EVENTS, extra=BUDGET) as stage:
        ts = await start_reply(stage)
        assert await stage.slack.press_stop(stage.ana, stage.general, ts)
        await stopped(stage, ts)
        await wait_until_idle(stage)
        run = await run_of_reply(stage, stage.replies(ts)[-1])
        calls = await StoredCallLog(stage.bot.database).of(run.id)
        [writing] = [call for call in calls if call.role == "aggregator"]
        assert writing.usage is not None
        assert (writing.state, writing.usage.estimated) == ("cut", True)
        spending = StoredSpending(stage.bot.database)
        team = run.question.team
        use = await spending.use(team, stage.ana.id, None, datetime.now(UTC))
        assert use.person_month_usd == pytest.approx(sum(call.cost_usd or 0 for call in calls))
        again = await shown(stage, await stage.ask("And the second?"))
        assert TROUBLES["person_budget"] in again
