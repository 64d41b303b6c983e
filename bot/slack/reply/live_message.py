"""One message of an unfinished reply: streamed if Slack allows that, edited if not.

Both classes have `ts` (once posted), `shown` (the markdown they contain), `age` (see
`split_stream.Age`), `interval_s` (the shortest time between two updates that Slack tolerates),
`update(chunks, text, line)` and `end(chunks, text, blocks, metadata, session_status)`. These
methods raise the errors of the Web API calls.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from bot.ports import Run
from bot.slack.api.metadata import REPLY, run_metadata
from bot.slack.api.thread_roots import post_in_thread
from bot.slack.markdown.sanitize import shorten
from bot.slack.markdown.split_stream import Age
from bot.slack.reply.context import ReplyContext
from bot.slack.ui.blocks import Block, markdown

Chunk = dict[str, Any]

RIPE_S, OLD_S = 200.0, 240.0
"""Slack ends a stream about 300 s after its start, even while it is updated (node-slack-sdk issue
2702). After the first time its message ends with the next paragraph, after the second anywhere."""

FALLBACK_TEXT_LIMIT = 4_000
"""Characters of `text`, which notifications and screen readers use."""


class StreamedMessage:
    """A message sent with chat.startStream, appendStream and stopStream."""

    def __init__(self, reply_context: ReplyContext, run: Run) -> None:
        self._client = reply_context.client
        self._people = reply_context.people
        self._question = run.question
        self._started = 0.0
        self.shown = ""
        self.ts: str | None = None
        self.interval_s = 1.0

    @property
    def age(self) -> Age:
        """How close the stream is to its end."""
        seconds = time.monotonic() - self._started if self.ts is not None else 0.0
        return "young" if seconds <= RIPE_S else "ripe" if seconds <= OLD_S else "old"

    async def update(self, chunks: Sequence[Chunk], text: str, _line: str, /) -> None:
        """Start the stream with the first chunks, append later ones."""
        pieces = _with_text(chunks, text)
        if self.ts is None:
            await self._start(pieces)
        elif pieces:
            await self._client.chat_appendStream(
                channel=self._question.channel, ts=self.ts, chunks=pieces
            )
        self.shown += text

    async def end(
        self,
        chunks: Sequence[Chunk],
        text: str,
        blocks: Sequence[Block],
        metadata: dict[str, Any],
        session_status: str | None = None,
        /,
    ) -> None:
        """Stop the stream and set the agent session's status in the same call."""
        if self.ts is None:
            await self._start([])
        assert self.ts is not None
        await self._client.chat_stopStream(
            channel=self._question.channel,
            ts=self.ts,
            chunks=_with_text(chunks, text) or None,
            blocks=[*blocks] or None,
            metadata=metadata,
            session_status=session_status,
        )
        self.shown += text

    async def _start(self, pieces: list[Chunk]) -> None:
        question = self._question
        recipient_team = await self._people.team_of(question.user, question.team)
        started = time.monotonic()
        response = await self._client.chat_startStream(
            channel=question.channel,
            thread_ts=question.thread_ts,
            recipient_team_id=recipient_team,
            recipient_user_id=question.user,
            task_display_mode="plan",
            chunks=pieces or None,
        )
        self.ts = str(response["ts"])
        self._started = started


class EditedMessage:
    """A message sent with chat.postMessage and chat.update, for when Slack refuses to stream."""

    def __init__(self, reply_context: ReplyContext, run: Run) -> None:
        self._client = reply_context.client
        self._question = run.question
        self._run_id = run.id
        self._line = ""
        self.shown = ""
        self.ts: str | None = None
        self.interval_s = 1.5
        self.age: Age = "young"

    async def update(self, _chunks: Sequence[Chunk], text: str, line: str, /) -> None:
        """Show the progress line until there is text, then the text."""
        if not text and line == self._line:
            return
        await self._write(self.shown + text, line, (), run_metadata(REPLY, self._run_id))
        self.shown, self._line = self.shown + text, line

    async def end(
        self,
        _chunks: Sequence[Chunk],
        text: str,
        blocks: Sequence[Block],
        metadata: dict[str, Any],
        _session_status: str | None = None,
        /,
    ) -> None:
        """Show the whole text with the blocks below it."""
        await self._write(self.shown + text, "", blocks, metadata)
        self.shown += text

    async def _write(
        self, text: str, line: str, blocks: Sequence[Block], metadata: dict[str, Any]
    ) -> None:
        """Post the message, or update it if it is already posted."""
        content: dict[str, Any] = {
            "text": shorten(text, FALLBACK_TEXT_LIMIT) if text else line,
            "blocks": [*([markdown(text)] if text else []), *blocks] or None,
            "metadata": metadata,
        }
        question = self._question
        if self.ts is not None:
            await self._client.chat_update(channel=question.channel, ts=self.ts, **content)
            return
        self.ts = await post_in_thread(
            self._client, question.channel, question.thread_ts, **content
        )


LiveMessage = StreamedMessage | EditedMessage


def _with_text(chunks: Sequence[Chunk], text: str) -> list[Chunk]:
    return [*chunks, {"type": "markdown_text", "text": text}] if text else [*chunks]
