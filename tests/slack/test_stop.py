"""Stopping with Slack's Stop, the bot's button, and the slash command."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.ports import Question
from bot.slack.ui.blocks import STOP
from bot.slack.ui.strings import commands as strings
from bot.slack.ui.strings.footer import RETRY, STOP_FORBIDDEN, STOP_REFUSED, STOP_TOO_LATE
from bot.slack.ui.strings.progress import STOP_OFFER
from bot.slack.ui.strings.reply import QUEUED
from bot.storage.runs import StoredRunStore
from tests.databases import Databases
from tests.models.replies import HangBeforeHeaders, Reply, Stall
from tests.slack.user_actions import ALL_EVENTS, run_of_reply, wait_for_notice, wait_until_idle
from tests.stage import Stage, everywhere, on_stage

STALLED = {"writer-1": Reply("One two three four five.", fault=Stall(after=3))}
"""The writer sends three words, and keeps the connection open."""

HANGING = everywhere(Reply(fault=HangBeforeHeaders()))

STOPPED = "_Stopped._"


async def start_reply(
    stage: Stage, text: str = "What is the risk?", *, shows: str = "One two"
) -> str:
    """Ask a question and wait until its reply starts to appear."""
    ts = await stage.ask(text)
    await stage.slack.wait_for(lambda: shows in in_thread(stage, ts))
    return ts


def in_thread(stage: Stage, ts: str) -> str:
    """Return the whole thread as people see it."""
    return "\n".join(stage.slack.render(m) for m in stage.slack.messages(stage.general, ts))


async def stopped(stage: Stage, ts: str) -> None:
    """Wait until a thread says that its question was stopped."""
    await stage.slack.wait_for(lambda: STOPPED in in_thread(stage, ts), timeout=20)


async def all_disconnected(stage: Stage) -> None:
    """Wait until every model connection is closed by the bot."""
    for asked in stage.models.questions:
        await asked.ended.wait()
    assert any(asked.closed_early for asked in stage.models.questions)


async def test_slacks_own_stop_ends_the_reply(tmp_path: Path) -> None:
    """The text so far stays with a note, the session is active again, and model calls end."""
    async with on_stage(tmp_path, models=STALLED, events=ALL_EVENTS) as stage:
        ts = await start_reply(stage)
        assert await stage.slack.press_stop(stage.ana, stage.general, ts)
        await stopped(stage, ts)
        shown = in_thread(stage, ts)
        assert shown.index("One two") < shown.index(STOPPED)
        assert f"[{RETRY}]" in shown
        await all_disconnected(stage)
        session = stage.slack.session(stage.general, ts)
        assert session is not None
        await stage.slack.wait_for(lambda: session.status == "active")
        await wait_until_idle(stage)
        run = await run_of_reply(stage, stage.replies(ts)[-1])
        assert (run.stop_by, run.trouble) == (stage.ana.id, "stopped")


async def test_our_stop_button_ends_the_reply(tmp_path: Path) -> None:
    """Only the asker gets the button; the click removes it, and later clicks say why."""
    async with on_stage(tmp_path, models=STALLED, events=ALL_EVENTS) as stage:
        stage.slack.app.features.discard("agent_sessions")
        ts = await start_reply(stage)
        offer = await wait_for_notice(stage, stage.ana, STOP_OFFER)
        assert stage.slack.ephemerals(stage.ben, stage.general) == []
        await stage.slack.click(stage.ben, offer, STOP)
        await wait_for_notice(stage, stage.ben, STOP_FORBIDDEN)
        assert STOPPED not in in_thread(stage, ts)
        await stage.slack.click(stage.ana, offer, STOP)
        await stopped(stage, ts)
        assert "One two three" in in_thread(stage, ts)
        await all_disconnected(stage)
        assert offer not in stage.slack.ephemerals(stage.ana, stage.general)
        await wait_until_idle(stage)
        await stage.slack.click(stage.ana, offer, STOP)
        await wait_for_notice(stage, stage.ana, STOP_TOO_LATE)


async def test_an_admin_may_stop_other_peoples_questions(tmp_path: Path) -> None:
    """Admins use the command in channels they are in. Members stop only their own questions."""
    async with on_stage(tmp_path, models=HANGING, events=ALL_EVENTS) as stage:
        admin = stage.slack.add_user("Ada", admin=True)
        ts = await stage.ask("What is the risk?")
        await stage.models.asked(3)
        for person in (stage.ben, admin):
            said = await stage.slack.command(person, stage.general, "/moa", "stop")
            assert strings.COMMAND_STOPPED_NONE in str(said.payload)
        await stage.slack.invite(admin, stage.general)
        said = await stage.slack.command(admin, stage.general, "/moa", "stop")
        assert strings.COMMAND_STOPPED_ONE in str(said.payload)
        await stopped(stage, ts)
        await all_disconnected(stage)


async def test_a_stop_is_answered_despite_a_slow_slack(tmp_path: Path) -> None:
    """If all lookups together are too slow, the command responds within 3 s and stops nothing."""
    async with on_stage(tmp_path, models=HANGING, events=ALL_EVENTS) as stage:
        admin = stage.slack.add_user("Ada", admin=True)
        await stage.slack.invite(admin, stage.general)
        await stage.ask("What is the risk?")
        await stage.models.asked(3)
        for method in ("users.info", "conversations.members"):
            stage.slack.delay(method, 1.7)
        said = await stage.slack.command(admin, stage.general, "/moa", "stop")
        assert said.acknowledged
        assert strings.COMMAND_STOPPED_NONE in str(said.payload)
        said = await stage.slack.command(stage.ana, stage.general, "/moa", "stop")
        assert strings.COMMAND_STOPPED_ONE in str(said.payload)
        await all_disconnected(stage)


async def test_only_the_asker_can_stop_a_private_question(tmp_path: Path) -> None:
    """The response to /moa has a Stop button; admins cannot stop what they cannot see."""
    async with on_stage(tmp_path, models=HANGING, events=ALL_EVENTS) as stage:
        admin = stage.slack.add_user("Ada", admin=True)
        await stage.slack.invite(admin, stage.general)
        asked = await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        await stage.models.asked(3)
        said = await stage.slack.command(admin, stage.general, "/moa", "stop")
        assert strings.COMMAND_STOPPED_NONE in str(said.payload)
        assert asked.message is not None
        await stage.slack.click(stage.ana, asked.message, STOP)
        shown = await wait_for_notice(stage, stage.ana, STOPPED)
        assert f"[{RETRY}]" in stage.slack.render(shown)
        assert asked.message not in stage.slack.ephemerals(stage.ana, stage.general)
        assert stage.slack.messages(stage.general) == []
        await all_disconnected(stage)


async def test_a_queued_question_can_be_stopped(tmp_path: Path) -> None:
    """A queued question says so. If it is stopped before its turn, it calls no model."""
    work = "\n[work]\nat_once = 1\n"
    async with on_stage(tmp_path, models=HANGING, events=ALL_EVENTS, extra=work) as stage:
        first = await stage.ask("What is the first risk?")
        await stage.models.asked(3)
        second = await stage.ask("What is the second risk?")
        await wait_for_notice(stage, stage.ana, QUEUED.format(place=1))
        said = await stage.slack.command(stage.ana, stage.general, "/moa", "stop")
        assert strings.COMMAND_STOPPED.format(count=2) in str(said.payload)
        await stopped(stage, first)
        await stopped(stage, second)
        assert all("second" not in str(asked.turns) for asked in stage.models.questions)


async def test_a_stop_reaches_the_worker_of_another_process(
    tmp_path: Path, databases: Databases
) -> None:
    """The stop is in the run store, where any worker finds it, early or late."""
    url = databases.fresh("postgres")
    async with on_stage(tmp_path, models=STALLED, events=ALL_EVENTS, database=url) as stage:
        run_store = StoredRunStore(stage.bot.database)
        ts = await start_reply(stage)
        [live] = await run_store.live_in(stage.slack.team_id, stage.general.id, ts)
        assert await run_store.request_stop(live, stage.ana.id)
        await stopped(stage, ts)
        await all_disconnected(stage)
        asked = len(stage.models.questions)
        ts = await stage.slack.post(stage.ana, stage.general, "Not for the bot.")
        run_id = await run_store.claim(question(stage, ts), ["early"], "balanced")
        assert run_id is not None
        assert await run_store.request_stop(run_id, stage.ana.id)
        await stage.bot.jobs.hand_over(run_id)
        await stopped(stage, ts)
        assert len(stage.models.questions) == asked


def question(stage: Stage, ts: str) -> Question:
    """Ask Ana's question in the channel."""
    team, channel, user = stage.slack.team_id, stage.general.id, stage.ana.id
    return Question(team, channel, user, ts, ts, "What is the risk?", "mention")


