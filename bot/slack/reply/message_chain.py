"""Shows text and task cards in one or more messages, each piece exactly once.

Text that Slack didn't accept is kept and shown by the next call of `flush` or `end`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from bot.cancel_scope import finish_call
from bot.errors import Trouble
from bot.ports import Run
from bot.slack.api.client import READ_ERRORS, UNSURE, code_of, refuses_content
from bot.slack.api.metadata import NOTICE, REPLY, run_metadata
from bot.slack.api.users import is_app
from bot.slack.markdown.split import MESSAGE_TARGET, cut
from bot.slack.markdown.split_stream import append_outside_fence, break_after, fill_message
from bot.slack.reply.context import ReplyContext, UpdateThrottle
from bot.slack.reply.ladder import Ladder
from bot.slack.reply.live_message import (
    MESSAGE_OVER,
    STREAM_ENDED,
    EditedMessage,
    LiveMessage,
    MessagePart,
    StreamedMessage,
)
from bot.slack.reply.recovery import remove_unconfirmed, reply_exists, stop_stream
from bot.slack.reply.task_cards import Chunk

log = structlog.get_logger(__name__)

STOP_NEWS_S = 2.0
"""Seconds before a new message continues a stream that Slack ended. The event that says who pressed
Stop may come a little later: if they may stop the run, nothing continues."""

NOTICE_ROOM = 400
"""Characters kept free in a message for a notice below a stopped reply."""

MAX_LOST_STARTS = 3
"""After this many unanswered attempts to start a stream, try an ordinary message."""


class MessageChain:
    """The messages of one reply. Methods that call Slack raise its errors.

    Attributes:
        trouble: why nothing more can be shown, once known.
        shows_blocks: whether the ended reply shows the blocks below it.
        is_stopped: whether only a notice may follow.
        has_shown_text: whether any message of this attempt shows text of the reply.
    """

    def __init__(
        self, reply_context: ReplyContext, run: Run, has_session: Callable[[], bool]
    ) -> None:
        self.trouble: Trouble | None = None
        self.shows_blocks = True
        self.is_stopped = False
        self.has_shown_text = False
        self._continues_at = 0.0
        self._ladder = Ladder()
        self._has_session = has_session
        self._client = reply_context.client
        self._runs = reply_context.runs
        self._run = run
        self._context = reply_context
        streams = reply_context.show == "stream" and not is_app(run.question.user)
        kind = StreamedMessage if streams else EditedMessage  # a stream needs a person
        self._message: LiveMessage = kind(reply_context, run, self._ladder, self._store)
        self._chunks: dict[str, Chunk] = {}
        self._sent: dict[str, Chunk] = {}
        self._text = ""
        self._posted: set[str] = set()
        self._discarded: set[str] = set()
        self._lost_starts = 0
        self._has_unconfirmed = False
        self._is_final = False
        self._is_refused = False
        self._end_tried = False

    def pause_s(self, throttle: UpdateThrottle) -> float:
        """Return the seconds until the next call of `flush` that Slack tolerates."""
        interval_s = throttle.interval_s(self._message.interval_s, self._message.updates_a_minute)
        return max(interval_s, self._continues_at - time.monotonic())

    @property
    def posted(self) -> frozenset[str]:
        """The ts of all posted messages."""
        return frozenset(self._posted)

    @property
    def has_open_message(self) -> bool:
        """Whether the current message is already posted."""
        return self._message.ts is not None

    @property
    def is_streamed(self) -> bool:
        """Whether the current message is a stream. Ending one may also end the agent session."""
        return isinstance(self._message, StreamedMessage)

    def add_text(self, text: str) -> None:
        """Add text. It must be safe markdown."""
        self._text += text

    def update_cards(self, chunks: list[Chunk]) -> None:
        """Set the latest state of task cards and of the plan's title."""
        for chunk in chunks:
            key = _key(chunk)
            self._chunks.pop(key, None)
            self._chunks[key] = chunk

    def add_notice(self, notice: str) -> None:
        """Add a notice below the text, outside any open code fence."""
        whole = append_outside_fence(self._message.shown + self._text, notice)
        self._text = whole[len(self._message.shown) :]

    def trim_to_one_message(self) -> None:
        """Drop the text that doesn't fit into the current message with a notice below it."""
        shown = self._message.shown
        head, _ = cut(shown + self._text, MESSAGE_TARGET - NOTICE_ROOM)
        self._text = head[len(shown) :] if head.startswith(shown) else ""

    def add_failure_notice(self, notice: str) -> str:
        """Add a notice below any text. Return the resulting kind of message."""
        if self._message.shown or self._text.strip():
            self.add_notice(notice)
            return REPLY
        self._text = notice
        return NOTICE

    def discard_text(self) -> None:
        """Drop all text, even if already shown: none of it was part of the reply."""
        self._text, self.has_shown_text = "", False
        if not (self._posted or self.has_open_message):
            return
        self._has_unconfirmed = True
        self._posted.clear()
        self._chunks = self._sent | self._chunks
        self._message = self._next_message()

    async def flush(self, line: str) -> None:
        """Show everything new, in a new message if the current one is full or old.

        Args:
            line: the progress as one line, for messages without task cards.
        """
        if self._is_refused:
            return
        await self._remove_unconfirmed()
        message, part = await self._fill_current()
        if part.text or part.chunks:
            await finish_call(self._update(message, part, line))

    async def end(self, blocks: list[Chunk], kind: str, line: str, status: str | None) -> bool:
        """Show everything left and the blocks below it.

        Return False if an earlier call, whose response was lost, already ended the reply.

        Args:
            blocks: the blocks below the text.
            kind: the kind of message in its metadata.
            line: as for `flush`.
            status: the agent session's status, set when the stream ends.
        """
        self._is_final = True
        if not self.is_stopped:
            await asyncio.sleep(self._continues_at - time.monotonic())
        if self._end_tried and await reply_exists(self._client, self._run):
            return False  # only the response of an earlier attempt was lost
        if not self.has_open_message:
            await self.flush(line)  # stores the message's ts before the message ends
        await self._remove_unconfirmed()
        message, part = await self._fill_current()
        self._end_tried = True
        await finish_call(self._finish(message, part, blocks, kind, status))
        return True

    async def _update(self, message: LiveMessage, part: MessagePart, line: str) -> None:
        await message.update(part.chunks, part.text, line)
        await self._confirm(message, part)

    async def _roll_over(self, message: LiveMessage, part: MessagePart) -> None:
        """End a full message and continue in the next one.

        Without a status, the end of a stream would make the agent session active and remove Slack's
        Stop button (https://docs.slack.dev/reference/methods/chat.stopStream).
        """
        tag = run_metadata(REPLY, self._run.id)
        await message.end(part.chunks, part.text, [], tag, self._status_meanwhile)
        self._message = self._next_message()
        await self._confirm(message, part)

    async def _finish(
        self,
        message: LiveMessage,
        part: MessagePart,
        blocks: list[Chunk],
        kind: str,
        status: str | None,
    ) -> None:
        metadata = run_metadata(kind, self._run.id, ends=True)
        self.shows_blocks = await message.end(part.chunks, part.text, blocks, metadata, status)
        await self._confirm(message, part)

    async def close_stream(self, cards: list[Chunk]) -> None:
        """Close an unfinished stream. The next attempt may come late, or may have looked before.

        Args:
            cards: the final state of the task cards.
        """
        message = self._message
        if isinstance(message, StreamedMessage) and message.ts and not self._end_tried:
            await stop_stream(self._client, self._run, message.ts, cards=cards)

    async def remove_textless(self) -> None:
        """Remove the current message if it shows no text of the reply."""
        ts = self._message.ts
        if ts is not None and not self._message.shown.strip():
            self._posted.discard(ts)
            self._discarded.add(ts)
            self._has_unconfirmed = True
        await self._remove_unconfirmed()

    def handle_error(self, error: BaseException) -> None:
        """Decide how to show the rest after an error from Slack."""
        code = code_of(error)
        log.info("slack_refused", error=code, streamed=self.is_streamed)
        if code in UNSURE:
            self._handle_lost_response()
        elif code == "stopped_by_user" and self.is_stopped:
            self.trouble = "stopped"
        elif self.has_open_message and code in MESSAGE_OVER:
            if code in STREAM_ENDED:
                self._continues_at = time.monotonic() + STOP_NEWS_S
            _, self._text = break_after(self._message.shown, self._text)
            self._message = self._next_message()
        elif code in READ_ERRORS and not (code == "missing_scope" and self._can_switch_to_edits):
            self.trouble = READ_ERRORS[code]
        elif self._can_switch_to_edits or (self.is_streamed and refuses_content(code)):
            self._replace_stream()
        elif refuses_content(code):
            self._is_refused = True
            self.trouble = "refused" if self._is_final else None

    def _handle_lost_response(self) -> None:
        """Start over with the message whose last call may or may not have worked.

        Repeating the call could show text twice. So the message is removed before anything else is
        posted, and its content is shown again. The end of a reply is looked up in the thread
        instead, and an edit is simply repeated.
        """
        message = self._message
        if message.ts is None:
            self._has_unconfirmed = True
            self._lost_starts += 1
            if self._lost_starts >= MAX_LOST_STARTS and self._can_switch_to_edits:
                self._message = EditedMessage(self._context, self._run, self._ladder, self._store)
        elif isinstance(message, StreamedMessage) and not self._end_tried:
            self._has_unconfirmed = True
            self._posted.discard(message.ts)
            self._text = message.shown + self._text
            self._chunks = self._sent | self._chunks
            self._message = self._next_message()

    def _replace_stream(self) -> None:
        """Show a streamed message that Slack refuses as an ordinary one.

        Its existing content may be the reason, for example a table.
        """
        message = self._message
        if message.ts is not None:
            self._has_unconfirmed, self._end_tried = True, False
            self._posted.discard(message.ts)
            self._discarded.add(message.ts)
            self._text = message.shown + self._text
        self._message = EditedMessage(self._context, self._run, self._ladder, self._store)

    @property
    def _status_meanwhile(self) -> str | None:
        """The agent session's status after the end of a message that isn't the last one."""
        return "processing" if self._has_session() else None

    @property
    def _can_switch_to_edits(self) -> bool:
        """Whether an ordinary message can replace a stream that didn't start."""
        return not self.has_open_message and self.is_streamed

    async def _remove_unconfirmed(self) -> None:
        if self._has_unconfirmed:
            await remove_unconfirmed(
                self._client,
                self._run,
                self._runs,
                keep=self._posted,
                drop=self._discarded,
                status=self._status_meanwhile,
            )
            self._discarded.clear()
            self._has_unconfirmed = False

    async def _fill_current(self) -> tuple[LiveMessage, MessagePart]:
        """End full messages. Return the current one and the part to show in it."""
        while True:
            message, text = self._message, self._text
            now, rest, full = fill_message(
                message.shown, text, final=self._is_final, age=message.age
            )
            part = MessagePart([*self._chunks.values()], now, rest, len(text))
            if not full:
                return message, part
            self._end_tried = False  # an earlier try to end the reply had no effect
            await finish_call(self._roll_over(message, part))

    async def _confirm(self, message: LiveMessage, part: MessagePart) -> None:
        """Drop a part that Slack accepted, so that it is not shown again."""
        self._text = part.rest + self._text[part.source_length :]  # text may have been added since
        for chunk in part.chunks:
            key = _key(chunk)
            self._sent[key] = chunk
            if self._chunks.get(key) is chunk:
                del self._chunks[key]
        self.has_shown_text = self.has_shown_text or bool(part.text.strip())
        if message.ts is not None:
            await self._store(message.ts)

    def _next_message(self) -> LiveMessage:
        return type(self._message)(self._context, self._run, self._ladder, self._store)

    async def _store(self, ts: str) -> None:
        """Store the ts of a new message. If that fails, the reply still continues."""
        if ts in self._posted:
            return
        self._posted.add(ts)
        try:
            await self._runs.posted(self._run.id, ts)
        except Exception:
            log.exception("post_not_stored")


def _key(chunk: Chunk) -> str:
    return str(chunk.get("id", "plan"))
