"""Threads whose first message was deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playground.apps import SocketApp
from tests.playground.conftest import Scene, error_code


@pytest.mark.parametrize("replies", [0, 1])
async def test_a_message_for_a_deleted_thread_goes_to_the_channel(
    scene: Scene, replies: int
) -> None:
    """chat.postMessage succeeds and posts at the top level, with or without a tombstone."""
    ts = await scene.ask()
    for _ in range(replies):
        await scene.slack.post(scene.ana, scene.general, "more", ts)
    await scene.slack.delete(scene.general, ts)
    answer = await scene.web.chat_postMessage(
        channel=scene.general.id, thread_ts=ts, text="the answer"
    )
    assert "thread_ts" not in answer["message"]
    assert scene.slack.messages(scene.general)[-1].text == "the answer"


async def test_a_stream_for_a_deleted_thread_fails(scene: Scene) -> None:
    """chat.startStream responds with `invalid_thread_ts`."""
    ts = await scene.ask()
    await scene.slack.delete(scene.general, ts)
    recipient: dict[str, Any] = {
        "recipient_team_id": scene.slack.team_id,
        "recipient_user_id": scene.ana.id,
    }
    start = scene.web.chat_startStream(channel=scene.general.id, thread_ts=ts, **recipient)
    assert await error_code(start) == "invalid_thread_ts"


async def test_an_ephemeral_message_for_a_deleted_thread_goes_to_the_channel(scene: Scene) -> None:
    """chat.postEphemeral succeeds, and still only one person sees the message."""
    ts = await scene.ask()
    await scene.slack.delete(scene.general, ts)
    await scene.web.chat_postEphemeral(
        channel=scene.general.id, user=scene.ana.id, thread_ts=ts, text="psst"
    )
    [shown] = scene.slack.ephemerals(scene.ana, scene.general)
    assert shown.thread_ts is None


async def test_deletion_events(scene: Scene) -> None:
    """A parent with replies changes into a tombstone; deleting the last reply deletes that too."""
    async with SocketApp(scene.slack) as app:
        ts = await scene.ask()
        reply = await scene.slack.post(scene.ana, scene.general, "more", ts)
        await scene.slack.delete(scene.general, ts)
        await scene.slack.delete(scene.general, reply)
        await scene.slack.wait_for_deliveries()
    changed, gone, last = app.events("message")[-3:]
    assert (changed["subtype"], changed["message"]["subtype"]) == ("message_changed", "tombstone")
    assert (changed["message"]["ts"], changed["message"]["user"]) == (ts, "USLACKBOT")
    assert (gone["subtype"], gone["deleted_ts"]) == ("message_deleted", reply)
    assert (last["subtype"], last["deleted_ts"]) == ("message_deleted", ts)


async def test_history_of_a_channel(scene: Scene) -> None:
    """conversations.history returns messages newest first, without thread replies."""
    ts = await scene.ask("one")
    await scene.slack.post(scene.ana, scene.general, "below", ts)
    await scene.ask("two")
    found = (await scene.web.conversations_history(channel=scene.general.id))["messages"]
    assert [message["text"].split()[-1] for message in found] == ["two", "one"]
    later = await scene.web.conversations_history(channel=scene.general.id, oldest=ts)
    assert [message["text"].split()[-1] for message in later["messages"]] == ["two"]
