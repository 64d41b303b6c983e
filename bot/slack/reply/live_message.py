"""One message of an unfinished reply: streamed if Slack allows it, otherwise edited.

Both classes have `ts` (once posted), `shown` (the markdown they contain), `age`
(see `split_stream.Age`), `interval_s` (the shortest time between two updates that Slack tolerates),
`updates_a_minute` (how many Slack allows all replies together),
`update(chunks, text, line)` and `end(chunks, text, blocks, metadata, session_status)`. `end`
returns whether the blocks are shown. Content that Slack refuses is sent in plainer forms. If Slack
refuses all of them, or on other errors of Web API calls, these methods raise.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from bot import slack_limits
from bot.ports import Run
from bot.slack.api.metadata import REPLY, run_metadata
from bot.slack.api.thread_roots import post_in_thread
from bot.slack.markdown.sanitize import shorten
from bot.slack.markdown.split import split_markdown
from bot.slack.markdown.split_stream import Age
from bot.slack.reply.context import APPENDS_A_MINUTE, EDITS_A_MINUTE, ReplyContext
from bot.slack.reply.ladder import (
    EDITS,
    POSTS,
    STREAM_ENDS,
    STREAM_UPDATES,
    Form,
    Ladder,
    Payload,
)
from bot.slack.reply.task_cards import Chunk
from bot.slack.ui.blocks import Block, markdown

StorePost = Callable[[str], Awaitable[None]]
"""Stores the ts of a message right after it was posted."""

RIPE_S, OLD_S = 200.0, 240.0
"""Slack ends a stream about 300 s after its start, even if it is being updated (node-slack-sdk
issue 2702). After the first time, its message ends with the next paragraph; after the second,
anywhere."""

STREAM_ENDED = frozenset({"message_not_in_streaming_state", "stopped_by_user"})
"""Slack's error codes after a person pressed its Stop in the thread."""

MESSAGE_OVER = STREAM_ENDED | frozenset(
    {
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
    }
)
"""Slack's error codes for a message that accepts no more. The rest goes into a new message."""

FALLBACK_TEXT_LIMIT = slack_limits.UPDATE_TEXT
"""The limit of `text`, which notifications and screen readers use. As plain text, a longer message
becomes several."""


class StreamedMessage:
    """A message sent with chat.startStream, appendStream and stopStream."""

    def __init__(
        self, reply_context: ReplyContext, run: Run, ladder: Ladder, _store: StorePost, /
    ) -> None:
        self._client = reply_context.client
        self._people = reply_context.people
        self._question = run.question
        self._ladder = ladder
        self._started = 0.0
        self.shown = ""
        self.ts: str | None = None
        self.interval_s, self.updates_a_minute = 1.0, APPENDS_A_MINUTE

    @property
    def age(self) -> Age:
        """How close the stream is to its end."""
        seconds = time.monotonic() - self._started if self.ts is not None else 0.0
        return "young" if seconds <= RIPE_S else "ripe" if seconds <= OLD_S else "old"

    async def update(self, chunks: Sequence[Chunk], text: str, _line: str, /) -> None:
        """Start the stream with the first chunks, append later ones."""
        method, call = (
            ("chat.startStream", self._start)
            if self.ts is None
            else ("chat.appendStream", self._append)
        )
        await self._ladder.send(
            method, STREAM_UPDATES, lambda form: {"chunks": _pieces(form, chunks, text)}, call
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
    ) -> bool:
        """Stop the stream and set the agent session's status in the same call."""

        def render(form: Form) -> Payload:
            return {
                "chunks": _pieces(form, chunks, text) or None,
                "blocks": form.below(blocks) or None,
                "metadata": metadata if form.metadata else None,
                "session_status": session_status if form.status else None,
            }

        if self.ts is None:
            await self._start({"chunks": []})
        form = await self._ladder.send("chat.stopStream", STREAM_ENDS, render, self._stop)
        self.shown += text
        return form.blocks

    async def _start(self, payload: Payload) -> None:
        question = self._question
        recipient_team = await self._people.team_of(question.user, question.team)
        started = time.monotonic()
        response = await self._client.chat_startStream(
            channel=question.channel,
            thread_ts=question.thread_ts,
            recipient_team_id=recipient_team,
            recipient_user_id=question.user,
            task_display_mode="plan",
            chunks=payload["chunks"] or None,
        )
        self.ts = str(response["ts"])
        self._started = started

    async def _append(self, payload: Payload) -> None:
        assert self.ts is not None
        if payload["chunks"]:
            await self._client.chat_appendStream(
                channel=self._question.channel, ts=self.ts, chunks=payload["chunks"]
            )

    async def _stop(self, payload: Payload) -> None:
        assert self.ts is not None
        await self._client.chat_stopStream(channel=self._question.channel, ts=self.ts, **payload)


