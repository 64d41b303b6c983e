"""Streamed messages: the 300-second limit, size limits and the Stop button."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.models.messages.chunk import MarkdownTextChunk, PlanUpdateChunk, TaskUpdateChunk

from tests.playground.apps import button, section
from tests.playground.conftest import Scene, error_code, error_response


async def _stream(scene: Scene, ts: str, **more: Any) -> Any:
    return await scene.web.chat_stream(
        channel=scene.general.id,
        thread_ts=ts,
        recipient_user_id=scene.ana.id,
        recipient_team_id=scene.slack.team_id,
        **more,
    )


async def _start(scene: Scene, **more: Any) -> dict[str, str]:
    started = await scene.web.chat_startStream(
        channel=scene.general.id,
        thread_ts=await scene.ask(),
        recipient_user_id=scene.ana.id,
        recipient_team_id=scene.slack.team_id,
        **more,
    )
    return {"channel": scene.general.id, "ts": started["ts"]}


async def test_the_sdks_helper_streams_a_whole_reply(scene: Scene) -> None:
    """Plan, tasks, text and final blocks end up in one message."""
    ts = await scene.ask()
    stream = await _stream(scene, ts, task_display_mode="plan", buffer_size=1)
    working = TaskUpdateChunk(id="a", title="gpt", status="in_progress")
    await stream.append(chunks=[PlanUpdateChunk(title="Layer 1"), working])
    reply = scene.slack.messages(scene.general, ts)[1]
    assert reply.streaming
    await stream.append(markdown_text="Hello ")
    done = TaskUpdateChunk(id="a", title="gpt", status="complete", details="2 s")
    await stream.append(chunks=[MarkdownTextChunk(text="world"), done])
    buttons = {"type": "actions", "elements": [button("show", "Show answers")]}
    metadata = {"event_type": "run", "event_payload": {"id": "r"}}
    answer = await stream.stop(blocks=[buttons], metadata=metadata, session_status="active")
    assert not reply.streaming
    assert scene.slack.render(reply).split("\n") == [
        "Layer 1",
        "  ✓ gpt — 2 s",
        "Hello world",
        "[Show answers]",
    ]
    assert answer["message"]["metadata"] == metadata
    session = scene.slack.session(scene.general, ts)
    assert session is not None
    assert session.status == "active"


async def test_stream_expires_after_300_seconds(frozen: Scene) -> None:
    """Appending does not extend it; the text stays and can be updated."""
    where = await _start(frozen, markdown_text="one")
    frozen.slack.clock.advance(299)
    await frozen.web.chat_appendStream(**where, markdown_text=" two")
    frozen.slack.clock.advance(1)
    reply = frozen.slack.message(frozen.general, where["ts"])
    await frozen.slack.wait_for(lambda: not reply.streaming)
    append, stop = frozen.web.chat_appendStream, frozen.web.chat_stopStream
    dead = "message_not_in_streaming_state"
    assert await error_code(append(**where, markdown_text=" three")) == dead
    assert await error_code(stop(**where)) == dead
    assert frozen.slack.message(frozen.general, where["ts"]).text == "one two"
    await frozen.web.chat_update(**where, text="in full")
    assert frozen.slack.render(frozen.slack.message(frozen.general, where["ts"])) == "in full"


async def test_a_live_stream_cannot_be_updated(scene: Scene) -> None:
    """It must be stopped before `chat.update` works."""
    where = await _start(scene)
    assert await error_code(scene.web.chat_update(**where, text="x")) == "streaming_state_conflict"
    await scene.web.chat_stopStream(**where, markdown_text="done")
    await scene.web.chat_update(**where, text="x")


async def test_finished_stream_accepts_no_chunks(scene: Scene) -> None:
    """A message that was never a stream accepts none either."""
    where = await _start(scene)
    await scene.web.chat_stopStream(**where, markdown_text="done")
    append = scene.web.chat_appendStream
    dead = "message_not_in_streaming_state"
    assert await error_code(append(**where, markdown_text="x")) == dead
    sent = await scene.web.chat_postMessage(channel=scene.general.id, text="x")
    plain = {"channel": scene.general.id, "ts": sent["ts"]}
    assert await error_code(append(**plain, markdown_text="x")) == dead


async def test_stop_ends_the_streams_of_a_thread(scene: Scene) -> None:
    """After Stop every further chunk fails and the text so far stays."""
    where = await _start(scene, markdown_text="half an answer")
    thread = str(scene.slack.message(**where).thread_ts)
    assert await scene.slack.press_stop(scene.ana, scene.general, thread) == [where["ts"]]
    append, stop = scene.web.chat_appendStream, scene.web.chat_stopStream
    assert await error_code(append(**where, markdown_text="x")) == "stopped_by_user"
    assert await error_code(stop(**where)) == "stopped_by_user"
    assert scene.slack.message(**where).text == "half an answer"


async def test_a_stream_in_a_channel_needs_a_recipient(scene: Scene) -> None:
    """Outside direct messages user and team are required and must exist."""
    start = scene.web.chat_startStream
    base: dict[str, Any] = {"channel": scene.general.id, "thread_ts": await scene.ask()}
    team, user = {"recipient_team_id": scene.slack.team_id}, {"recipient_user_id": scene.ana.id}
    assert await error_code(start(**base, **team)) == "missing_recipient_user_id"
    assert await error_code(start(**base, **user)) == "missing_recipient_team_id"
    assert await error_code(start(**base, **team, recipient_user_id="U99")) == "user_not_found"
    assert await error_code(start(**base, **user, recipient_team_id="T99")) == "team_not_found"


async def test_a_stream_in_direct_messages_needs_none(scene: Scene) -> None:
    """The recipient is implied there; a thread is always required."""
    direct = scene.slack.dm(scene.ana)
    ts = await scene.slack.post(scene.ana, direct, "hi")
    await scene.web.chat_startStream(channel=direct.id, thread_ts=ts, markdown_text="hello")
    without = scene.web.api_call("chat.startStream", json={"channel": direct.id})
    assert await error_code(without) == "invalid_arguments"
    lost = scene.web.chat_startStream(channel=direct.id, thread_ts="1.000001")
    assert await error_code(lost) == "invalid_thread_ts"


async def test_too_much_text_is_rejected_without_effect(scene: Scene) -> None:
    """The limit is 12,000 characters per append and in total."""
    where = await _start(scene)
    append = scene.web.chat_appendStream
    assert await error_code(append(**where, markdown_text="x" * 12_001)) == "msg_too_long"
    await append(**where, markdown_text="x" * 12_000)
    assert await error_code(append(**where, markdown_text="y")) == "msg_too_long"
    assert scene.slack.message(**where).text == "x" * 12_000


async def test_tasks_count_towards_the_message(scene: Scene) -> None:
    """Long outputs of many tasks cause `msg_too_long`, as in Slack."""
    where = await _start(scene)
    append = scene.web.chat_appendStream

    def task(number: int) -> TaskUpdateChunk:
        return TaskUpdateChunk(id=str(number), title="t", status="complete", output="o" * 9_000)

    await append(**where, chunks=[task(number) for number in range(4)])
    assert await error_code(append(**where, chunks=[task(4)])) == "msg_too_long"
    await append(**where, chunks=[task(0)])


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        ({"type": "song"}, "unsupported type: song"),
        ({"type": "markdown_text"}, "must be a string"),
        ({"type": "plan_update", "title": ""}, "more than 0 characters"),
        ({"type": "task_update", "id": "1", "title": "t", "status": "done"}, "must be one of"),
        ({"type": "task_update", "title": "t", "status": "error"}, "/id"),
        (
            {
                "type": "task_update",
                "id": "1",
                "title": "t",
                "status": "error",
                "details": "d" * 501,
            },
            "less than 501",
        ),
        ({"type": "blocks", "blocks": [section("")]}, "more than 0 characters"),
        ("text", "unsupported type"),
    ],
)
async def test_malformed_chunk_is_rejected(scene: Scene, chunk: Any, expected: str) -> None:
    """Chunks must have Slack's format; errors have a pointer."""
    where = await _start(scene)
    body = {**where, "chunks": [chunk]}
    answer = await error_response(scene.web.api_call("chat.appendStream", json=body))
    assert answer["error"] == "invalid_arguments"
    assert expected in answer["response_metadata"]["messages"][0]


