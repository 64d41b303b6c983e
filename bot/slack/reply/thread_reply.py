"""A reply in a thread, updated about once a second.

The run never waits for Slack. Events update in-memory state, and a background task pushes it to
Slack. Anything that Slack doesn't accept is tried again with the next update.
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
from bot.ports import Interrupt, Run
from bot.slack.api.client import SLACK_ERRORS, TRANSIENT, code_of
from bot.slack.api.metadata import REPLY
from bot.slack.markdown.hosts import allowed_hosts
from bot.slack.markdown.sanitize import SafeStream, safe_markdown
from bot.slack.markdown.split import MAX_CHARS
from bot.slack.reply.context import STRICT, ReplyContext
from bot.slack.reply.ephemeral_reply import end_notice
from bot.slack.reply.follow_up import post_buttons
from bot.slack.reply.message_chain import MessageChain
from bot.slack.reply.notices import RETRYABLE, notify, notify_privately
from bot.slack.reply.progress import Progress
from bot.slack.reply.recovery import clean_up, lacks_buttons, reply_exists, withdraw
from bot.slack.reply.task_cards import Chunk
from bot.slack.reply.typing_status import TypingStatus
from bot.slack.reply.upload import upload
from bot.slack.ui.blocks import section
from bot.slack.ui.footer import FooterOptions, footer, reply_buttons, retry_button
from bot.slack.ui.strings import reply as strings
from bot.slack.ui.strings.troubles import trouble_text
from moa import Delta, Event, Outcome, Retracted

T = TypeVar("T")

log = structlog.get_logger(__name__)

POLL_S = 2.0
"""Seconds after which a waiting reply checks how many replies share Slack's rate limit."""

CHARS_PER_STEP = 8_000
"""Characters sanitised at a time, so that a flood of text doesn't block other replies."""

