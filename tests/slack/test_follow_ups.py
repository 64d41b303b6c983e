"""Questions without a mention: only if the channel turned that on, and never twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.playground.state.models import Channel, SlackMessage
from bot.slack.intake.events import question_in_event
from tests.slack.home_actions import EVENTS, choose
from tests.stage import Mode, Stage, on_stage

FOLLOW_UPS = ["follow_ups"]


async def say(stage: Stage, words: str, thread_ts: str | None = None, **more: Any) -> str:
    """Post a message by Ana without a mention, and return its ts."""
    return await stage.slack.post(stage.ana, stage.general, words, thread_ts=thread_ts, **more)


async def answers_in(stage: Stage, ts: str, channel: Channel | None = None) -> list[SlackMessage]:
    """Return the replies in a thread, once all earlier messages are handled."""
    await stage.slack.wait_for_deliveries()
    last = await stage.slack.post(stage.ben, stage.slack.dm(stage.ben), "The last one?")
    await stage.replied(last, channel=stage.slack.dm(stage.ben))
    return stage.replies(ts, channel)


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_thread_continues_without_a_mention(tmp_path: Path, mode: Mode) -> None:
    """With follow-ups on, every message in a thread with a question gets a reply."""
    async with on_stage(tmp_path, mode=mode, events=EVENTS, default="single") as stage:
        await choose(stage, stage.ana, listening=FOLLOW_UPS)
        ts = await stage.ask("What is the risk?")
        await stage.replied(ts)
        await say(stage, "And the second one?", ts)
        await stage.replied(ts, 2)
        asked = stage.models.questions[-1]
        assert "And the second one?" in asked.turns[-1][1]
        assert "What is the risk?" in str(asked.turns)
        await stage.slack.post(stage.ben, stage.general, "A third?", thread_ts=ts)
        await stage.replied(ts, 3)


async def test_follow_ups_are_off_by_default(tmp_path: Path) -> None:
    """Without the setting, messages without a mention get no reply."""
    async with on_stage(tmp_path, events=EVENTS, default="single") as stage:
        ts = await stage.ask("What is the risk?")
        await stage.replied(ts)
        await say(stage, "Thanks.", ts)
        alone = await say(stage, "Just among ourselves.")
        assert len(await answers_in(stage, ts)) == 1
        assert await answers_in(stage, alone) == []


async def test_follow_ups_leave_other_threads_alone(tmp_path: Path) -> None:
    """Threads without a question and the channel itself get no replies."""
    async with on_stage(tmp_path, events=EVENTS, default="single") as stage:
        await choose(stage, stage.ana, listening=FOLLOW_UPS)
        ts = await say(stage, "Just among ourselves.")
        await say(stage, "And still so.", ts)
        assert await answers_in(stage, ts) == []


async def test_a_message_to_another_person_is_not_a_question(tmp_path: Path) -> None:
    """A message that starts with another person's mention is for them."""
    async with on_stage(tmp_path, events=EVENTS, default="single") as stage:
        await choose(stage, stage.ana, listening=FOLLOW_UPS)
        ts = await stage.ask("What is the risk?")
        await stage.replied(ts)
        await say(stage, f"<@{stage.ben.id}> what do you think?", ts)
        assert len(await answers_in(stage, ts)) == 1
        await say(stage, f"What would <@{stage.ben.id}> say?", ts)
        await stage.replied(ts, 2)


async def test_a_mention_in_a_listening_channel_is_answered_once(tmp_path: Path) -> None:
    """It arrives as two events and gets one reply, in a thread and at the top."""
    async with on_stage(tmp_path, events=EVENTS, default="single") as stage:
        await choose(stage, stage.ana, listening=FOLLOW_UPS)
        ts = await stage.ask("What is the risk?")
        await stage.replied(ts)
        await stage.ask("And once more?", ts)
        await stage.replied(ts, 2)
        for delivery in list(stage.slack.deliveries):
            await stage.slack.redeliver(delivery.event_id)
        assert len(await answers_in(stage, ts)) == 2


