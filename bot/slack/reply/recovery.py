"""Finds and removes what an interrupted attempt left in a thread.

A process can die after Slack accepted the end of a reply, or between starting a stream and storing
its ts. A response can also get lost after Slack did the work. So recovery reads the thread itself.
Errors raised here are either transient, so that waiting may help, or mean that the thread is gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import slack_limits
from bot.ports import Run, RunStore
from bot.slack.api.client import (
    READ_ERRORS,
    SLACK_ERRORS,
    TRANSIENT,
    code_of,
    refuses_content,
)
from bot.slack.api.metadata import (
    ABANDONED,
    is_last_message,
    is_notice,
    run_id_of,
    run_metadata,
)
from bot.slack.api.thread_roots import remove_misplaced, root_exists, thread_gone_error
from bot.slack.ui.blocks import REPLY_ACTIONS
from bot.slack.ui.strings.reply import INTERRUPTED

log = structlog.get_logger(__name__)

MESSAGES_READ = slack_limits.PAGE
"""The number of messages after the question to read: Slack's largest page."""

Message = Mapping[str, Any]


async def reply_exists(client: AsyncWebClient, run: Run) -> bool:
    """Return whether the run's last message is posted: the end of its reply, or a notice."""
    return any(_is_last(message, run) for message in await _own_messages(client, run))


async def clean_up(client: AsyncWebClient, run: Run, runs: RunStore) -> bool:
    """Return whether the run's last message is posted. If not, remove what attempts left behind.

    Raises:
        SlackApiError: the question or its thread is gone; with the code of a missing thread.
    """
    if not await root_exists(client, run.question.channel, run.question.ts):
        raise thread_gone_error()
    messages = await _own_messages(client, run)
    if any(_is_last(message, run) for message in messages):
        return True
    await _remove(client, run, runs, messages, keep=())
    return False


async def lacks_buttons(client: AsyncWebClient, run: Run) -> bool:
    """Return whether a reply is posted without its buttons, because Slack refused them."""
    messages = [m for m in await _own_messages(client, run) if _is_last(m, run)]
    return bool(messages) and not any(is_notice(m) or _has_buttons(m, run) for m in messages)


async def withdraw(
    client: AsyncWebClient, run: Run, runs: RunStore, posts: Collection[str]
) -> None:
    """Remove everything that a run posted, because its question or thread was deleted.

    Args:
        client: the workspace's client.
        run: the run.
        runs: the run store, which knows the posts of earlier attempts.
        posts: the ts of this attempt's posts.
    """
    stored = await runs.get(run.id)
    for ts in sorted({*posts, *(stored.posts if stored else ())}):
        await stop_stream(client, run, ts)
        await _delete(client, run, ts)
    await remove_misplaced(client, run)


async def remove_unconfirmed(
    client: AsyncWebClient,
    run: Run,
    runs: RunStore,
    *,
    keep: Collection[str],
    drop: Collection[str] = (),
    status: str | None = None,
) -> None:
    """Remove messages that this attempt posted without confirmation, or that it gave up on.

    Args:
        client: the workspace's client.
        run: the run.
        runs: the run store, which knows the posts of other runs.
        keep: the ts of messages that the attempt still uses.
        drop: the ts of messages that it gave up on.
        status: the agent session's status afterwards.
    """
    messages = await _own_messages(client, run)
    await _remove(client, run, runs, messages, keep=keep, drop=drop, status=status)


async def _remove(
    client: AsyncWebClient,
    run: Run,
    runs: RunStore,
    messages: Sequence[Message],
    keep: Collection[str],
    *,
    drop: Collection[str] = (),
    status: str | None = None,
) -> None:
    """Remove this run's messages, and untagged streams that belong to no other run.

    Slack refuses to end a message that isn't an open stream, which does no harm.
    """
    others = await runs.posts_of_other_runs(
        run
    )  # read after the thread, so no post there is missing
    known = {str(message["ts"]) for message in messages if run_id_of(message) == run.id}
    known |= {*run.posts, *drop}
    untagged = {str(message["ts"]) for message in messages if not message.get("metadata")} - others
    for ts in sorted((known | untagged).difference(keep)):
        if await stop_stream(client, run, ts, status=status) or ts in known:
            await _delete(client, run, ts)


