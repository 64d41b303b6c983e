"""What an attempt that was broken off left in a thread: streams that nobody would ever end."""

from __future__ import annotations

from contextlib import suppress

from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run
from bot.slack import words
from bot.slack.client import SLACK_TROUBLE

LOOKED_AT = 200
"""Messages of the thread after the question that are looked at."""


async def close_left_open(client: AsyncWebClient, run: Run) -> None:
    """End the streams of a run's earlier attempt.

    A process may die between starting a stream and storing its ts, so the thread is looked at too.
    Ending a message that is no open stream is refused by Slack, and does no harm.
    """
    for ts in dict.fromkeys([*run.posts, *await _unmarked(client, run)]):
        with suppress(*SLACK_TROUBLE):
            await client.chat_stopStream(
                channel=run.question.channel, ts=ts, markdown_text=words.INTERRUPTED
            )


async def _unmarked(client: AsyncWebClient, run: Run) -> list[str]:
    """Our messages below the question that do not carry the mark of a finished one."""
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
    except SLACK_TROUBLE:
        return []
    ours = [m for m in page.get("messages") or () if m.get("user") == me.get("user_id")]
    return [str(message["ts"]) for message in ours if not message.get("metadata")]