async def test_a_late_stop_leaves_the_reply_complete(tmp_path: Path) -> None:
    """Once the last text is being sent to Slack, it is too late to stop."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        stage.slack.delay("chat.stopStream", 0.5)
        ts = await stage.ask("What is the risk?")
        await stage.replied(ts)
        await stage.slack.press_stop(stage.ana, stage.general, ts)
        await stage.slack.command(stage.ana, stage.general, "/moa", "stop")
        await stage.slack.wait_for_deliveries()
        stage.slack.delay("chat.stopStream", 0)
        await stage.replied(await stage.ask("And the next one?"))
        assert STOPPED not in in_thread(stage, ts)
        await wait_until_idle(stage)
        run = await run_of_reply(stage, stage.replies(ts)[0])
        assert (run.state, run.trouble) == ("answered", None)


@pytest.mark.parametrize("is_complete", [True, False])
async def test_a_stop_right_after_a_restart(tmp_path: Path, *, is_complete: bool) -> None:
    """It comes while the thread is read. A complete reply stays as it is; a part is removed."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        await wait_until_idle(stage)
        run = await run_of_reply(stage, reply)
        await stage.unfinish(unmarked=None if is_complete else reply)
        if not is_complete:
            reply.blocks = []
        stage.slack.delay("conversations.replies", 1)
        await stage.bot.jobs.hand_over(run.id)
        while not (await stage.bot.runs.signals([run.id]))[run.id].attempt:  # noqa: ASYNC110 - a database does not report changes
            await asyncio.sleep(0.05)
        assert await stage.bot.jobs.stop(run.id, stage.ana.id)
        await wait_until_idle(stage)
        ended = await stage.bot.runs.get(run.id)
        assert ended is not None
        assert ended.trouble == (None if is_complete else "stopped")
        assert (STOPPED in in_thread(stage, ts)) is not is_complete
        assert (reply in stage.slack.messages(stage.general, ts)) is is_complete


