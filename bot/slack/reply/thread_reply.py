"""A reply in a thread: what is known of a run is shown about once a second, by a task of its own.

The run never waits for Slack: events only leave their mark here, and the pump carries the marks
over. What Slack did not take stays, and is tried again with the next beat.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog

from bot.cancel_scope import CLOSE_S
from bot.errors import Postponed, Trouble, Unanswerable
from bot.ports import Interrupt, Reply, Run
from bot.slack.api.client import SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.metadata import REPLY
from bot.slack.markdown.hosts import allowed_hosts
from bot.slack.markdown.sanitize import SafeStream, safe_markdown
from bot.slack.markdown.split import MOST_CHARS
from bot.slack.reply.context import STRICT, ReplyContext
from bot.slack.reply.ephemeral_reply import EphemeralReply
from bot.slack.reply.live_message import Chunk
from bot.slack.reply.message_chain import MessageChain
from bot.slack.reply.notices import RETRYABLE, notify, tell_privately
from bot.slack.reply.progress import Progress
from bot.slack.reply.recovery import clean_up, reply_exists, withdraw
from bot.slack.reply.typing_status import TypingStatus
from bot.slack.reply.upload import upload
from bot.slack.ui import strings
from bot.slack.ui.footer import FooterOptions, footer, retry_button
from moa import Delta, Event, Outcome, Retracted

T = TypeVar("T")

log = structlog.get_logger(__name__)

LOOK_S = 2.0
"""Seconds after which it is seen anew how many replies share Slack's limits."""

AT_ONCE = 8_000
"""Characters that are made safe in one go: a flood of text must not hold up other replies."""

