"""Uploads a reply that is too long for its thread as a file."""

from __future__ import annotations

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Question
from bot.slack.api.client import SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.thread_roots import root_exists
from bot.slack.ui.strings.reply import REPLY_FILE_TITLE

log = structlog.get_logger(__name__)

NAME = "reply.md"


async def upload(
    client: AsyncWebClient, question: Question, text: str, *, is_needed: bool = False
) -> bool:
    """Post the text in the question's thread as a file. Return False if Slack refuses it.

    If the thread's root is gone, nothing is posted: the file would end up in the channel. Needs the
    scope files:write (https://docs.slack.dev/messaging/working-with-files#upload).

    Raises:
        SLACK_ERRORS: a retry may help, and the text is nowhere else (`is_needed`).
    """
    if not await root_exists(client, question.channel, question.thread_ts):
        return False
    try:
        await client.files_upload_v2(
            content=text,
            filename=NAME,
            title=REPLY_FILE_TITLE,
            channel=question.channel,
            thread_ts=question.thread_ts,
        )
    except SLACK_ERRORS as error:
        log.info("reply_not_uploaded", error=code_of(error))
        if is_needed and code_of(error) in TRANSIENT:
            raise
        return False
    return True