async def test_another_persons_stop_ends_only_the_stream(tmp_path: Path) -> None:
    """Without a stream, another person's Stop changes nothing; the asker's ends the run."""
    async with on_stage(tmp_path, models=STALLED, events=ALL_EVENTS) as stage:
        stage.slack.app.features.discard("streaming")
        ts = await start_reply(stage)
        assert await stage.slack.press_stop(stage.ben, stage.general, ts) == []
        await stage.slack.wait_for_deliveries()
        [live] = await stage.bot.runs.live_in(stage.slack.team_id, stage.general.id, ts)
        run = await stage.bot.runs.get(live)
        assert run is not None
        assert run.stop_by is None
        await stage.slack.press_stop(stage.ana, stage.general, ts)
        await stopped(stage, ts)
        assert "One two three" in in_thread(stage, ts)


async def test_a_stream_that_another_person_stops_goes_on_in_a_new_message(tmp_path: Path) -> None:
    """Slack ends the stream for anyone who presses it. The whole reply arrives, with a note."""
    words = [f"word{number}" for number in range(12)]
    slowly = {"writer-1": Reply(" ".join(words), pace_s=0.3)}
    async with on_stage(tmp_path, models=slowly, events=ALL_EVENTS) as stage:
        ts = await start_reply(stage, shows="word1")
        [cut_off] = await stage.slack.press_stop(stage.ben, stage.general, ts)
        await wait_for_notice(stage, stage.ben, STOP_REFUSED)
        session = stage.slack.session(stage.general, ts)
        assert session is not None
        assert session.status == "processing"
        await stage.slack.wait_for(lambda: "word11" in in_thread(stage, ts), timeout=30)
        await wait_until_idle(stage)
        shown = in_thread(stage, ts)
        assert [shown.count(f"{word}\n") + shown.count(f"{word} ") for word in words] == [1] * 12
        assert STOPPED not in shown
        first, last = (m for m in stage.slack.messages(stage.general, ts) if "word" in m.text)
        assert first.ts == cut_off
        run = await run_of_reply(stage, last)
        assert (run.state, run.stop_by) == ("answered", None)
        await stage.slack.wait_for(lambda: session.status == "active")
        assert stage.slack.ephemerals(stage.ana, stage.general) == []


async def test_slacks_word_on_who_pressed_stop_may_come_late(tmp_path: Path) -> None:
    """The stream is over before the event names the asker: the run still ends as stopped."""
    slowly = {"writer-1": Reply("One two " + "more " * 200, pace_s=0.3)}
    async with on_stage(tmp_path, models=slowly, events=ALL_EVENTS) as stage:
        ts = await start_reply(stage)
        stage.slack.app.events.discard("agent_session_stopped")
        stopped_ts = await stage.slack.press_stop(stage.ana, stage.general, ts)
        appends = stage.slack.calls
        await stage.slack.wait_for(lambda: appends("chat.appendStream")[-1].error)
        stage.slack.app.events.add("agent_session_stopped")
        stage.slack.emit(
            "agent_session_stopped",
            channel=stage.general.id,
            user=stage.ana.id,
            thread_ts=ts,
            streaming_message_ts=stopped_ts,
        )
        await stopped(stage, ts)
        await all_disconnected(stage)
        await wait_until_idle(stage)
        run = await run_of_reply(stage, stage.replies(ts)[-1])
        assert (run.stop_by, run.trouble) == (stage.ana.id, "stopped")


async def test_many_questions_of_others_are_checked_at_once(tmp_path: Path) -> None:
    """With many questions in progress the command looks people up once and responds within 3 s."""
    async with on_stage(tmp_path, models=HANGING, events=ALL_EVENTS) as stage:
        await asyncio.gather(*(stage.ask(f"What is risk {number}?") for number in range(4)))
        await stage.models.asked(12)
        before = len(stage.slack.calls("users.info"))
        said = await stage.slack.command(stage.ben, stage.general, "/moa", "stop")
        assert strings.COMMAND_STOPPED_NONE in str(said.payload)
        assert len(stage.slack.calls("users.info")) <= before + 1
        said = await stage.slack.command(stage.ana, stage.general, "/moa", "stop")
        assert strings.COMMAND_STOPPED.format(count=4) in str(said.payload)
        await all_disconnected(stage)