FINAL_RETRIES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses between attempts to complete a reply that Slack refuses."""

OUTAGE_RETRIES_S = (*FINAL_RETRIES_S, *(15.0,) * 16)
"""Pauses while Slack is down: four minutes, then the run is left for a later attempt."""


class ThreadReply:
    """`bot.ports.Reply` in a thread."""

    def __init__(
        self,
        reply_context: ReplyContext,
        run: Run,
        allowed_hosts: frozenset[str],
        interrupt: Interrupt,
    ) -> None:
        self._context = reply_context
        self._run = run
        self._interrupt = interrupt
        self._status = TypingStatus(reply_context.client, run)
        self._footer_options = FooterOptions(STRICT)
        self._progress = Progress()
        self._allowed_hosts = allowed_hosts
        self._safe_stream = SafeStream(allowed_hosts)
        self._retracted = False
        self._pending: list[str] = []
        self._chars_left = MAX_CHARS
        self._is_cut = False
        self._messages = MessageChain(reply_context, run, self._status.has_session)
        self._notice_tried = False
        self._is_recovered = not run.resumed
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()
        self._updates: asyncio.Task[None] | None = None

    async def recover(self) -> bool:
        """Return whether an earlier attempt posted the reply. If not, remove what it left."""
        context, run = self._context, self._run
        is_posted = await self._retry(lambda: clean_up(context.client, run, context.runs))
        self._is_recovered = True
        if is_posted and run.status and not await lacks_buttons(context.client, run):
            return True
        if is_posted and run.status:
            options = await context.footer_options(run)
            await self._post_buttons(reply_buttons(run.id, options))
        return is_posted

    async def start(self) -> None:
        """Start the background updates, beginning with the status."""
        self._footer_options = await self._context.footer_options(self._run)
        plan, names = self._context.plan(self._run), self._footer_options.policy.names
        self._progress = Progress(names, seed=self._run.seed, plan=plan)
        self._updates = asyncio.create_task(self._run_updates())

    def allow_hosts_in(self, asker_messages: Sequence[str]) -> None:
        """Also allow links to hosts in the asker's earlier messages."""
        self._allowed_hosts |= allowed_hosts(asker_messages)
        self._safe_stream = SafeStream(self._allowed_hosts)

    async def show(self, event: Event) -> None:
        """Process an event. The next update shows it."""
        if isinstance(event, Delta):
            self._pending.append(event.text[: self._chars_left])
            self._is_cut = self._is_cut or len(event.text) > self._chars_left
            self._chars_left -= len(self._pending[-1])
        elif isinstance(event, Retracted):
            self._pending.clear()
            self._chars_left, self._is_cut = MAX_CHARS, False
            self._retracted = True  # handled by the next update, between two calls to Slack
        else:
            self._messages.update_cards(self._progress.chunks(event))
        self._changed.set()

    async def finish(self, outcome: Outcome) -> None:
        """Show the rest of the reply and its footer.

        Raises:
            Unanswerable: Slack refuses the end of the reply.
            Postponed: Slack is down.
        """
        await self._stop_updates()
        await self._sanitise_all()
        if self._is_cut:
            self._messages.add_notice(await self._overflow_notice(outcome))
        elif notice := end_notice(outcome.status, outcome.aggregator):
            self._messages.add_notice(notice)
        self._messages.update_cards(self._progress.done(outcome))
        again_of = await self._context.asked_again_line(self._run)
        blocks = footer(self._run.id, outcome, self._footer_options, again_of=again_of)
        try:
            await self._end(blocks, REPLY)
        except Unanswerable as error:
            if error.trouble != "refused":
                raise
            await self._end_with_file(outcome, blocks)
        if not self._messages.shows_blocks:
            await self._post_buttons(blocks)

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> bool:
        """Say why there is no reply, in the message that was started or in a new one.

        If the question or its thread is gone, remove everything and tell only the asker. If a stop
        interrupted `recover`, do that first.

        Raises:
            Unanswerable: another problem occurred while posting.
            Postponed: Slack is down.
        """
        await self._stop_updates()
        await self._sanitise_all()
        if trouble == "stopped":
            self._messages.is_stopped = True
            self._messages.trim_to_one_message()
        try:
            if trouble == "stopped" and not self._is_recovered and await self.recover():
                return self._run.status is None  # then a notice is posted, not a reply
            in_time = await self._post_failure(trouble, trouble_text(trouble, error_id))
        except Unanswerable as error:
            if error.trouble != "thread_gone":
                raise
            await self._withdraw()
            await self._retry(self._status.clear)
            if trouble != "thread_gone":
                raise
            return True
        await self._retry(self._status.clear)
        return in_time

    async def _post_failure(self, trouble: Trouble, notice: str) -> bool:
        """Post the notice in the thread. Return False if the whole reply is already there.

        Raises:
            Unanswerable: the thread is gone.
        """
        if trouble == "thread_gone":
            raise Unanswerable(trouble)
        if self._messages.has_open_message and trouble != "refused":
            kind = self._messages.add_failure_notice(notice)
            stopped = trouble == "stopped"
            shows_text = kind == REPLY or self._messages.has_shown_text
            chunks = self._progress.failed(stopped=stopped, shows_text=shows_text)
            self._messages.update_cards(chunks)
            blocks = retry_button(self._run.id) if trouble in RETRYABLE else []
            with suppress(Unanswerable):
                return await self._end(blocks, kind)
        if self._messages.trouble == "thread_gone":
            raise Unanswerable("thread_gone")
        self._messages.trouble = None
        await self._retry(lambda: self._notify(notice, trouble))
        return True

    async def _withdraw(self) -> None:
        """Remove everything posted and tell the asker privately."""
        context, run, messages = self._context, self._run, self._messages
        messages.trouble = None
        await self._retry(lambda: withdraw(context.client, run, context.runs, messages.posted))
        await notify_privately(context.client, run, trouble_text("thread_gone"))

    async def close(self) -> None:
        """Stop the updates, clear the status and close an unfinished stream."""
        self._closed.set()
        self._changed.set()
        if self._updates:
            # Let a pending call finish: it may start a stream whose ts must be known.
            await asyncio.wait([self._updates], timeout=CLOSE_S)
            self._updates.cancel()
            await asyncio.gather(self._updates, return_exceptions=True)
        with suppress(*SLACK_ERRORS):
            await self._messages.close_stream(self._progress.closed_cards(stopped=False))
        with suppress(*SLACK_ERRORS):
            await self._status.clear()

    async def _end(self, blocks: list[Chunk], kind: str) -> bool:
        """End the reply. Return False if an earlier call already ended it."""
        ended = await self._retry(lambda: self._try_to_end(blocks, kind))
        # Clear the status before the run counts as finished: nobody would do so later.
        await self._retry(self._status.clear)
        return ended

    async def _try_to_end(self, blocks: list[Chunk], kind: str) -> bool:
        status = "active" if await self._status.is_session() else None
        ended = await self._messages.end(blocks, kind, self._progress.line, status)
        if self._messages.is_streamed:
            self._status.was_cleared()
        return ended

    async def _end_with_file(self, outcome: Outcome, blocks: list[Chunk]) -> None:
        """Upload a reply that Slack refuses as a message, and post its buttons.

        Raises:
            Unanswerable: Slack refuses the file too.
        """
        self._messages.trouble = None
        text = await asyncio.to_thread(safe_markdown, outcome.reply, self._allowed_hosts)
        client, question = self._context.client, self._run.question
        if not await self._retry(lambda: upload(client, question, text, is_needed=True)):
            raise Unanswerable("refused")
        await self._retry(self._messages.remove_textless)
        await self._post_buttons([section(strings.REPLY_REFUSED_FILED), *blocks])
        self._messages.shows_blocks = True
        await self._retry(self._status.clear)

    async def _post_buttons(self, blocks: list[Chunk]) -> None:
        """Post the buttons in a separate message."""
        context, run = self._context, self._run
        ts = await self._retry(lambda: post_buttons(context.client, run, blocks))
        if ts is not None:
            await context.runs.posted(run.id, ts)

    async def _notify(self, notice: str, trouble: Trouble) -> None:
        if self._notice_tried and await reply_exists(self._context.client, self._run):
            return  # only the response of an earlier attempt was lost
        self._notice_tried = True
        await notify(self._context.client, self._run, notice, trouble)

    def _sanitise_step(self) -> None:
        """Sanitise pending text, for at most a few milliseconds."""
        if self._retracted:
            self._retracted, self._safe_stream = False, SafeStream(self._allowed_hosts)
            self._messages.discard_text()
        pending = "".join(self._pending)
        rest = pending[CHARS_PER_STEP:]
        self._pending = [rest] if rest else []
        self._messages.add_text(self._safe_stream.feed(pending[:CHARS_PER_STEP]))
        if self._pending:
            self._changed.set()

    async def _sanitise_all(self) -> None:
        """Sanitise all pending text, yielding to other tasks in between."""
        while self._pending or self._retracted:
            self._sanitise_step()
            await asyncio.sleep(0)
        self._messages.add_text(self._safe_stream.close())

    async def _overflow_notice(self, outcome: Outcome) -> str:
        """Upload a reply that doesn't fit into its messages. Return where it is."""
        text = await asyncio.to_thread(safe_markdown, outcome.reply, self._allowed_hosts)
        uploaded = await upload(self._context.client, self._run.question, text)
        return strings.REPLY_FILED if uploaded else strings.REPLY_CUT

    async def _run_updates(self) -> None:
        with self._context.throttle.open_reply():
            await self._update_until_closed()

    async def _update_until_closed(self) -> None:
        throttle = self._context.throttle
        await self._pause(lambda: throttle.first_update_s)
        if not self._closed.is_set():
            self._status.show()
        while not self._closed.is_set() and self._messages.trouble is None:
            await self._changed.wait()
            self._changed.clear()
            try:
                self._sanitise_step()
                await self._messages.flush(self._progress.line)
            except SLACK_ERRORS as error:
                self._handle_error(error)
            except Exception:
                # A failed progress update must not end the reply.
                log.exception("progress_not_shown")
            if self._messages.trouble is None:
                await self._pause(lambda: self._messages.pause_s(throttle))
        if self._messages.trouble:
            self._interrupt(self._messages.trouble)

    async def _pause(self, seconds: Callable[[], float]) -> None:
        """Wait until the pause is over or the reply is closed. The pause may change meanwhile."""
        began = time.monotonic()
        while (left := began + seconds() - time.monotonic()) > 0 and not self._closed.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, POLL_S)):
                    await self._closed.wait()

    def _handle_error(self, error: BaseException) -> None:
        self._messages.handle_error(error)
        self._changed.set()

    async def _retry(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call Slack until it works, as long as Slack may be slow, rate limited or down.

        Raises:
            Unanswerable: Slack refuses the call.
            Postponed: Slack stays down.
        """
        refused = 0
        for pause in OUTAGE_RETRIES_S:
            try:
                return await call()
            except SLACK_ERRORS as error:
                self._handle_error(error)
                refused += code_of(error) not in TRANSIENT
                if self._messages.trouble or refused > len(FINAL_RETRIES_S):
                    raise Unanswerable(self._messages.trouble or "internal") from None
            await asyncio.sleep(pause)
        raise Postponed

    async def _stop_updates(self) -> None:
        """Let the current update finish: a cancelled call may still take effect."""
        self._closed.set()
        self._changed.set()
        if self._updates:
            await asyncio.shield(self._updates)
            self._updates = None
