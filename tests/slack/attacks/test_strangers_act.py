"""People without access try everything that can be done with a reply."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.playground.checks.blocks import walk
from bot.playground.state.models import SlackMessage, SlackView
from bot.slack.intake.shortcut_form import INPUT, QUESTION
from bot.slack.routes import ASK_ABOUT, SUMMARISE
from bot.slack.ui.blocks import AGAIN, ANOTHER, FEEDBACK, STOP
from bot.slack.ui.strings.commands import ASK_QUESTION, COMMAND_STOPPED_NONE
from bot.slack.ui.strings.footer import NOT_HELPFUL, STOP_FORBIDDEN
from bot.slack.ui.strings.progress import STOP_OFFER
from tests.models.replies import HangBeforeHeaders, Reply
from tests.slack.attacks.strangers import (
    STRANGERS,
    Stranger,
    forge,
    forged_values,
    run_of,
)
from tests.slack.user_actions import ALL_EVENTS, count_runs, verdicts, wait_for_notice
from tests.stage import everywhere, on_stage

strangers = pytest.mark.parametrize("stranger", STRANGERS, ids=str)


@strangers
async def test_no_stranger_acts_on_a_reply(tmp_path: Path, stranger: Stranger) -> None:
    """They can't regenerate, give feedback or use shortcuts, and read why."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        person = await stranger.come(stage)
        await stage.slack.click(person, reply, AGAIN)
        await stage.slack.click(person, reply, ANOTHER, f"{run_of(reply)}|single")
        await stage.slack.click(person, reply, FEEDBACK, NOT_HELPFUL)
        await stage.slack.shortcut(person, SUMMARISE, reply)
        shown = lambda: stage.slack.ephemerals(person, stage.general)  # noqa: E731 - asked below
        await stage.slack.wait_for(lambda: len(shown()) == 4)
        await stage.slack.shortcut(person, ASK_ABOUT, reply)
        view = await stage.opened_view(person, ASK_QUESTION)
        view.state = {QUESTION: {INPUT: {"value": "Why?"}}}
        sent = await stage.slack.submit(person, view)
        assert set(sent.errors or ()) == {QUESTION}
        assert await count_runs(stage) == 1
        assert await verdicts(stage) == []
        assert len(stage.slack.messages(stage.general, ts)) == 2


async def test_no_stranger_stops_a_question(tmp_path: Path) -> None:
    """The button, the command and Slack's Stop don't work for them."""
    hanging = everywhere(Reply(fault=HangBeforeHeaders()))
    async with on_stage(tmp_path, models=hanging, events=ALL_EVENTS) as stage:
        stage.slack.app.features -= {"agent_sessions", "streaming"}
        ts = await stage.ask("What is the risk?")
        offer = await wait_for_notice(stage, stage.ana, STOP_OFFER)
        for stranger in STRANGERS:
            person = await stranger.come(stage)
            await stage.slack.click(person, offer, STOP)
            await wait_for_notice(stage, person, STOP_FORBIDDEN)
            await stage.slack.press_stop(person, stage.general, ts)
            said = await stage.slack.command(person, stage.general, "/moa", "stop")
            assert COMMAND_STOPPED_NONE in str(said.payload)
        await stage.slack.wait_for_deliveries()
        [live] = await stage.bot.runs.live_in(stage.slack.team_id, stage.general.id, ts)
        run = await stage.bot.runs.get(live)
        assert run is not None
        assert run.stop_by is None
        assert not any(asked.closed_early for asked in stage.models.questions)
        await stage.slack.click(stage.ana, offer, STOP)
        await asyncio.gather(*(asked.ended.wait() for asked in stage.models.questions))


async def test_no_forged_value_does_anything(tmp_path: Path) -> None:
    """Any forged run id gets a response and has no effect."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        for value in forged_values(run_of(reply)).values():
            for action_id in (AGAIN, FEEDBACK):
                if action_id == FEEDBACK:
                    clicked = _with_verdict(reply, f"{value}|helpful")
                    result = await stage.slack.click(
                        stage.ana, clicked, FEEDBACK, f"{value}|helpful"
                    )
                else:
                    forge(reply, AGAIN, value)
                    result = await stage.slack.click(stage.ana, reply, AGAIN)
                assert result.acknowledged, value
        run_id = run_of(reply)
        for said in (f"{run_id}|best", f"{run_id}|", run_id, f"{run_id}|helpful|x"):
            await stage.slack.click(stage.ana, _with_verdict(reply, said), FEEDBACK, said)
        await stage.slack.wait_for_deliveries()
        assert await count_runs(stage) == 1
        assert await verdicts(stage) == []


def _with_verdict(reply: SlackMessage | SlackView, value: str) -> SlackMessage | SlackView:
    """Return the reply with another value on its first feedback button."""
    for part in walk(reply.blocks):
        if part.get("action_id") == FEEDBACK:
            part["positive_button"]["value"] = value
    return reply
