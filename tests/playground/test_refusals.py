"""Payloads that the local Slack can be told to reject, whichever call sends them."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.faults import Part, has_markdown_table, holds
from tests.playground.apps import section
from tests.playground.conftest import Scene, error_code

TABLE = "| a | b |\n|---|:-:|\n| 1 | 2 |"
METADATA = {"event_type": "x", "event_payload": {}}
FEEDBACK = {"type": "context_actions", "elements": [{"type": "feedback_buttons"}]}
CARD = {"type": "task_update", "id": "1", "title": "x", "status": "pending"}


@pytest.mark.parametrize(
    ("part", "args"),
    [
        ("blocks", {"blocks": [section("x")]}),
        ("feedback", {"blocks": [section("x"), FEEDBACK]}),
        ("metadata", {"metadata": METADATA}),
        ("cards", {"chunks": [CARD]}),
        ("session status", {"session_status": "active"}),
        ("table", {"blocks": [{"type": "markdown", "text": TABLE}]}),
        ("table", {"chunks": [{"type": "markdown_text", "text": TABLE}]}),
        ("table", {"blocks": [{"type": "table", "rows": []}]}),
    ],
)
def test_a_part_is_found_in_a_payload(part: Part, args: dict[str, Any]) -> None:
    """Each part is found where Slack accepts it, and in no plain message."""
    assert holds(part, args)
    assert not holds(part, {"text": "x", "chunks": [{"type": "markdown_text", "text": "x"}]})
    assert holds("anything", args)


def test_a_table_in_code_does_not_count() -> None:
    """Only text that Slack would draw as a table counts."""
    assert has_markdown_table(TABLE)
    assert not has_markdown_table(f"```\n{TABLE}\n```")
    assert not has_markdown_table("a | b\n\n---")


async def test_a_refused_part_is_refused_until_it_is_accepted(scene: Scene) -> None:
    """Other payloads pass, and afterwards this one passes too."""
    scene.slack.refuse("metadata", error="invalid_metadata_schema")
    post, where = scene.web.chat_postMessage, {"channel": scene.general.id, "text": "x"}
    for _ in range(3):
        assert await error_code(post(**where, metadata=METADATA)) == "invalid_metadata_schema"
    await post(**where)
    scene.slack.accept()
    await post(**where, metadata=METADATA)


async def test_a_table_that_grew_in_a_stream_is_refused_at_the_end(scene: Scene) -> None:
    """Slack checks the whole message when its stream ends, whatever the last chunk is."""
    scene.slack.refuse("table", methods=["chat.stopStream"])
    where = {"channel": scene.general.id, "thread_ts": await scene.ask()}
    person = {"recipient_user_id": scene.ana.id, "recipient_team_id": scene.slack.team_id}
    started = await scene.web.chat_startStream(**where, **person, markdown_text=TABLE[:12])
    stream = {"channel": scene.general.id, "ts": started["ts"]}
    await scene.web.chat_appendStream(**stream, markdown_text=TABLE[12:])
    assert await error_code(scene.web.chat_stopStream(**stream)) == "invalid_blocks"


async def test_a_response_with_wrong_blocks_gets_status_400(scene: Scene) -> None:
    """For command responses, Slack also reports rejected content by the HTTP status."""
    hook = AsyncWebhookClient(
        scene.slack._emulator.new_response_url(scene.ana.id, scene.general.id)
    )
    wrong = await hook.send(text="x", blocks=[section("")])
    assert (wrong.status_code, "invalid_blocks" in wrong.body) == (400, True)
    scene.slack.refuse("blocks")
    refused = await hook.send(text="x", blocks=[section("x")])
    assert (refused.status_code, "invalid_blocks" in refused.body) == (400, True)
    assert (await hook.send(text="x")).status_code == 200


async def test_a_stream_ends_with_an_active_session(scene: Scene) -> None:
    """Ending a stream makes the session active, unless the call names another status."""
    ts = await scene.ask()
    where = {"channel": scene.general.id, "thread_ts": ts}
    person = {"recipient_user_id": scene.ana.id, "recipient_team_id": scene.slack.team_id}
    status = scene.web.agents_sessions_setStatus
    await status(channel_id=scene.general.id, thread_ts=ts, status="processing")
    session = scene.slack.session(scene.general, ts)
    assert session is not None
    for sent, expected in ({"session_status": "processing"}, "processing"), ({}, "active"):
        started = await scene.web.chat_startStream(**where, **person, markdown_text="x")
        await scene.web.chat_stopStream(channel=scene.general.id, ts=started["ts"], **sent)
        assert session.status == expected


async def test_an_edited_mention_is_sent_again(scene: Scene) -> None:
    """The second `app_mention` has the field `edited`, and a new event id."""
    scene.slack.app.events = {"app_mention"}
    ts = await scene.ask()
    await scene.slack.edit(scene.ana, scene.general, ts, f"<@{scene.slack.bot_user_id}> bye")
    first, second = (delivery.body for delivery in scene.slack.deliveries)
    assert first["event_id"] != second["event_id"]
    assert ("edited" in first["event"], "edited" in second["event"]) == (False, True)
    assert second["event"]["ts"] == ts


async def test_an_edit_accepts_less_text_than_a_new_message(scene: Scene) -> None:
    """Text that fits a new message may be too long for chat.update."""
    long = "x" * 4_001
    posted = await scene.web.chat_postMessage(channel=scene.general.id, text=long)
    message = {"channel": scene.general.id, "ts": posted["ts"]}
    assert await error_code(scene.web.chat_update(**message, text=long)) == "msg_too_long"
    await scene.web.chat_update(**message, text=long[:-1])
