"""What a broken-off attempt left in a thread: a whole reply, or streams that nobody will end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run
from bot.slack import words
from bot.slack.blocks import REPLY_ACTIONS
from bot.slack.client import SLACK_TROUBLE, code_of
from bot.slack.metadata import REPLY

log = structlog.get_logger(__name__)

LOOKED_AT = 200
"""Messages of the thread after the question that are looked at."""


async def stands_already(client: AsyncWebClient, run: Run, others: Collection[str]) -> bool:
    """Whether an earlier attempt has posted the whole reply; if not, what it left open is ended.

    A process may die after Slack took the end of a reply, or between starting a stream and storing
    its ts, so the thread itself is looked at. Ending a message that is no open stream is refused
    by Slack, and does no harm.

    Args:
        client: of the workspace.
        run: the run that is taken up again.
        others: the ts of messages that belong to other runs of the thread.
    """
    ours = await _ours(client, run)
    if any(_is_whole(message, run) for message in ours):
        return True
    unmarked = [str(m["ts"]) for m in ours if not m.get("metadata") and m["ts"] not in others]
    for ts in dict.fromkeys([*run.posts, *unmarked]):
        with suppress(*SLACK_TROUBLE):
            await client.chat_stopStream(
                channel=run.question.channel, ts=ts, markdown_text=words.INTERRUPTED
            )
    return False


def _is_whole(message: Mapping[str, Any], run: Run) -> bool:
    """Whether a message ends this run's reply: it carries its mark, and the buttons."""
    metadata = message.get("metadata") or {}
    run_id = (metadata.get("event_payload") or {}).get("run_id")
    blocks = message.get("blocks") or ()
    has_buttons = any(block.get("block_id") == REPLY_ACTIONS for block in blocks)
    return metadata.get("event_type") == REPLY and run_id == run.id and has_buttons


async def _ours(client: AsyncWebClient, run: Run) -> Sequence[Mapping[str, Any]]:
    """Our messages below the question."""
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
        log.warning("leftovers_not_seen", error=code_of(error))
        return []
    return [m for m in page.get("messages") or () if m.get("user") == me.get("user_id")]
