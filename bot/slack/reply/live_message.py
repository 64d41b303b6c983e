"""One message of a reply while it grows: streamed where Slack streams, edited where it does not.

Both kinds have `ts` (once posted), `shown` (the markdown they hold), `age` (see `rolling.Age`),
`pause_s` (between two calls of `grow` that Slack bears for long), `grow(chunks, text, line)` and
`end(chunks, text, blocks, metadata, session_status)`. These raise what calls of the Web API raise.
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
"""A stream dies some 300 s after its start even while it grows (node-slack-sdk issue 2702). From
the first on its message ends with the next paragraph, at the second wherever it stands."""

TEXT_LIMIT = 4_000
"""What `text` should hold at most: it is the notification and what screen readers read."""


class StreamedMessage:
    """A message by chat.startStream, appendStream and stopStream."""

    def __init__(self, frame: ReplyContext, run: Run) -> None:
        self._client = frame.client
        self._people = frame.people
        self._question = run.question
        self._started = 0.0
        self.shown = ""
        self.ts: str | None = None
        self.pause_s = 1.0

    @property
    def age(self) -> Age:
        """How near the stream is to the end of its life."""
        lived = time.monotonic() - self._started if self.ts is not None else 0.0
        return "young" if lived <= RIPE_S else "ripe" if lived <= OLD_S else "old"

    async def grow(self, chunks: Sequence[Chunk], text: str, _line: str, /) -> None:
        """Start the stream with the first pieces, append the later ones."""
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
        """Stop the stream, and set the agent session's status with it."""
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
        own_team = await self._people.team_of(question.user, question.team)
        started = time.monotonic()
        answer = await self._client.chat_startStream(
            channel=question.channel,
            thread_ts=question.thread_ts,
            recipient_team_id=own_team,
            recipient_user_id=question.user,
            task_display_mode="plan",
            chunks=pieces or None,
        )
        self.ts = str(answer["ts"])
        self._started = started


class EditedMessage:
    """A message by chat.postMessage and chat.update, for where streaming is refused."""

    def __init__(self, frame: ReplyContext, run: Run) -> None:
        self._client = frame.client
        self._question = run.question
        self._run_id = run.id
        self._line = ""
        self.shown = ""
        self.ts: str | None = None
        self.pause_s = 1.5
        self.age: Age = "young"

    async def grow(self, _chunks: Sequence[Chunk], text: str, line: str, /) -> None:
        """Post the line of progress, then show the text in its place."""
        if not text and line == self._line:
            return
        await self._put(self.shown + text, line, (), run_metadata(REPLY, self._run_id))
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
        """Show the whole text with its blocks."""
        await self._put(self.shown + text, "", blocks, metadata)
        self.shown += text

    async def _put(
        self, text: str, line: str, blocks: Sequence[Block], metadata: dict[str, Any]
    ) -> None:
        below = list(blocks)
        content: dict[str, Any] = {
            "text": shorten(text, TEXT_LIMIT) if text else line,
            "blocks": [*([markdown(text)] if text else []), *below] or None,
            "metadata": metadata,
        }
        if self.ts is not None:
            await self._client.chat_update(channel=self._question.channel, ts=self.ts, **content)
            return
        question = self._question
        self.ts = await post_in_thread(
            self._client, question.channel, question.thread_ts, **content
        )


LiveMessage = StreamedMessage | EditedMessage


def _with_text(chunks: Sequence[Chunk], text: str) -> list[Chunk]:
    return [*chunks, {"type": "markdown_text", "text": text}] if text else [*chunks]
