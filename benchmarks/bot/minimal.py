"""A bot without durability: it answers mentions with the benchmark's floor and stores nothing.

It starts a stream and ends it with the whole reply: two calls, with nothing shown in between.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.bot.pipeline import A
from benchmarks.floor import Candidate


async def main() -> None:
    """Answer mentions until the process ends."""
    client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = AsyncApp(client=client, signing_secret="unused")  # noqa: S106 - Socket Mode has none
    async with Candidate(os.environ["MODELS"]) as floor:

        @app.event("app_mention")
        async def _mentioned(event: dict[str, Any], body: dict[str, Any]) -> None:
            started = await client.chat_startStream(
                channel=event["channel"],
                thread_ts=event["ts"],
                recipient_team_id=body["team_id"],
                recipient_user_id=event["user"],
            )
            heard = await floor.ask(A, event["text"])
            await client.chat_stopStream(
                channel=event["channel"],
                ts=str(started["ts"]),
                markdown_text="x" * heard.characters,
            )

        handler = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
        await handler.connect_async()
        sys.stderr.write("ready\n")
        sys.stderr.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
