"""What Slack does with a thread whose first message was deleted, as others have recorded it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playground.apps import SocketApp
from tests.playground.conftest import Scene, code


@pytest.mark.parametrize("replies", [0, 1])
async def test_a_message_for_a_deleted_thread_lands_in_the_channel(
    scene: Scene, replies: int
) -> None:
    """chat.postMessage succeeds, and the message stands at the top level; also with a tombstone."""
    ts = await scene.ask()
    for _ in range(replies):
        await scene.slack.post(scene.ana, scene.general, "more", ts)
    await scene.slack.delete(scene.general, ts)
    answer = await scene.web.chat_postMessage(
        channel=scene.general.id, thread_ts=ts, text="the answer"
    )
    assert "thread_ts" not in answer["message"]
    assert scene.slack.messages(scene.general)[-1].text == "the answer"


async def test_a_stream_for_a_deleted_thread_is_refused(scene: Scene) -> None:
    """chat.startStream has a code for it."""
    ts = await scene.ask()
    await scene.slack.delete(scene.general, ts)
    who: dict[str, Any] = {
        "recipient_team_id": scene.slack.team_id,
        "recipient_user_id": scene.ana.id,
    }
    start = scene.web.chat_startStream(channel=scene.general.id, thread_ts=ts, **who)
    assert await code(start) == "invalid_thread_ts"


async def test_a_line_for_one_person_falls_to_the_channel_too(scene: Scene) -> None:
    """chat.postEphemeral succeeds as well; nobody else sees it."""
    ts = await scene.ask()
    await scene.slack.delete(scene.general, ts)
    await scene.web.chat_postEphemeral(
        channel=scene.general.id, user=scene.ana.id, thread_ts=ts, text="psst"
    )
    [shown] = scene.slack.ephemerals(scene.ana, scene.general)
    assert shown.thread_ts is None


async def test_how_the_app_hears_of_a_deletion(scene: Scene) -> None:
    """A parent with replies becomes a tombstone by an edit; that goes with its last reply."""
    async with SocketApp(scene.slack) as app:
        ts = await scene.ask()
        reply = await scene.slack.post(scene.ana, scene.general, "more", ts)
        await scene.slack.delete(scene.general, ts)
        await scene.slack.delete(scene.general, reply)
        await scene.slack.settled()
    changed, gone, last = app.events("message")[-3:]
    assert (changed["subtype"], changed["message"]["subtype"]) == ("message_changed", "tombstone")
    assert (changed["message"]["ts"], changed["message"]["user"]) == (ts, "USLACKBOT")
    assert (gone["subtype"], gone["deleted_ts"]) == ("message_deleted", reply)
    assert (last["subtype"], last["deleted_ts"]) == ("message_deleted", ts)


async def test_the_channels_own_messages_can_be_read(scene: Scene) -> None:
    """conversations.history brings them, the newest first, without the replies in threads."""
    ts = await scene.ask("one")
    await scene.slack.post(scene.ana, scene.general, "below", ts)
    await scene.ask("two")
    found = (await scene.web.conversations_history(channel=scene.general.id))["messages"]
    assert [message["text"].split()[-1] for message in found] == ["two", "one"]
    later = await scene.web.conversations_history(channel=scene.general.id, oldest=ts)
    assert [message["text"].split()[-1] for message in later["messages"]] == ["two"]
