"""Deleted questions and threads: nothing remains, and nothing is posted to the channel."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.playground.state.models import SlackMessage
from bot.slack.intake.shortcut_form import INPUT, QUESTION
from bot.slack.routes import ASK_ABOUT
from bot.slack.ui.blocks import AGAIN
from bot.slack.ui.strings.commands import ASK_QUESTION
from bot.slack.ui.strings.troubles import TROUBLES
from bot.storage.database import DatabaseAway
from bot.storage.tables import answers, ledger, runs
from tests.models.replies import Reply, Status
from tests.slack.user_actions import (
    ALL_EVENTS,
    wait_for_direct_message,
    wait_for_notice,
    wait_until_idle,
)
from tests.stage import Stage, everywhere, on_stage

GONE = TROUBLES["thread_gone"]
LONG = "\n\n".join(f"Paragraph {i}. " + "word " * 60 for i in range(80))


def ours(stage: Stage) -> list[SlackMessage]:
    """Return every message of the bot in the channel."""
    me = stage.slack.bot_user_id
    return [m for m in stage.general.messages.values() if m.user == me]


async def assert_nothing_is_left(stage: Stage) -> None:
    """Only the asker got one message; the channel and the store have nothing left."""
    await wait_for_direct_message(stage, stage.ana, GONE)
    await wait_until_idle(stage)
    await stage.slack.wait_for_deliveries()
    assert ours(stage) == []
    assert len(stage.slack.messages(stage.slack.dm(stage.ana))) == 1
    async with stage.bot.database.connect() as connection:
        stored = (await connection.execute(select(runs).order_by(runs.c.created_at.desc()))).first()
        assert stored is not None
        left = select(func.count()).where(answers.c.run_id == stored.id)
        assert await connection.scalar(left) == 0
    assert (stored.state, stored.text, stored.reply, stored.notes) == ("failed", "", "", "[]")
    assert await stage.bot.runs.get(stored.id) is None


@pytest.mark.parametrize("streams", [True, False])
async def test_a_reply_to_a_deleted_thread_stays_out_of_the_channel(
    tmp_path: Path, *, streams: bool
) -> None:
    """Nobody sees the reply to a deleted question, streamed or posted."""
    gate = asyncio.Event()
    async with on_stage(tmp_path, models=everywhere(Reply("Late.", gate=gate))) as stage:
        if not streams:
            stage.slack.app.features.discard("streaming")
        stage.slack.delay("agents.sessions.setStatus", 0.3)
        ts = await stage.ask("What is the risk?")
        await stage.slack.delete(stage.general, ts)
        gate.set()
        await assert_nothing_is_left(stage)


async def test_deleting_a_question_stops_it_and_removes_its_reply(tmp_path: Path) -> None:
    """The reply is removed and the models are stopped; the cost stays recorded."""
    gate = asyncio.Event()
    models = {"writer-1": Reply("The reply that nobody reads.", gate=gate)}
    async with on_stage(tmp_path, models=models, events=ALL_EVENTS) as stage:
        ts = await stage.ask("What is the risk?")
        await stage.models.asked(4)
        await stage.slack.wait_for(lambda: ours(stage))
        await stage.slack.delete(stage.general, ts)
        await assert_nothing_is_left(stage)
        async with stage.bot.database.connect() as connection:
            assert await connection.scalar(select(func.count()).select_from(ledger))
        gate.set()


async def test_deleting_a_question_in_a_thread_stops_it(tmp_path: Path) -> None:
    """The rest of the thread stays."""
    gate = asyncio.Event()
    models = everywhere(Reply("Late.", gate=gate))
    async with on_stage(tmp_path, models=models, events=ALL_EVENTS) as stage:
        root = await stage.slack.post(stage.ben, stage.general, "A plan.")
        ts = await stage.ask("What is the risk?", thread_ts=root)
        await stage.models.asked(1)
        await stage.slack.delete(stage.general, ts)
        await assert_nothing_is_left(stage)
        gate.set()


async def test_a_question_that_was_deleted_before_it_was_stored_gets_no_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away when it arrived, so Slack delivers it once more."""
    refused = asyncio.Event()

    async def refuse(*_: object, **__: object) -> None:
        refused.set()
        raise DatabaseAway("OperationalError")

    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        root = await stage.slack.post(stage.ben, stage.general, "A plan.")
        with monkeypatch.context() as patch:
            patch.setattr(stage.bot.runs, "claim", refuse)
            ts = await stage.ask("What is the risk?", thread_ts=root)
            await refused.wait()
            asking = stage.slack.deliveries[-1]
            await stage.slack.wait_for(
                lambda: len(asking.acks) == 2
            )  # it repeats the first at once
            await stage.slack.delete(stage.general, ts)
            await stage.slack.wait_for(lambda: stage.slack.deliveries[-1].acks)
        stage.slack.clock.advance(61)
        await assert_nothing_is_left(stage)
        assert stage.models.questions == []