async def test_empty_append_and_invalid_final_blocks_are_rejected(scene: Scene) -> None:
    """After a failed stop the stream is still live and can be stopped."""
    where = await _start(scene)
    assert await error_code(scene.web.chat_appendStream(**where)) == "no_text"
    stop = scene.web.chat_stopStream
    assert await error_code(stop(**where, blocks=[section("")])) == "invalid_blocks"
    assert await error_code(stop(**where, blocks=[section("x")] * 50)) == "invalid_blocks"
    assert await error_code(stop(**where, session_status="asleep")) == "invalid_arguments"
    assert scene.slack.message(**where).streaming
    await stop(**where, markdown_text="done")


async def test_sessions_keep_status_and_title(scene: Scene) -> None:
    """The first status starts a session; unknown statuses are rejected."""
    ts = await scene.ask()
    where = {"channel_id": scene.general.id, "thread_ts": ts}
    status, rename = scene.web.agents_sessions_setStatus, scene.web.agents_sessions_rename
    assert await error_code(rename(**where, title="x")) == "session_not_found"
    await status(**where, status="processing", title="Plans", initiator_user_id=scene.ana.id)
    session = scene.slack.session(scene.general, ts)
    assert session is not None
    assert (session.status, session.title, session.initiator) == (
        "processing",
        "Plans",
        scene.ana.id,
    )
    await rename(**where, title="Better plans")
    assert session.title == "Better plans"
    assert await error_code(rename(**where, title="x" * 201)) == "invalid_arguments"
    assert await error_code(status(**where, status="asleep")) == "invalid_arguments"


