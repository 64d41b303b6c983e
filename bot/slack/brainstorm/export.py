"""Posts a brainstorm as a file in its thread, or as text if the app may not write files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.brainstorm.session import BrainstormSession
from bot.brainstorm.tally import dots_of, voters_of
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.metadata import brainstorm_metadata
from bot.slack.api.thread_roots import post_in_thread, root_exists
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.click_support import ClickSupport
from bot.slack.brainstorm.text import one_line_topic, safe_topic
from bot.slack.brainstorm.view_data import OpenIdeas
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import brainstorm as strings
from moa.brainstorm import Brainstorm, Idea, to_csv, to_markdown

log = structlog.get_logger(__name__)

Format = Literal["md", "csv"]

SNIPPET = 3_500
"""Characters of text in one message."""

MAX_SNIPPETS = 40


class ExportClicks:
    """Handles the export buttons."""

    def __init__(self, support: ClickSupport) -> None:
        self._support = support

    async def markdown(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Export as Markdown."""
        await self._support.clicked(ack, body, respond, self._export(body, "md"))

    async def csv(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Export as CSV."""
        await self._support.clicked(ack, body, respond, self._export(body, "csv"))

    async def _export(self, body: Mapping[str, Any], kind: Format) -> None:
        session = await self._support.admit(body, ids.clicked_parts(body)[0])
        if session.phase not in {"result", "closed"} or session.board_ts is None:
            raise RefusedError(strings.NO_RESULT_YET)
        text = await self._text(session, kind)
        if not await _post(self._support.client, session, text, kind):
            raise RefusedError(strings.EXPORT_FAILED)

    async def _text(self, session: BrainstormSession, kind: Format) -> str:
        views = self._support.views
        opened = await views.open_ideas(session)
        ballots = await views.store.ballots(session.id)
        whole = Brainstorm(
            topic=session.topic,
            ideas=[idea.as_idea for idea in opened.shown.ideas.values()],
            grouping=opened.grouping,
            dots=dots_of(opened.grouping, ballots),
            voters=voters_of(ballots),
        )
        write = to_markdown if kind == "md" else to_csv
        return write(whole, _author_in(opened))


def _author_in(opened: OpenIdeas) -> Any:
    """Return a function that names an idea's author as the channel shows them."""

    def author(idea: Idea) -> str:
        return opened.shown.sources.get(idea.id, "")

    return author


async def _post(
    client: AsyncWebClient, session: BrainstormSession, text: str, kind: Format
) -> bool:
    """Post an export in the thread. Return False if Slack refuses it."""
    channel, thread_ts = session.channel, str(session.board_ts)
    if not await root_exists(client, channel, thread_ts):
        return False
    try:
        await client.files_upload_v2(
            content=text,
            filename=f"brainstorm.{kind}",
            title=strings.EXPORT_TITLE.format(topic=one_line_topic(session, 100)),
            channel=channel,
            thread_ts=thread_ts,
        )
    except SLACK_ERRORS as error:
        log.info("export_not_uploaded", error=code_of(error))
        return await _post_as_text(client, session, text)
    return True


async def _post_as_text(client: AsyncWebClient, session: BrainstormSession, text: str) -> bool:
    """Post an export as preformatted text, which Slack shows literally."""
    pieces = split_text(text, SNIPPET)
    try:
        for number, piece in enumerate(pieces[:MAX_SNIPPETS], 1):
            literal = {"type": "text", "text": piece}
            block = {"type": "rich_text_preformatted", "elements": [literal]}
            await post_in_thread(
                client,
                session.channel,
                str(session.board_ts),
                text=strings.EXPORT_TITLE.format(topic=safe_topic(session)),
                blocks=[{"type": "rich_text", "elements": [block]}],
                metadata=brainstorm_metadata(session.id, f"export:{number}"),
            )
    except SLACK_ERRORS as error:
        log.warning("export_not_posted", error=code_of(error))
        return False
    return len(pieces) <= MAX_SNIPPETS


def split_text(text: str, limit: int) -> list[str]:
    """Return a text in pieces, each of whole lines if they fit. The joined pieces are the text."""
    pieces = [""]
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), limit):
            part = line[start : start + limit]
            if len(pieces[-1]) + len(part) > limit:
                pieces.append("")
            pieces[-1] += part
    return pieces
