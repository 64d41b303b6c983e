"""What broken-off work left in a thread: a whole reply, or messages that nobody will go on with.

A process may die after Slack took the end of a reply, or between starting a stream and storing its
ts; and the answer to a call may be lost after Slack has done it. So the thread itself is looked at.
Whatever is raised here is trouble that waiting may help (`PASSING`), or that the thread is gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run, RunStore
from bot.slack.api.client import READ_ERRORS, SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.metadata import ABANDONED, is_last_message, run_id_of, run_metadata
from bot.slack.api.thread_roots import remove_misplaced, root_exists, thread_gone_error
from bot.slack.ui import strings
from bot.slack.ui.blocks import REPLY_ACTIONS

log = structlog.get_logger(__name__)

LOOKED_AT = 1_000
"""Messages of the thread after the question that are looked at: as many as Slack gives a page."""

Message = Mapping[str, Any]


async def reply_exists(client: AsyncWebClient, run: Run) -> bool:
    """Whether the last message of a run stands: the end of its reply, or why there is none."""
    return any(_ends(message, run) for message in await _ours(client, run))


async def clean_up(client: AsyncWebClient, run: Run, runs: RunStore) -> bool:
    """Whether the last message of a run stands; if not, what earlier attempts left is removed.

    Raises:
        SlackApiError: with a code of a thread that is gone, where the question or its thread is.
    """
    if not await root_exists(client, run.question.channel, run.question.ts):
        raise thread_gone_error()
    ours = await _ours(client, run)
    if any(_ends(message, run) for message in ours):
        return True
    await _remove(client, run, runs, ours, keep=())
    return False


async def withdraw(
    client: AsyncWebClient, run: Run, runs: RunStore, posts: Collection[str]
) -> None:
    """Remove all that a run has posted, since its question or its thread was deleted.

    Args:
        client: of the workspace.
        run: the run.
        runs: the journal, which knows what earlier attempts have posted.
        posts: the ts of what this attempt has posted.
    """
    known = await runs.get(run.id)
    for ts in sorted({*posts, *(known.posts if known else ())}):
        await stop(client, run, ts)
        await _delete(client, run, ts)
    await remove_misplaced(client, run)


async def remove_lost(
    client: AsyncWebClient, run: Run, runs: RunStore, *, keep: Collection[str]
) -> None:
    """Remove what an attempt has posted without knowing it, or does not count on any more.

    Args:
        client: of the workspace.
        run: the run.
        runs: the journal, which knows the posts of other runs.
        keep: the ts of messages that the attempt counts on.
    """
    await _remove(client, run, runs, await _ours(client, run), keep=keep)


async def _remove(
    client: AsyncWebClient,
    run: Run,
    runs: RunStore,
    ours: Sequence[Message],
    keep: Collection[str],
) -> None:
    """Remove this run's messages, and streams that carry no mark and are of no other run.

    Ending a message that is no open stream is refused by Slack, and does no harm.
    """
    others = await runs.posts_of_others(run)  # after the thread: what stands there is stored now
    known = {str(message["ts"]) for message in ours if run_id_of(message) == run.id} | {*run.posts}
    unmarked = {str(message["ts"]) for message in ours if not message.get("metadata")} - others
    for ts in sorted((known | unmarked).difference(keep)):
        if await stop(client, run, ts) or ts in known:
            await _delete(client, run, ts)


async def _delete(client: AsyncWebClient, run: Run, ts: str) -> None:
    """Delete a message; where that is refused it says at least that it is not the reply."""
    channel = run.question.channel
    error = await _tried(client.chat_delete(channel=channel, ts=ts))
    if error not in {None, "message_not_found"}:
        text, metadata = strings.INTERRUPTED, run_metadata(ABANDONED, run.id)
        await _tried(
            client.chat_update(channel=channel, ts=ts, text=text, blocks=[], metadata=metadata)
        )


async def stop(client: AsyncWebClient, run: Run, ts: str) -> bool:
    """End a stream that its attempt will not go on with. False when it is no open stream."""
    channel, metadata = run.question.channel, run_metadata(ABANDONED, run.id)
    said = f"\n\n{strings.INTERRUPTED}"
    error = await _tried(
        client.chat_stopStream(channel=channel, ts=ts, markdown_text=said, metadata=metadata)
    )
    if error == "msg_too_long":
        error = await _tried(client.chat_stopStream(channel=channel, ts=ts, metadata=metadata))
    return error is None


def _ends(message: Message, run: Run) -> bool:
    """Whether a message is the last of a run: it says so, or the run's buttons hang on it."""
    if run_id_of(message) == run.id and is_last_message(message):
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
    """Our messages below the question; none where the thread cannot be read.

    Raises:
        SlackApiError: with a code of a thread that is gone, where it is.
    """
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
    except SLACK_ERRORS as error:
        if code_of(error) in TRANSIENT:
            raise
        log.warning("leftovers_not_seen", error=code_of(error))
        if READ_ERRORS.get(code_of(error)) == "thread_gone":
            raise
        return []
    found = page.get("messages") or ()
    if any(m["ts"] == question.thread_ts and m.get("subtype") == "tombstone" for m in found):
        raise thread_gone_error()
    return [m for m in found if m.get("user") == me.get("user_id")]


async def _tried(call: Awaitable[object]) -> str | None:
    """The code with which Slack refuses a call; None where it does not."""
    try:
        await call
    except SLACK_ERRORS as error:
        if code_of(error) in TRANSIENT:
            raise
        return code_of(error)
    return None