async def _delete(client: AsyncWebClient, run: Run, ts: str) -> None:
    """Delete a message. If Slack refuses, replace its text with a note that it isn't the reply."""
    channel = run.question.channel
    error = await _error_code(client.chat_delete(channel=channel, ts=ts))
    if error not in {None, "message_not_found"}:
        text, metadata = INTERRUPTED, run_metadata(ABANDONED, run.id)
        await _error_code(
            client.chat_update(channel=channel, ts=ts, text=text, blocks=[], metadata=metadata)
        )


async def stop_stream(
    client: AsyncWebClient,
    run: Run,
    ts: str,
    *,
    status: str | None = None,
    cards: Sequence[Mapping[str, Any]] = (),
) -> bool:
    """End an abandoned stream. Return False if it isn't an open stream, or if Slack refuses.

    Args:
        client: the workspace's client.
        run: the run.
        ts: the message.
        status: the agent session's status afterwards; Slack's default is "active".
        cards: the final state of its task cards.
    """
    note = {"type": "markdown_text", "text": f"\n\n{INTERRUPTED}"}
    tag = run_metadata(ABANDONED, run.id)
    # The plainest form has no status, in case Slack refuses the status.
    plainer: Sequence[Mapping[str, Any]] = (
        {"chunks": [*cards, note], "metadata": tag, "session_status": status},
        {"metadata": tag, "session_status": status},
        {},
    )
    for arguments in plainer:
        error = await _error_code(
            client.chat_stopStream(channel=run.question.channel, ts=ts, **arguments)
        )
        if error is None or not refuses_content(error):
            return error is None
    return False


def _is_last(message: Message, run: Run) -> bool:
    """Return whether a message is the last of a run, by its metadata or by the run's buttons."""
    if run_id_of(message) == run.id and is_last_message(message):
        return True
    return _has_buttons(message, run)


def _has_buttons(message: Message, run: Run) -> bool:
    """Return whether a message has the buttons below the run's reply."""
    buttons = [
        element
        for block in message.get("blocks") or ()
        if block.get("block_id") == REPLY_ACTIONS
        for element in block.get("elements") or ()
    ]
    return any(button.get("value") == run.id for button in buttons)


async def _own_messages(client: AsyncWebClient, run: Run) -> Sequence[Message]:
    """Return the bot's messages below the question, or none if the thread can't be read.

    Raises:
        SlackApiError: the thread is gone; with the code of a missing thread.
    """
    question = run.question
    try:
        bot = await client.auth_test()
        page = await client.conversations_replies(
            channel=question.channel,
            ts=question.thread_ts,
            oldest=question.ts,
            limit=MESSAGES_READ,
            include_all_metadata=True,
        )
    except SLACK_ERRORS as error:
        if code_of(error) in TRANSIENT:
            raise
        log.warning("thread_not_read_for_recovery", error=code_of(error))
        if READ_ERRORS.get(code_of(error)) == "thread_gone":
            raise
        return []
    messages = page.get("messages") or ()
    if any(m["ts"] == question.thread_ts and m.get("subtype") == "tombstone" for m in messages):
        raise thread_gone_error()
    return [m for m in messages if m.get("user") == bot.get("user_id")]


async def _error_code(call: Awaitable[object]) -> str | None:
    """Await a call. Return Slack's error code, or None on success. Transient errors are raised."""
    try:
        await call
    except SLACK_ERRORS as error:
        if code_of(error) in TRANSIENT:
            raise
        return code_of(error)
    return None