async def test_other_deletions_stop_nothing(tmp_path: Path) -> None:
    """Deleting an earlier or another message stops nothing."""
    gate = asyncio.Event()
    models = {"writer-1": Reply("The reply.", gate=gate)}
    async with on_stage(tmp_path, models=models, events=ALL_EVENTS) as stage:
        root = await stage.slack.post(stage.ben, stage.general, "A plan.")
        note = await stage.slack.post(stage.ben, stage.general, "A note.", root)
        other = await stage.slack.post(stage.ben, stage.general, "Lunch?")
        await stage.ask("What is the risk?", thread_ts=root)
        await stage.models.asked(4)
        for ts in (note, other):
            await stage.slack.delete(stage.general, ts)
        await stage.slack.wait_for_deliveries()
        gate.set()
        assert "The reply." in stage.slack.render(await stage.replied(root))


async def test_a_long_reply_does_not_continue_in_the_channel(tmp_path: Path) -> None:
    """When a second message is due in a deleted thread, the first is removed too."""
    async with on_stage(tmp_path, models={"writer-1": Reply(LONG, pace_s=0.001)}) as stage:
        ts = await stage.ask("Tell me everything.")
        await stage.slack.wait_for(lambda: any("Paragraph 1." in m.text for m in ours(stage)))
        await stage.slack.delete(stage.general, ts)
        await assert_nothing_is_left(stage)


async def test_a_failure_notice_stays_out_of_the_channel(tmp_path: Path) -> None:
    """Notices stay in their thread, like replies."""
    models = everywhere(Reply("", fault=Status(500)))
    async with on_stage(tmp_path, models=models) as stage:
        stage.slack.app.features -= {"streaming", "agent_sessions", "assistant_status"}
        ts = await stage.ask("What is the risk?")
        await stage.slack.delete(stage.general, ts)
        await assert_nothing_is_left(stage)
        assert stage.slack.ephemerals(stage.ana, stage.general) == []


@pytest.mark.parametrize("lost", [False, True])
async def test_a_misplaced_message_is_removed_at_once(tmp_path: Path, *, lost: bool) -> None:
    """It works even if the thread goes between check and post, and Slack's response is lost."""
    async with on_stage(tmp_path, events=["app_mention"]) as stage:  # no deletion event
        stage.slack.app.features.discard("streaming")
        stage.slack.fail_next("chat.getPermalink", error="internal_error", times=1)
        if lost:
            stage.slack.fail_next("chat.postMessage", after_effect=True, drop_response=True)
        stage.slack.delay("agents.sessions.setStatus", 0.3)
        ts = await stage.ask("What is the risk?")
        await stage.slack.delete(stage.general, ts)
        await assert_nothing_is_left(stage)
        [first, *_] = stage.slack.calls("chat.postMessage")
        assert first.args["channel"] == stage.general.id, "it was posted at the top level"


async def test_regenerating_in_a_deleted_thread_posts_nothing(tmp_path: Path) -> None:
    """Nothing new is written."""
    async with on_stage(tmp_path) as stage:
        ts = await stage.ask("What is the risk?")
        first = await stage.replied(ts)
        await wait_until_idle(stage)
        await stage.slack.delete(stage.general, ts)
        await stage.slack.click(stage.ben, first, AGAIN)
        await wait_for_direct_message(stage, stage.ben, GONE)
        await wait_until_idle(stage)
        assert ours(stage) == [first]


async def test_a_shortcut_in_a_deleted_thread_posts_nothing(tmp_path: Path) -> None:
    """The form gives the reason, and no model is called."""
    async with on_stage(tmp_path) as stage:
        ts = await stage.slack.post(stage.ben, stage.general, "A plan.")
        about = stage.slack.message(stage.general, ts)
        await stage.slack.shortcut(stage.ana, ASK_ABOUT, about)
        view = await stage.opened_view(stage.ana, ASK_QUESTION)
        await stage.slack.delete(stage.general, ts)
        view.state[QUESTION] = {INPUT: {"value": "What is the risk?"}}
        result = await stage.slack.submit(stage.ana, view)
        assert GONE in str(result.errors)
        assert ours(stage) == []
        assert stage.models.questions == []


async def test_a_deleted_direct_question_gets_a_private_notice(tmp_path: Path) -> None:
    """Nothing is posted outside the thread there either."""
    gate = asyncio.Event()
    async with on_stage(tmp_path, models=everywhere(Reply("Late.", gate=gate))) as stage:
        stage.slack.delay("agents.sessions.setStatus", 0.3)
        direct = stage.slack.dm(stage.ana)
        ts = await stage.slack.post(stage.ana, direct, "What is the risk?")
        await stage.slack.delete(direct, ts)
        gate.set()
        await wait_for_notice(stage, stage.ana, GONE, direct)
        await wait_until_idle(stage)
        assert stage.slack.messages(direct) == []
