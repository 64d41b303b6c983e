"""What a reply shows as it grows: text and cards, over one message or more, each said once.

What Slack did not take stays, and is shown with the next call of `flush` or `end`.
"""

from __future__ import annotations

from typing import NamedTuple

import structlog

from bot.cancel_scope import let_end
from bot.errors import Trouble
from bot.ports import Run
from bot.slack.api.client import READ_ERRORS, UNSURE, code_of
from bot.slack.api.metadata import NOTICE, REPLY, run_metadata
from bot.slack.api.users import is_app
from bot.slack.markdown.split import MESSAGE_TARGET, cut
from bot.slack.markdown.split_stream import break_after, share, unfenced
from bot.slack.reply.context import ReplyContext
from bot.slack.reply.live_message import Chunk, EditedMessage, LiveMessage, StreamedMessage
from bot.slack.reply.recovery import remove_lost, reply_exists, stop

log = structlog.get_logger(__name__)

MESSAGE_OVER = frozenset(
    {
        "message_not_in_streaming_state",
        "message_not_found",
        "msg_too_long",
        "msg_blocks_too_long",
        "cant_update_message",
        "edit_window_closed",
    }
)
"""The message takes no more (a stream lives 300 s): what it did not take goes into a new one."""

NOTICE_ROOM = 400
"""Characters that a message keeps free for a notice below what was stopped."""

LOST_STARTS = 3
"""So often a stream is begun without an answer before an ordinary message is tried."""