async def test_edits_and_bots_ask_nothing(tmp_path: Path) -> None:
    """Only new messages from people are questions."""
    async with on_stage(tmp_path, events=EVENTS, default="single") as stage:
        await choose(stage, stage.ana, listening=FOLLOW_UPS)
        robot = stage.slack.add_user("Robot", bot=True)
        await stage.slack.invite(robot, stage.general)
        ts = await stage.ask("A cheaper way to ship?")
        await stage.replied(ts)
        again = await say(stage, "And a faster one?", ts)
        await stage.replied(ts, 2)
        await stage.slack.edit(stage.ana, stage.general, again, "And a safer one?")
        await stage.slack.post(robot, stage.general, "The build is green.", thread_ts=ts)
        await stage.slack.wait_for_deliveries()
        assert len(await answers_in(stage, ts)) == 2


@pytest.mark.parametrize("private", [True, False])
async def test_each_channel_has_its_own_setting(tmp_path: Path, *, private: bool) -> None:
    """Each channel has its own setting, private or public."""
    async with on_stage(tmp_path, events=EVENTS, default="single") as stage:
        other = stage.slack.add_channel("other", members=[stage.ana], private=private)
        await choose(stage, stage.ana, other, listening=FOLLOW_UPS)
        here = await stage.ask("A cheaper way to ship?")
        await stage.replied(here)
        there = await stage.slack.post(stage.ana, other, f"{stage.mention} A cheaper way?")
        await stage.replied(there, channel=other)
        await say(stage, "And a faster one?", here)
        await stage.slack.post(stage.ana, other, "And a faster one?", thread_ts=there)
        await stage.replied(there, 2, channel=other)
        assert len(await answers_in(stage, here)) == 1


async def test_follow_ups_can_be_switched_off(tmp_path: Path) -> None:
    """The next message gets no reply."""
    async with on_stage(tmp_path, events=EVENTS, default="single") as stage:
        await choose(stage, stage.ana, listening=FOLLOW_UPS)
        ts = await stage.ask("A cheaper way to ship?")
        await stage.replied(ts)
        await choose(stage, stage.ana, listening=[])
        await say(stage, "And a faster one?", ts)
        assert len(await answers_in(stage, ts)) == 1


EVENT = {
    "type": "message",
    "channel_type": "channel",
    "channel": "C1",
    "user": "U1",
    "ts": "1.000100",
    "text": "Why?",
}


def _asked(**changes: Any) -> Any:
    body = {"team_id": "T1", "event_id": "E1", "event": EVENT | changes}
    return question_in_event(body, "UBOT")


def test_which_messages_may_be_questions() -> None:
    """Messages without a mention are candidates; mentions are addressed to us."""
    assert not _asked().addressed
    assert _asked(channel_type="im").addressed
    assert _asked(channel_type="mpim", text="<@UBOT> why?").addressed
    assert not _asked(channel_type="mpim").addressed
    assert _asked(type="app_mention", text="<@UBOT> why?").addressed
    assert not _asked(text="", files=[{"id": "F1"}]).addressed


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "<@UBOT> why?"},
        {"text": "and <@UBOT|moa> why?"},
        {"text": "<@U2> why?"},
        {"text": "  "},
        {"user": "UBOT"},
        {"bot_id": "B1"},
        {"subtype": "message_changed"},
        {"subtype": "channel_join"},
        {"subtype": "bot_message"},
        {"channel_type": "app_home"},
        {"channel_type": None},
        {"ts": ""},
        {"user": None},
        {"text": None},
    ],
)
def test_which_messages_are_never_questions(changes: dict[str, Any]) -> None:
    """Mentions (they arrive as app_mention), messages to others, and non-people are left out."""
    assert _asked(**changes) is None
