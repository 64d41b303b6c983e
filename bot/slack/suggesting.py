"""What a person may ask first, offered where they open their chat with us.

An app with `agent_view` is told of that by `app_home_opened` with the tab "messages", and sets its
prompts for the conversation as a whole: with a `thread_ts` Slack would take the call and do nothing
(https://docs.slack.dev/ai/migrating-to-agent-messaging and
https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts). The manifest holds
the same prompts, for workspaces where this call is refused.
"""

from __future__ import annotations

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import words
from bot.slack.client import SLACK_TROUBLE, code_of

log = structlog.get_logger(__name__)


async def suggest(client: AsyncWebClient, channel: str) -> None:
    """Offer the questions in a direct message; where Slack refuses, it shows the manifest's."""
    prompts = [{"title": title, "message": message} for title, message in words.SUGGESTIONS]
    try:
        await client.assistant_threads_setSuggestedPrompts(
            channel_id=channel, prompts=prompts, title=words.SUGGESTIONS_TITLE
        )
    except SLACK_TROUBLE as error:
        log.info("not_suggested", error=code_of(error))
