"""From a mention to the modal, through the running bot: both connection modes, both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.models.replies import Reply, Status
from tests.slack.modal_walk import choose
from tests.stage import Mode, everywhere, on_stage

pytestmark = pytest.mark.parametrize("mode", ["socket", "http"])


async def test_a_mention_gets_one_reply_and_the_button_shows_each_answer(
    tmp_path: Path, mode: Mode, database: str
) -> None:
    """Ask in a channel: the reply streams into the thread, and a modal holds every answer."""
    async with on_stage(tmp_path, mode=mode, database=database) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        shown = stage.slack.render(reply)
        assert "The answer of writer-1." in shown
        assert "balanced · 3 of 3 models" in shown
        assert "[Show answers]" in shown
        assert [task["status"] for task in reply.stream.tasks.values()] == ["complete"] * 3  # type: ignore[union-attr]
        assert reply.stream is not None
        assert reply.stream.title == "3 answers, one reply"

        await stage.slack.click(stage.ben, reply, "show_answers")
        view = await stage.opened_view(stage.ben, "answered in")
        modal = stage.slack.render(view)
        assert "The reply was written by writer." in modal
        assert "Layer 1: 3 of 3 answered in time" in modal
        assert "The answer of blue-1." in await choose(stage, stage.ben, "blue")
        assert stage.slack.notifications == []
        assert stage.slack.unfurls == []


async def test_the_session_is_processing_at_once_and_active_at_the_end(
    tmp_path: Path, mode: Mode, database: str
) -> None:
    """The bot shows that it is working before any model answered, and when it is done."""
    gate = asyncio.Event()
    slow = {name: Reply("Late.", gate=gate) for name in ("red-1", "green-1", "blue-1")}
    async with on_stage(tmp_path, mode=mode, database=database, models=slow) as stage:
        ts = await stage.ask("What is the risk?")

        def status() -> str | None:
            session = stage.slack.session(stage.general, ts)
            return session.status if session else None

        await stage.slack.wait_for(lambda: status() == "processing")
        gate.set()
        await stage.replied(ts)
        await stage.slack.wait_for(lambda: status() == "active")


async def test_two_questions_at_once_do_not_mix(tmp_path: Path, mode: Mode, database: str) -> None:
    """Two questions at the same time each get their own reply."""

    def echo(request: object) -> str:
        return f"You asked about {'apples' if 'apples' in str(request) else 'pears'}."

    async with on_stage(
        tmp_path, mode=mode, database=database, models=everywhere(Reply(echo))
    ) as stage:
        first, second = await asyncio.gather(
            stage.ask("What of apples?"), stage.ask("What of pears?", user=stage.ben)
        )
        about = [stage.slack.render(await stage.replied(ts)) for ts in (first, second)]
        assert "apples" in about[0]
        assert "pears" not in about[0]
        assert "pears" in about[1]
        assert "apples" not in about[1]


async def test_a_redelivered_event_gets_no_second_reply(
    tmp_path: Path, mode: Mode, database: str
) -> None:
    """Slack may redeliver an event, and sends a mention twice: there is one run and one reply."""
    events = ("app_mention", "message.channels")
    async with on_stage(tmp_path, mode=mode, database=database, events=events) as stage:
        ts = await stage.ask("What is the risk?")
        await stage.replied(ts)
        asked = len(stage.models.questions)
        for delivery in list(stage.slack.deliveries):
            await stage.slack.redeliver(delivery.event_id)
        await stage.slack.wait_for_deliveries()
        other = await stage.ask("And another?")
        await stage.replied(other)
        assert len(stage.replies(ts)) == 1
        assert len(stage.models.questions) == 2 * asked


async def test_one_dead_proposer_does_not_spoil_the_reply(
    tmp_path: Path, mode: Mode, database: str
) -> None:
    """A failed model is shown as failed; the reply uses the others' answers."""
    dead = {"green-1": Reply(fault=Status(500))}
    async with on_stage(tmp_path, mode=mode, database=database, models=dead) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        shown = stage.slack.render(reply)
        assert "The answer of writer-1." in shown
        assert "2 of 3 models" in shown
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "green: didn't answer")


async def test_if_every_model_is_down_the_asker_gets_advice(
    tmp_path: Path, mode: Mode, database: str
) -> None:
    """With every model down there is one plain message, without exception text."""
    down = Reply(fault=Status(500, {"error": {"message": "secret stack trace"}}))
    async with on_stage(tmp_path, mode=mode, database=database, models=everywhere(down)) as stage:
        ts = await stage.ask("What is the risk?")
        shown = stage.slack.render(await stage.replied(ts))
        assert "None of the models answered" in shown
        assert "moa-bot check" in shown
        assert "stack trace" not in shown
        await stage.slack.wait_for(
            lambda: getattr(stage.slack.session(stage.general, ts), "status", "") == "active"
        )


async def test_a_direct_message_is_answered_without_a_mention(
    tmp_path: Path, mode: Mode, database: str
) -> None:
    """A direct message is a question; the reply goes into its thread."""
    async with on_stage(tmp_path, mode=mode, database=database) as stage:
        channel = stage.slack.dm(stage.ana)
        ts = await stage.slack.post(stage.ana, channel, "What is the risk?")
        shown = stage.slack.render(await stage.replied(ts, channel=channel))
        assert "The answer of writer-1." in shown