LAST_TRIES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses between tries to complete a reply that Slack does not take."""

PATIENT_TRIES_S = (*LAST_TRIES_S, *(15.0,) * 16)
"""The same where Slack is away: four minutes, until the run is left for a later attempt."""


class ThreadReply:
    """`bot.ports.Reply` in a thread."""

    def __init__(
        self, frame: ReplyContext, run: Run, allowed: frozenset[str], interrupt: Interrupt
    ) -> None:
        self._frame = frame
        self._run = run
        self._interrupt = interrupt
        self._status = TypingStatus(frame.client, run)
        self._setting = FooterOptions(STRICT)
        self._progress = Progress()
        self._allowed = allowed
        self._safe = SafeStream(allowed)
        self._retracted = False
        self._come: list[str] = []
        self._room = MOST_CHARS
        self._is_cut = False
        self._shown = MessageChain(frame, run)
        self._was_told = False
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    async def stands(self) -> bool:
        """Look at what stands in the thread, and remove what was left open there."""
        frame = self._frame
        return await self._insist(lambda: clean_up(frame.client, self._run, frame.runs))

    async def start(self) -> None:
        """Show the sign of work, and from now on what is done."""
        self._setting = await self._frame.setting(self._run)
        plan, names = self._frame.plan(self._run), self._setting.policy.names
        self._progress = Progress(names, seed=self._run.seed, plan=plan)
        self._pump = asyncio.create_task(self._keep_showing())

    def heed(self, asker_said: Sequence[str]) -> None:
        """Let addresses on hosts that the asker has named before be links as well."""
        self._allowed |= allowed_hosts(asker_said)
        self._safe = SafeStream(self._allowed)

    async def show(self, event: Event) -> None:
        """Take a step of the run in."""
        if isinstance(event, Delta):
            self._come.append(event.text[: self._room])  # made safe with the next beat
            self._is_cut = self._is_cut or len(event.text) > self._room
            self._room -= len(self._come[-1])
        elif isinstance(event, Retracted):
            self._come.clear()
            self._room, self._is_cut = MOST_CHARS, False
            self._retracted = True  # acted on with the next beat, between two calls to Slack
        else:
            self._shown.take(self._progress.of(event))
        self._news.set()

    async def finish(self, outcome: Outcome) -> None:
        """Show what is left, and the buttons below it.

        Raises:
            Unanswerable: when Slack does not take the end of the reply.
            Postponed: when Slack is away.
        """
        await self._stop_pump()
        await self._take_rest()
        if self._is_cut:
            self._shown.say_below(await self._told_rest(outcome))
        elif outcome.status == "partial":
            self._shown.say_below(strings.PARTIAL)
        elif outcome.cut_at_limit:
            self._shown.say_below(strings.CUT_AT_LIMIT)
        self._shown.take(self._progress.done(outcome))
        again_of = await self._frame.again_of(self._run)
        await self._end(footer(self._run.id, outcome, self._setting, again_of=again_of), REPLY)

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> bool:
        """Say in plain words why there is no reply: in the message that was begun, or in one.

        Where the question or its thread is gone nothing stays there, and only the asker is told.

        Raises:
            Unanswerable: with that trouble, where it is another one than was to be told.
            Postponed: when Slack is away.
        """
        await self._stop_pump()
        await self._take_rest()
        if trouble == "stopped":
            self._shown.drop_what_fills_more()
        try:
            in_time = await self._say_why(trouble, strings.trouble_text(trouble, error_id))
        except Unanswerable as error:
            if error.trouble != "thread_gone":
                raise
            await self._withdraw()
            await self._insist(self._status.clear)
            if trouble != "thread_gone":
                raise
            return True
        await self._insist(self._status.clear)
        return in_time

    async def _say_why(self, trouble: Trouble, notice: str) -> bool:
        """Say it in the thread; False when the whole reply is already there.

        Raises:
            Unanswerable: the thread is gone.
        """
        if trouble == "thread_gone":
            raise Unanswerable(trouble)
        if self._shown.is_begun:
            kind = self._shown.say_only(notice)
            self._shown.take(self._progress.failed(stopped=trouble == "stopped"))
            with suppress(Unanswerable):
                return await self._end(
                    retry_button(self._run.id) if trouble in RETRYABLE else [], kind
                )
        if self._shown.trouble == "thread_gone":
            raise Unanswerable("thread_gone")
        self._shown.trouble = None
        await self._insist(lambda: self._tell(notice, trouble))
        return True

    async def _withdraw(self) -> None:
        """Remove what was posted, and tell the asker privately."""
        frame, run, shown = self._frame, self._run, self._shown
        shown.trouble = None
        await self._insist(lambda: withdraw(frame.client, run, frame.runs, shown.posted))
        await tell_privately(frame.client, run, strings.trouble_text("thread_gone"))

    async def close(self) -> None:
        """Stop showing, and take the sign of work away; a stream that has no end is closed."""
        self._over.set()
        self._news.set()
        if self._pump:
            # A call that is cut short may have begun a stream that nobody knows of.
            await asyncio.wait([self._pump], timeout=CLOSE_S)
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        for tidy_up in (self._shown.leave, self._status.clear):
            with suppress(*SLACK_ERRORS):
                await tidy_up()

    async def _end(self, blocks: list[Chunk], kind: str) -> bool:
        """End it; False where it had its end already, from an earlier call of this."""
        ended = await self._insist(lambda: self._try_to_end(blocks, kind))
        # Before the run counts as over: after that nobody would.
        await self._insist(self._status.clear)
        return ended

    async def _try_to_end(self, blocks: list[Chunk], kind: str) -> bool:
        status = "active" if await self._status.is_session() else None
        ended = await self._shown.end(blocks, kind, self._progress.line, status)
        if self._shown.is_streamed:
            self._status.was_cleared()
        return ended

    async def _tell(self, notice: str, trouble: Trouble) -> None:
        if self._was_told and await reply_exists(self._frame.client, self._run):
            return  # only the answer to an earlier try was lost
        self._was_told = True
        await notify(self._frame.client, self._run, notice, trouble)

    def _take_text(self) -> None:
        """What came since the last call, made safe; no more than takes some milliseconds."""
        if self._retracted:
            self._retracted, self._safe = False, SafeStream(self._allowed)
            self._shown.begin_anew()
        come = "".join(self._come)
        self._come = [come[AT_ONCE:]] if len(come) > AT_ONCE else []
        self._shown.write(self._safe.feed(come[:AT_ONCE]))
        if self._come:
            self._news.set()

    async def _told_rest(self, outcome: Outcome) -> str:
        """Where a reply is that does not fit into its messages."""
        text = await asyncio.to_thread(safe_markdown, outcome.reply, self._allowed)
        filed = await upload(self._frame.client, self._run.question, text)
        return strings.REPLY_FILED if filed else strings.REPLY_CUT

    async def _take_rest(self) -> None:
        """All that came, made safe while others have their turns."""
        while self._come or self._retracted:
            self._take_text()
            await asyncio.sleep(0)
        self._shown.write(self._safe.close())

    async def _keep_showing(self) -> None:
        with self._frame.beat.growing():
            await self._show_in_time()

    async def _show_in_time(self) -> None:
        beat = self._frame.beat
        await self._pause(lambda: beat.first_after_s)
        if not self._over.is_set():
            self._status.show()
        while not self._over.is_set() and self._shown.trouble is None:
            await self._news.wait()
            self._news.clear()
            try:
                self._take_text()
                await self._shown.flush(self._progress.line)
            except SLACK_ERRORS as error:
                self._judge(error)
            except Exception:
                # Showing progress is no part of the answer: what failed here must not end it.
                log.exception("progress_not_shown")
            if self._shown.trouble is None:
                await self._pause(lambda: beat.pause_s(self._shown.pause_s))
        if self._shown.trouble:
            self._interrupt(self._shown.trouble)

    async def _pause(self, seconds: Callable[[], float]) -> None:
        """Wait, but no longer than until the run is over; how long may change in the meantime."""
        began = time.monotonic()
        while (left := began + seconds() - time.monotonic()) > 0 and not self._over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK_S)):
                    await self._over.wait()

    def _judge(self, error: BaseException) -> None:
        self._shown.judge(error)
        self._news.set()

    async def _insist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do what has to be done although Slack may be slow, limited or away for a while."""
        refused = 0
        for pause in PATIENT_TRIES_S:
            try:
                return await act()
            except SLACK_ERRORS as error:
                self._judge(error)
                refused += code_of(error) not in TRANSIENT
                if self._shown.trouble or refused > len(LAST_TRIES_S):
                    raise Unanswerable(self._shown.trouble or "internal") from None
            await asyncio.sleep(pause)
        raise Postponed

    async def _stop_pump(self) -> None:
        """Let the pump finish what it is showing: a call cut short may have had its effect."""
        self._over.set()
        self._news.set()
        if self._pump:
            await asyncio.shield(self._pump)
            self._pump = None


class SlackReplyFactory:
    """`bot.ports.Replies` on Slack."""

    def __init__(self, frame: ReplyContext, link_hosts: Sequence[str]) -> None:
        self._frame = frame
        self._link_hosts = link_hosts

    def open(self, run: Run, interrupt: Interrupt) -> Reply:
        """The reply to a run's question. Only hosts in the asker's own words may be linked."""
        allowed = allowed_hosts([run.question.text], self._link_hosts)
        if run.question.surface == "command":
            return EphemeralReply(self._frame, run, allowed)
        return ThreadReply(self._frame, run, allowed, interrupt)
