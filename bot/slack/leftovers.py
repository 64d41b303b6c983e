"""What broken-off work left in a thread: a whole reply, or messages that nobody will go on with.

A process may die after Slack took the end of a reply, or between starting a stream and storing its
ts; and the answer to a call may be lost after Slack has done it. So the thread itself is looked at.
Whatever is raised here is trouble that waiting may help (`PASSING`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run, Runs
from bot.slack import words
from bot.slack.blocks import REPLY_ACTIONS
from bot.slack.client import PASSING, SLACK_TROUBLE, code_of
from bot.slack.metadata import LEFT, is_end, is_left, mark, run_of

log = structlog.get_logger(__name__)

LOOKED_AT = 200
"""Messages of the thread after the question that are looked at."""

Message = Mapping[str, Any]


async def has_ended(client: AsyncWebClient, run: Run) -> bool:
    """Whether the last message of a run stands: the end of its reply, or why there is none."""
    return any(_ends(message, run) for message in await _ours(client, run))


async def take_stock(client: AsyncWebClient, run: Run, runs: Runs) -> bool:
    """Whether the last message of a run stands; if not, what earlier attempts left is closed.

    Ending a message that is no open stream is refused by Slack, and does no harm.
    """
    ours = await _ours(client, run)
    if any(_ends(message, run) for message in ours):
        return True
    of_others = await runs.posts_of_others(run)  # after the thread: what stands there is stored now
    closed = {str(message["ts"]) for message in ours if is_left(message)}
    known = {str(message["ts"]) for message in ours if run_of(message) == run.id} | {*run.posts}
    for ts in sorted(known - closed):
        if not await stop(client, run, ts):
            await _tried(
                client.chat_update(
                    channel=run.question.channel,
                    ts=ts,
                    text=words.INTERRUPTED,
                    blocks=[],
                    metadata=mark(LEFT, run.id),
                )
            )
    for ts in _unmarked(ours, {*of_others, *known}):
        await stop(client, run, ts)
    return False


async def remove_lost(
    client: AsyncWebClient, run: Run, runs: Runs, *, keep: Collection[str]
) -> None:
    """Delete what an attempt has posted without knowing it, or does not count on any more.

    Args:
        client: of the workspace.
        run: the run.
        runs: the journal, which knows the posts of other runs.
        keep: the ts of messages that the attempt counts on.
    """
    ours = [message for message in await _ours(client, run) if not is_left(message)]
    of_others = await runs.posts_of_others(run)
    kept = {*keep, *of_others, *run.posts}
    marked = {str(message["ts"]) for message in ours if run_of(message) == run.id}
    for ts in sorted({*marked, *_unmarked(ours, kept)} - kept):
        if await stop(client, run, ts) or ts in marked:
            await _tried(client.chat_delete(channel=run.question.channel, ts=ts))


async def stop(client: AsyncWebClient, run: Run, ts: str) -> bool:
    """End a stream that its attempt will not go on with. False when it is no open stream."""
    channel, metadata = run.question.channel, mark(LEFT, run.id)
    said = f"\n\n{words.INTERRUPTED}"
    error = await _tried(
        client.chat_stopStream(channel=channel, ts=ts, markdown_text=said, metadata=metadata)
    )
    if error == "msg_too_long":
        error = await _tried(client.chat_stopStream(channel=channel, ts=ts, metadata=metadata))
    return error is None


def _unmarked(ours: Sequence[Message], known: Collection[str]) -> Sequence[str]:
    """The ts of what carries no mark: a stream has none until its end."""
    found = [str(message["ts"]) for message in ours if not message.get("metadata")]
    return [ts for ts in found if ts not in known]


def _ends(message: Message, run: Run) -> bool:
    """Whether a message is the last of a run: it says so, or the run's buttons hang on it."""
    if run_of(message) == run.id and is_end(message):
        return True
    blocks = message.get("blocks") or ()
    buttons = [
        element
        for block in blocks
        if block.get("block_id") == REPLY_ACTIONS
        for element in block.get("elements") or ()
    ]
    return any(button.get("value") == run.id for button in buttons)


async def _ours(client: AsyncWebClient, run: Run) -> Sequence[Message]:
    """Our messages below the question; none where the thread cannot be read."""
    question = run.question
    try:
        me = await client.auth_test()
        page = await client.conversations_replies(
            channel=question.channel,
            ts=question.thread_ts,
            oldest=question.ts,
            limit=LOOKED_AT,
            include_all_metadata=True,
        )
    except SLACK_TROUBLE as error:
        if code_of(error) in PASSING:
            raise
        log.warning("leftovers_not_seen", error=code_of(error))
        return []
    return [m for m in page.get("messages") or () if m.get("user") == me.get("user_id")]


async def _tried(call: Awaitable[object]) -> str | None:
    """The code with which Slack refuses a call; None where it does not."""
    try:
        await call
    except SLACK_TROUBLE as error:
        if code_of(error) in PASSING:
            raise
        return code_of(error)
    return None
