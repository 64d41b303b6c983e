"""The agent session's status and the task cards: open while models work, closed at the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.slack.reply.progress import Progress
from bot.slack.ui.strings import progress as strings
from moa import Answer, Answered, Call, LayerStarted
from tests.models.replies import HangBeforeHeaders, Reply, Stall
from tests.slack.user_actions import ALL_EVENTS, wait_until_idle
from tests.stage import Stage, everywhere, on_stage

LONG = "\n\n".join(f"Paragraph {i}. " + "word " * 60 for i in range(80))


def status(stage: Stage, ts: str) -> str:
    """Return the status of a thread's session; empty if there is none."""
    return getattr(stage.slack.session(stage.general, ts), "status", "")


def cards(stage: Stage, ts: str) -> dict[str, str]:
    """Return the status of each task card in a thread, by title."""
    found = stage.slack.messages(stage.general, ts)
    tasks = [task for m in found if m.stream for task in m.stream.tasks.values()]
    return {task["title"]: task["status"] for task in tasks}


async def test_a_reply_of_several_messages_keeps_its_stop_button(tmp_path: Path) -> None:
    """Each message but the last one leaves the session processing."""
    async with on_stage(tmp_path, models={"writer-1": Reply(LONG)}) as stage:
        stage.slack.delay("chat.appendStream", 0.05)
        ts = await stage.ask("Tell me everything.")
        await stage.replied(ts, 3)
        await wait_until_idle(stage)
        ends = [call.args.get("session_status") for call in stage.slack.calls("chat.stopStream")]
        assert ends == ["processing"] * (len(ends) - 1) + ["active"]
        assert len(ends) >= 3
        assert status(stage, ts) == "active"


async def test_a_lost_start_keeps_the_stop_button(tmp_path: Path) -> None:
    """Removing a message whose start may have worked leaves the session processing."""
    gate = asyncio.Event()
    async with on_stage(tmp_path, models={"red-1": Reply("Late.", gate=gate)}) as stage:
        stage.slack.fail_next("chat.startStream", error="internal_error", after_effect=True)
        ts = await stage.ask("What is the risk?")
        await stage.slack.wait_for(lambda: len(stage.slack.calls("chat.startStream")) == 2)
        assert status(stage, ts) == "processing"
        gate.set()
        await stage.replied(ts)
        await wait_until_idle(stage)
        assert status(stage, ts) == "active"


async def test_an_ineffective_stop_restores_the_status(tmp_path: Path) -> None:
    """A stop without permission leaves a run processing; without any run the session is active."""
    hanging = everywhere(Reply(fault=HangBeforeHeaders()))
    async with on_stage(tmp_path, models=hanging, events=ALL_EVENTS) as stage:
        stage.slack.app.features.discard("streaming")
        ts = await stage.ask("What is the risk?")
        await stage.slack.wait_for(lambda: status(stage, ts) == "processing")
        session = stage.slack.session(stage.general, ts)
        assert session is not None
        session.status = "suspended"  # Stop looks like this to a person
        await stage.slack.press_stop(stage.ben, stage.general, ts)
        await stage.slack.wait_for(lambda: status(stage, ts) == "processing")
        await stage.slack.press_stop(stage.ana, stage.general, ts)
        await stage.slack.wait_for(lambda: status(stage, ts) == "active")
        await wait_until_idle(stage)
        session.status = "processing"
        await stage.slack.press_stop(stage.ana, stage.general, ts)
        await stage.slack.wait_for(lambda: status(stage, ts) == "active")


async def test_a_stopped_reply_leaves_no_open_card(tmp_path: Path) -> None:
    """Stopped by command, so that Slack lets us end the stream: every card is closed."""
    stalled = {"red-1": Reply("One two three.", fault=Stall(after=1))}
    async with on_stage(tmp_path, models=stalled, events=ALL_EVENTS) as stage:
        ts = await stage.ask("What is the risk?")
        await stage.slack.wait_for(lambda: "complete" in cards(stage, ts).values())
        await stage.slack.command(stage.ana, stage.general, "/moa", "stop")
        await wait_until_idle(stage)
        shown = cards(stage, ts)
        assert set(shown.values()) == {"complete"}
        assert f"Layer 1 · red: {strings.CARD_STOPPED}" in shown


async def test_a_question_without_answers_leaves_no_open_card(tmp_path: Path) -> None:
    """The cards of a pipeline that failed are closed, too."""
    async with on_stage(tmp_path, models=everywhere(Reply("", stop="length"))) as stage:
        ts = await stage.ask("What is the risk?")
        await stage.replied(ts)
        await wait_until_idle(stage)
        assert {"pending", "in_progress"}.isdisjoint(cards(stage, ts).values())


def test_every_open_card_is_closed_once() -> None:
    """A model that is still working when the run ends is not drawn as failed by Slack."""
    progress = Progress()
    progress.chunks(LayerStarted(1, ("a", "b")))
    answer = Answer("a", 1, 1, "used", text="Yes.", seconds=1.0)
    progress.chunks(Answered(answer, Call("a", "proposer", 1, 1, 1, "used", 0.0, 1.0)))
    closed = progress.failed(stopped=True)
    assert [chunk.get("status") for chunk in closed] == [None, "complete"]
    assert progress.closed_cards(stopped=False) == []
    assert closed[0]["title"] == strings.DONE_STOPPED


def test_the_title_never_denies_an_existing_reply() -> None:
    """The title is "No reply" above a notice only."""
    assert Progress().failed(stopped=False)[0]["title"] == strings.DONE_FAILED
    with_text = Progress().failed(stopped=False, shows_text=True)
    assert with_text[0]["title"] == strings.DONE_UNFINISHED