class MessageChain:
    """The messages of one reply. Its methods raise what a call of the Web API raises.

    Attributes:
        trouble: why nothing more can be shown, once that is known.
    """

    def __init__(self, frame: ReplyContext, run: Run) -> None:
        self.trouble: Trouble | None = None
        self._client = frame.client
        self._runs = frame.runs
        self._run = run
        self._frame = frame
        # A stream needs a person to whom it goes.
        kind = EditedMessage if is_app(run.question.user) else StreamedMessage
        self._message: LiveMessage = kind(frame, run)
        self._chunks: dict[str, Chunk] = {}
        self._sent: dict[str, Chunk] = {}
        self._text = ""
        self._posted: set[str] = set()
        self._lost_starts = 0
        self._is_unsure = False
        self._is_final = False
        self._end_tried = False

    @property
    def pause_s(self) -> float:
        """Seconds between two calls of `flush` that Slack bears for long."""
        return self._message.pause_s

    @property
    def posted(self) -> frozenset[str]:
        """The ts of all messages that this attempt has posted."""
        return frozenset(self._posted)

    @property
    def is_begun(self) -> bool:
        """Whether there is a message that goes on."""
        return self._message.ts is not None

    @property
    def is_streamed(self) -> bool:
        """Whether it is a stream, the end of which may end a session's work as well."""
        return isinstance(self._message, StreamedMessage)

    def write(self, text: str) -> None:
        """More text, made safe."""
        self._text += text

    def take(self, chunks: list[Chunk]) -> None:
        """The newest state of each card and of the plan's title is what will be shown."""
        for chunk in chunks:
            key = _key(chunk)
            self._chunks.pop(key, None)
            self._chunks[key] = chunk

    def say_below(self, notice: str) -> None:
        """Add a notice under all that was said, outside any code that was left open."""
        whole = unfenced(self._message.shown + self._text, notice)
        self._text = whole[len(self._message.shown) :]

    def drop_what_fills_more(self) -> None:
        """Show no more than the current message takes, with room for a notice below."""
        shown = self._message.shown
        head, _ = cut(shown + self._text, MESSAGE_TARGET - NOTICE_ROOM)
        self._text = head[len(shown) :] if head.startswith(shown) else ""

    def say_only(self, notice: str) -> str:
        """Add a notice under what was said, if anything was; gives the kind of message it makes."""
        if self._message.shown or self._text.strip():
            self.say_below(notice)
            return REPLY
        self._text = notice
        return NOTICE

    def begin_anew(self) -> None:
        """All that was said was no part of the reply: it is removed before anything is said."""
        self._text = ""
        if not (self._posted or self.is_begun):
            return
        self._is_unsure = True
        self._posted.clear()
        self._chunks = self._sent | self._chunks
        self._message = self._next_message()

    async def flush(self, line: str) -> None:
        """Show what there is, in a new message where the current one is full or old.

        Args:
            line: the progress in one sentence, for where there are no cards.
        """
        await self._remove_what_was_lost()
        message, part = await self._filled()
        if part.text or part.chunks:
            await let_end(self._grow(message, part, line))

    async def end(self, blocks: list[Chunk], kind: str, line: str, status: str | None) -> bool:
        """Show all that is left, and what stands below it.

        False when all had been shown, with another end, by an earlier call that was not answered.

        Args:
            blocks: below the text.
            kind: what the message is to its run.
            line: as `flush` takes it.
            status: of the agent session, set with the end of a stream.
        """
        self._is_final = True
        if self._end_tried and await reply_exists(self._client, self._run):
            return False  # only the answer to an earlier try was lost
        if not self.is_begun:
            await self.flush(line)  # of what is begun the ts is stored before it is ended
        await self._remove_what_was_lost()
        message, part = await self._filled()
        self._end_tried = True
        await let_end(self._finish(message, part, blocks, kind, status))
        return True

    async def _grow(self, message: LiveMessage, part: _NextPart, line: str) -> None:
        await message.grow(part.chunks, part.text, line)
        await self._took(message, part)

    async def _roll(self, message: LiveMessage, part: _NextPart) -> None:
        """End a message that is full, and go on in the next one."""
        await message.end(part.chunks, part.text, [], run_metadata(REPLY, self._run.id))
        self._message = self._next_message()
        await self._took(message, part)

    async def _finish(
        self,
        message: LiveMessage,
        part: _NextPart,
        blocks: list[Chunk],
        kind: str,
        status: str | None,
    ) -> None:
        whole = run_metadata(kind, self._run.id, ends=True)
        await message.end(part.chunks, part.text, blocks, whole, status)
        await self._took(message, part)

    async def leave(self) -> None:
        """Close a stream that has no end: the next attempt may come late, or have looked before."""
        message = self._message
        if isinstance(message, StreamedMessage) and message.ts and not self._end_tried:
            await stop(self._client, self._run, message.ts)

    def judge(self, error: BaseException) -> None:
        """Decide what an error of Slack's means for what is still to be shown."""
        code = code_of(error)
        log.info("slack_refused", error=code, streamed=self.is_streamed)
        if code in UNSURE:
            self._lose()
        elif code == "stopped_by_user":
            self.trouble = "stopped"
        elif self.is_begun and code in MESSAGE_OVER:
            _, self._text = break_after(self._message.shown, self._text)
            self._message = self._next_message()
        elif code in READ_ERRORS and not (code == "missing_scope" and self._may_still_be_edited):
            self.trouble = READ_ERRORS[code]
        elif self._may_still_be_edited:
            self._message = EditedMessage(self._frame, self._run)

    def _lose(self) -> None:
        """A call may have had its effect or not, and doing it twice would say a thing twice.

        Whatever it was done to is removed before anything else is posted, and shown anew. Only the
        end of a reply is looked for in the thread, and an edit is simply made again.
        """
        message = self._message
        if message.ts is None:
            self._is_unsure = True
            self._lost_starts += 1
            if self._lost_starts >= LOST_STARTS and self._may_still_be_edited:
                self._message = EditedMessage(self._frame, self._run)
        elif isinstance(message, StreamedMessage) and not self._end_tried:
            self._is_unsure = True
            self._posted.discard(message.ts)
            self._text = message.shown + self._text
            self._chunks = self._sent | self._chunks
            self._message = self._next_message()

    @property
    def _may_still_be_edited(self) -> bool:
        """Whether an ordinary message can be tried where a stream could not be started."""
        return not self.is_begun and self.is_streamed

    async def _remove_what_was_lost(self) -> None:
        if self._is_unsure:
            await remove_lost(self._client, self._run, self._runs, keep=self._posted)
            self._is_unsure = False

    async def _filled(self) -> tuple[LiveMessage, _NextPart]:
        """The message with room for all that is to be shown, and that; what is full is ended."""
        while True:
            message, text = self._message, self._text
            now, rest, full = share(message.shown, text, final=self._is_final, age=message.age)
            part = _NextPart([*self._chunks.values()], now, rest, len(text))
            if not full:
                return message, part
            self._end_tried = False  # an earlier try to end it all had no effect, or was seen to
            await let_end(self._roll(message, part))

    async def _took(self, message: LiveMessage, part: _NextPart) -> None:
        """Slack has taken a part: it is not shown again."""
        self._text = part.rest + self._text[part.of :]  # more may have come in the meantime
        for chunk in part.chunks:
            key = _key(chunk)
            self._sent[key] = chunk
            if self._chunks.get(key) is chunk:
                del self._chunks[key]
        await self._note(message)

    def _next_message(self) -> LiveMessage:
        return type(self._message)(self._frame, self._run)

    async def _note(self, message: LiveMessage) -> None:
        """Have the ts of a new message stored. That this fails is no reason to show nothing."""
        if message.ts is None or message.ts in self._posted:
            return
        self._posted.add(message.ts)
        try:
            await self._runs.posted(self._run.id, message.ts)
        except Exception:
            log.exception("post_not_stored")


class _NextPart(NamedTuple):
    """What goes to a message now. Of the text, so many characters (`of`), `rest` is left."""

    chunks: list[Chunk]
    text: str
    rest: str
    of: int


def _key(chunk: Chunk) -> str:
    return str(chunk.get("id", "plan"))
