"""Streamed messages: appends chunks and ends a stream after five minutes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot import slack_limits
from bot.playground.checks.payloads import GENERATED_PREFIX
from bot.playground.errors import SlackError
from bot.playground.posts import record_notifications

if TYPE_CHECKING:
    from bot.playground.emulator import Emulator
    from bot.playground.state.models import Json, SlackMessage, Stream


def schedule_expiry(emulator: Emulator, stream: Stream) -> None:
    """Expire the stream 300 seconds after its start, even if it is still growing."""

    def expire() -> None:
        stream.end("expired")
        emulator.workspace.notify_changed()

    stream.expiry = emulator.clock.call_later(slack_limits.STREAM_SECONDS, expire)


def require_live(message: SlackMessage) -> Stream:
    """Return the message's stream if it still accepts chunks.

    Raises:
        SlackError: `stopped_by_user`, or `message_not_in_streaming_state`.
    """
    stream = message.stream
    if stream and stream.state == "stopped":
        raise SlackError("stopped_by_user")
    if not stream or stream.state != "live":
        raise SlackError("message_not_in_streaming_state")
    return stream


def append_chunks(emulator: Emulator, message: SlackMessage, chunks: list[Json]) -> None:
    """Append chunks to a live stream, either all or none.

    Raises:
        SlackError: `msg_too_long`, if text and tasks would exceed the limits.
    """
    stream = require_live(message)
    text = message.text + "".join(c["text"] for c in chunks if c["type"] == "markdown_text")
    tasks = dict(stream.tasks)
    for chunk in chunks:
        if chunk["type"] == "task_update":
            known = tasks.get(chunk["id"], {})
            tasks[chunk["id"]] = known | {k: v for k, v in chunk.items() if k != "type"}
    total = len(text) + (len(json.dumps(list(tasks.values()))) if tasks else 0)
    if len(text) > slack_limits.STREAM_TEXT or total > slack_limits.STREAM_TOTAL:
        raise SlackError("msg_too_long")
    message.text, stream.tasks = text, tasks
    for chunk in chunks:
        if chunk["type"] == "plan_update":
            stream.title = chunk["title"]
        elif chunk["type"] == "blocks":
            stream.blocks += chunk["blocks"]
    message.blocks = stream_blocks(message, stream)
    record_notifications(emulator, message)


def stream_blocks(
    message: SlackMessage, stream: Stream, final: list[Json] | None = None
) -> list[Json]:
    """Return the blocks of a streamed message: its tasks, its text, then the app's own blocks."""
    blocks: list[Json] = []
    cards = [_task_card(task) for task in stream.tasks.values()]
    if stream.display == "plan" and (cards or stream.title):
        title = stream.title or "Thinking"
        plan = {
            "type": "plan",
            "block_id": f"{GENERATED_PREFIX}plan",
            "title": title,
            "tasks": cards,
        }
        blocks.append(plan)
    else:
        blocks += cards
    if message.text:
        text = {"type": "markdown", "block_id": f"{GENERATED_PREFIX}text", "text": message.text}
        blocks.append(text)
    return blocks + stream.blocks + (final or [])


def _task_card(task: Json) -> Json:
    card: Json = {
        "type": "task_card",
        "block_id": f"{GENERATED_PREFIX}task-{task['id']}",
        "task_id": task["id"],
        "title": task["title"],
        "status": task["status"],
    }
    for part in ("details", "output"):
        if task.get(part):
            text = {"type": "text", "text": task[part]}
            section = {"type": "rich_text_section", "elements": [text]}
            card[part] = {"type": "rich_text", "elements": [section]}
    if task.get("sources"):
        card["sources"] = task["sources"]
    return card
