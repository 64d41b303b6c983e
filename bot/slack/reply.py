"""A reply in a thread: what is known of a run is shown about once a second, by a task of its own.

The run never waits for Slack: events only leave their mark here, and the pump carries the marks
over. What Slack did not take stays, and is tried again with the next beat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from bot.errors import Postponed, Trouble, Unanswerable
from bot.ports import Interrupt, Run
from bot.slack import words
from bot.slack.client import PASSING, SLACK_TROUBLE, UNSURE, code_of
from bot.slack.footer import Setting, footer, retry
from bot.slack.frame import STRICT, Frame
from bot.slack.leftovers import has_ended, remove_lost, stop, take_stock
from bot.slack.messages import Chunk, EditedMessage, LiveMessage, StreamedMessage
from bot.slack.metadata import NOTICE, REPLY, mark
from bot.slack.notices import RETRYABLE, tell
from bot.slack.progress import Progress
from bot.slack.rolling import break_after, share, unfenced
from bot.slack.status import Status
from bot.slack.text import SafeStream
from bot.slack.thread import TROUBLES
from moa import Delta, Event, Outcome

T = TypeVar("T")

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

LAST_TRIES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses between tries to complete a reply that Slack does not take."""

PATIENT_TRIES_S = (*LAST_TRIES_S, *(15.0,) * 16)
"""The same where Slack is away: four minutes, until the run is left for a later attempt."""

LOST_STARTS = 3
"""So often a stream is begun without an answer before an ordinary message is tried."""