async def test_assistant_status_expires(frozen: Scene) -> None:
    """It clears after two minutes, after a post and when set to empty."""
    ts = await frozen.ask()
    where = {"channel_id": frozen.general.id, "thread_ts": ts}
    set_status = frozen.web.assistant_threads_setStatus
    await set_status(**where, status="is thinking…", loading_messages=["Reading"])
    assert frozen.slack.status(frozen.general, ts) == "is thinking…"
    frozen.slack.clock.advance(121)
    assert frozen.slack.status(frozen.general, ts) == ""
    await set_status(**where, status="is thinking…")
    await frozen.web.chat_postMessage(channel=frozen.general.id, thread_ts=ts, text="done")
    assert frozen.slack.status(frozen.general, ts) == ""
    await set_status(**where, status="again")
    await set_status(**where, status="")
    assert frozen.slack.status(frozen.general, ts) == ""
    assert (
        await error_code(set_status(**where, status="x", loading_messages=["y" * 51]))
        == "invalid_arguments"
    )
    assert (
        await error_code(set_status(**where, status="x", loading_messages=["y"] * 11))
        == "invalid_arguments"
    )


async def test_at_most_four_suggested_prompts(scene: Scene) -> None:
    """A thread takes a title and four prompts; a fifth is rejected."""
    ts = await scene.ask()
    suggest = scene.web.assistant_threads_setSuggestedPrompts
    one = {"title": "Risks", "message": "Name three risks"}
    await suggest(channel_id=scene.general.id, thread_ts=ts, prompts=[one] * 4)
    many = suggest(channel_id=scene.general.id, thread_ts=ts, prompts=[one] * 5)
    assert await error_code(many) == "invalid_arguments"
    half = suggest(channel_id=scene.general.id, thread_ts=ts, prompts=[{"title": "x"}])
    assert await error_code(half) == "invalid_arguments"
    await scene.web.assistant_threads_setTitle(channel_id=scene.general.id, thread_ts=ts, title="T")