class EditedMessage:
    """A message sent with chat.postMessage and chat.update, for when Slack doesn't stream.

    As plain text, its end may need further messages.
    """

    def __init__(
        self, reply_context: ReplyContext, run: Run, ladder: Ladder, store: StorePost
    ) -> None:
        self._client = reply_context.client
        self._question = run.question
        self._run_id = run.id
        self._ladder = ladder
        self._store = store
        self._line = ""
        self._more: list[str] = []
        self.shown = ""
        self.ts: str | None = None
        self.interval_s, self.updates_a_minute = 1.5, EDITS_A_MINUTE
        self.age: Age = "young"

    async def update(self, _chunks: Sequence[Chunk], text: str, line: str, /) -> None:
        """Show the progress line until there is text, then the text."""
        if not text and line == self._line:
            return
        whole, metadata = self.shown + text, run_metadata(REPLY, self._run_id)

        def render(form: Form) -> Payload:
            return _content(form, whole, line, (), metadata, shorten_plain=True)

        await self._ladder.send(self._method, EDITS, render, self._write)
        self.shown, self._line = whole, line

    async def end(
        self,
        _chunks: Sequence[Chunk],
        text: str,
        blocks: Sequence[Block],
        metadata: dict[str, Any],
        _session_status: str | None = None,
        /,
    ) -> bool:
        """Show the whole text with the blocks below it."""
        whole = self.shown + text

        def render(form: Form) -> Payload:
            return _content(form, whole, "", blocks, metadata)

        form = await self._ladder.send(self._method, POSTS, render, self._write)
        self.shown = whole
        return form.blocks and form.markdown

    @property
    def _method(self) -> str:
        return "chat.postMessage" if self.ts is None else "chat.update"

    async def _write(self, payload: Payload) -> None:
        """Post the message, or update it if it is already posted, and post the rest of its text."""
        question = self._question
        first, *rest = _plain_pieces(payload)
        if self.ts is not None:
            await self._client.chat_update(channel=question.channel, ts=self.ts, **first)
        else:
            self.ts = await post_in_thread(
                self._client, question.channel, question.thread_ts, **first
            )
        for piece in rest[len(self._more) :]:
            posted = await post_in_thread(
                self._client, question.channel, question.thread_ts, **piece
            )
            self._more.append(posted)
            await self._store(posted)  # a restart recognises plain text by its ts only


LiveMessage = StreamedMessage | EditedMessage


class MessagePart(NamedTuple):
    """What to show in a message now.

    Attributes:
        chunks: task cards and the plan's title.
        text: text for this message.
        rest: text for later.
        source_length: characters of the pending text that `text` and `rest` came from.
    """

    chunks: list[Chunk]
    text: str
    rest: str
    source_length: int


def _pieces(form: Form, chunks: Sequence[Chunk], text: str) -> list[Chunk]:
    cards = [*chunks] if form.cards else []
    return [*cards, {"type": "markdown_text", "text": text}] if text else cards


def _content(
    form: Form,
    text: str,
    line: str,
    below: Sequence[Block],
    metadata: dict[str, Any],
    *,
    shorten_plain: bool = False,
) -> Payload:
    """Return a message as arguments of chat.postMessage and chat.update."""
    tag = metadata if form.metadata else None
    shown = form.text(text)
    short = shorten(shown, FALLBACK_TEXT_LIMIT) or line
    if not form.markdown:
        return {
            "text": short if shorten_plain or not text else shown,
            "blocks": [],
            "metadata": tag,
        }
    blocks = [*([markdown(shown)] if text else []), *form.below(below)]
    return {"text": short, "blocks": blocks or None, "metadata": tag}


def _plain_pieces(payload: Payload) -> list[dict[str, Any]]:
    """Return a message, or several if it is plain text that is too long for one."""
    if payload["blocks"] or len(payload["text"]) <= FALLBACK_TEXT_LIMIT:
        return [{**payload}]
    pieces = split_markdown(payload["text"], FALLBACK_TEXT_LIMIT)
    return [{**payload, "text": piece} for piece in pieces]