class SlackReply:
    """`bot.ports.Reply` in a thread."""

    def __init__(
        self, frame: Frame, run: Run, allowed: frozenset[str], interrupt: Interrupt
    ) -> None:
        self._frame = frame
        self._client = client = frame.client
        self._run = run
        self._runs = frame.runs
        self._interrupt = interrupt
        self._status = Status(client, run)
        self._setting = Setting(STRICT)
        self._progress = Progress()
        self._safe = SafeStream(allowed)
        self._message: LiveMessage = StreamedMessage(client, run.question, run.id)
        self._chunks: dict[str, Chunk] = {}
        self._sent: dict[str, Chunk] = {}
        self._text = ""
        self._posted: set[str] = set()
        self._lost_starts = 0
        self._is_unsure = False
        self._ending = False
        self._end_tried = False
        self._trouble: Trouble | None = None
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    async def stands(self) -> bool:
        """Look at what stands in the thread, and close what was left open there."""
        return await self._insist(lambda: take_stock(self._client, self._run, self._runs))

    async def start(self) -> None:
        """Show the sign of work, and from now on what is done."""
        self._setting = await self._frame.setting(self._run)
        plan, names = self._frame.plan(self._run), self._setting.policy.names
        self._progress = Progress(names, seed=self._run.seed, plan=plan)
        self._status.show()
        self._pump = asyncio.create_task(self._keep_showing())

    async def show(self, event: Event) -> None:
        """Take a step of the run in."""
        if isinstance(event, Delta):
            self._text += self._safe.feed(event.text)
        else:
            self._take(self._progress.of(event))
        self._news.set()

    async def finish(self, outcome: Outcome) -> None:
        """Show what is left, and the buttons below it.

        Raises:
            Unanswerable: when Slack does not take the end of the reply.
        """
        await self._stop_pump()
        self._text += self._safe.close()
        if outcome.status == "partial":
            self._say_below(words.PARTIAL)
        self._take(self._progress.done(outcome))
        self._ending = True
        setting = self._setting
        again_of = await self._frame.again_of(self._run)
        blocks = footer(self._run.id, outcome, setting, again_of=again_of)
        await self._insist(lambda: self._end(blocks, REPLY))
        await self._status.clear()  # before the run is recorded as over: after that nobody would

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> None:
        """Say in plain words why there is no reply: in the message that was begun, or in one."""
        await self._stop_pump()
        self._text += self._safe.close()
        notice = words.told(trouble, error_id)
        if self._message.ts is not None:
            has_text = bool(self._message.shown or self._text.strip())
            if has_text:
                self._say_below(notice)
            else:
                self._text = notice
            self._take(self._progress.failed(stopped=trouble == "stopped"))
            self._ending = True
            kind = REPLY if has_text else NOTICE
            with suppress(Unanswerable):
                below = retry(self._run.id) if trouble in RETRYABLE else []
                await self._insist(lambda: self._end(below, kind))
                await self._status.clear()
                return
        await tell(self._client, self._run, notice, trouble)
        await self._status.clear()

    async def close(self) -> None:
        """Stop showing, and take the sign of work away; a stream that has no end is closed."""
        if self._pump:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        try:
            if isinstance(self._message, StreamedMessage) and not self._end_tried:
                await self._leave(self._message)
        finally:
            await self._status.clear()

    async def _leave(self, message: StreamedMessage) -> None:
        """The attempt is broken off: the next one may come much later, or have looked before."""
        if message.ts is not None:
            with suppress(*SLACK_TROUBLE):
                await stop(self._client, self._run, message.ts)

    def _say_below(self, notice: str) -> None:
        """Add a notice under all that was said, outside any code that was left open."""
        whole = unfenced(self._message.shown + self._text, notice)
        self._text = whole[len(self._message.shown) :]

    def _take(self, chunks: list[Chunk]) -> None:
        """The newest state of each card and of the plan's title is what will be shown."""
        for chunk in chunks:
            key = str(chunk.get("id", "plan"))
            self._chunks.pop(key, None)
            self._chunks[key] = chunk

    async def _keep_showing(self) -> None:
        while not self._over.is_set() and self._trouble is None:
            await self._news.wait()
            self._news.clear()
            try:
                await self._flush()
            except SLACK_TROUBLE as error:
                self._judge(error)
            except Exception:
                # Showing progress is no part of the answer: what failed here must not end it.
                log.exception("progress_not_shown")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._message.pause_s):
                    await self._over.wait()
        if self._trouble:
            self._interrupt(self._trouble)

    async def _flush(self) -> None:
        """Show what there is, in a new message where the current one is full or old."""
        if self._is_unsure:
            await remove_lost(self._client, self._run, self._runs, keep=self._posted)
            self._is_unsure = False
        full = True
        while full:
            message, text = self._message, self._text
            now, rest, full = share(message.shown, text, final=self._ending, age=message.age)
            chunks = [*self._chunks.values()]
            if full:
                fresh = message.ts is None
                await message.end(chunks, now, [], mark(REPLY, self._run.id))
                await self._note(message, fresh=fresh)
                self._message = self._next_message()
            elif now or chunks:
                await self._grow(chunks, now)
            self._text = rest + self._text[len(text) :]  # more may have come in the meantime
            self._forget(chunks)

    def _next_message(self) -> LiveMessage:
        return type(self._message)(self._client, self._run.question, self._run.id)

    async def _grow(self, chunks: list[Chunk], text: str) -> None:
        fresh = self._message.ts is None
        await self._message.grow(chunks, text, self._progress.line)
        await self._note(self._message, fresh=fresh)

    async def _note(self, message: LiveMessage, *, fresh: bool) -> None:
        """Have the ts of a new message stored. That this fails is no reason to show nothing."""
        if not fresh or message.ts is None:
            return
        self._posted.add(message.ts)
        try:
            await self._runs.posted(self._run.id, message.ts)
        except Exception:
            log.exception("post_not_stored")

    async def _end(self, blocks: list[Chunk], kind: str) -> None:
        if self._end_tried and await has_ended(self._client, self._run):
            return  # only the answer to an earlier try was lost
        await self._flush()
        fresh = self._message.ts is None
        session_status = "active" if await self._status.is_session() else None
        self._end_tried = True
        metadata = mark(kind, self._run.id, ends=True)
        await self._message.end([], "", blocks, metadata, session_status)
        if isinstance(self._message, StreamedMessage):
            self._status.was_cleared()
        await self._note(self._message, fresh=fresh)

    def _forget(self, shown: list[Chunk]) -> None:
        for chunk in shown:
            key = str(chunk.get("id", "plan"))
            self._sent[key] = chunk
            if self._chunks.get(key) is chunk:
                del self._chunks[key]

    def _judge(self, error: BaseException) -> None:
        """Decide what an error of Slack's means for what is still to be shown."""
        code = code_of(error)
        question, run_id = self._run.question, self._run.id
        log.info("slack_refused", error=code, streamed=isinstance(self._message, StreamedMessage))
        if code in UNSURE:
            self._lose()
        elif code == "stopped_by_user":
            self._trouble = "stopped"
        elif self._message.ts is not None and code in MESSAGE_OVER:
            _, self._text = break_after(self._message.shown, self._text)
            self._message = self._next_message()
        elif code in TROUBLES and not (code == "missing_scope" and self._may_still_be_edited):
            self._trouble = TROUBLES[code]
        elif self._may_still_be_edited:
            self._message = EditedMessage(self._client, question, run_id)
        self._news.set()

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
                self._message = EditedMessage(self._client, self._run.question, self._run.id)
        elif isinstance(message, StreamedMessage) and not self._end_tried:
            self._is_unsure = True
            self._posted.discard(message.ts)
            self._text = message.shown + self._text
            self._chunks = self._sent | self._chunks
            self._message = self._next_message()

    @property
    def _may_still_be_edited(self) -> bool:
        """Whether an ordinary message can be tried where a stream could not be started."""
        return self._message.ts is None and isinstance(self._message, StreamedMessage)

    async def _insist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do what has to be done although Slack may be slow, limited or away for a while."""
        refused = 0
        for pause in PATIENT_TRIES_S:
            try:
                return await act()
            except SLACK_TROUBLE as error:
                self._judge(error)
                refused += code_of(error) not in PASSING
                if self._trouble or refused > len(LAST_TRIES_S):
                    raise Unanswerable(self._trouble or "internal") from None
            await asyncio.sleep(pause)
        raise Postponed

    async def _stop_pump(self) -> None:
        """Let the pump finish what it is showing: a call cut short may have had its effect."""
        self._over.set()
        self._news.set()
        pump, self._pump = self._pump, None
        if pump:
            await pump
