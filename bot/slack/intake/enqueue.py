"""Stores a question once, queues it, and tells the asker their queue position."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Jobs, Observer, Question, RunStore
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.thread_roots import root_exists
from bot.slack.api.users import is_app
from bot.slack.intake.apps import free_keys
from bot.slack.ui.strings.reply import QUEUED

log = structlog.get_logger(__name__)

NOTICE_INTERVAL_S = 0.6
"""Seconds between two notices of a queue position. Slack allows about 100 of them a minute
(chat.postEphemeral is tier 4, https://docs.slack.dev/apis/web-api/rate-limits)."""

MAX_DELAY_S = 0.5
"""The longest time that a stored question waits for others to be stored."""


class Enqueuer:
    """Stores questions and queues them for the workers."""

    def __init__(
        self, client: AsyncWebClient, runs: RunStore, jobs: Jobs, observer: Observer
    ) -> None:
        self._client = client
        self._runs = runs
        self._jobs = jobs
        self._observer = observer
        self._storing = 0
        self._all_stored = asyncio.Event()
        self._all_stored.set()
        self._notice_lock = asyncio.Lock()
        self._notice_tasks: set[asyncio.Task[None]] = set()

    async def store(
        self,
        question: Question,
        keys: Sequence[str],
        pipeline: str,
        *,
        again_of: str | None = None,
    ) -> str | None:
        """Store a question and return its run id, or None if one of its keys was stored before."""
        async with self._count_storing():
            run_id = await self._runs.claim(question, keys, pipeline, again_of=again_of)
        self._observer.claimed(question.surface, new=run_id is not None)
        event = "question_stored_before" if run_id is None else "question_stored"
        log.info(event, run_id=run_id, surface=question.surface, again_of=again_of)
        return run_id

    async def store_from_app(
        self, question: Question, keys: Sequence[str], pipeline: str
    ) -> str | None:
        """Store an app's question. None also if its thread or channel reached the apps' cap."""
        while slots := await free_keys(self._runs, question):
            run_id = await self.store(question, [*keys, *slots], pipeline)
            if run_id or any([await self._runs.is_claimed(key) for key in keys]):
                return run_id
        log.warning("app_questions_capped", channel=question.channel)
        return None

    async def enqueue(self, run_id: str, question: Question) -> None:
        """Queue a run. If all workers are busy, tell the asker their position.

        Slack waits only 3 s for an acknowledgement. So storing other questions comes first, and
        delays the work on this one by up to `MAX_DELAY_S`.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_DELAY_S):
                await self._all_stored.wait()
        if await self._jobs.hand_over(run_id) and not is_app(question.user):
            task = asyncio.create_task(self._send_position(run_id, question), name="position")
            self._notice_tasks.add(task)
            task.add_done_callback(self._notice_tasks.discard)

    @asynccontextmanager
    async def _count_storing(self) -> AsyncGenerator[None, None]:
        self._storing += 1
        self._all_stored.clear()
        try:
            yield
        finally:
            self._storing -= 1
            if not self._storing:
                self._all_stored.set()

    async def _send_position(self, run_id: str, question: Question) -> None:
        """Tell the asker their queue position, one asker at a time to respect the rate limit."""
        try:
            async with self._notice_lock:
                position = await self._runs.position(run_id)
                if position:  # None if the run has started meanwhile
                    await self._post_position(question, position.ahead + 1)
                    await asyncio.sleep(NOTICE_INTERVAL_S)
        except Exception as error:
            # Nothing awaits this task. The question itself is queued.
            log.exception("queue_position_not_sent", error=type(error).__name__)

    async def _post_position(self, question: Question, position: int) -> None:
        # A command has no thread, and we may not be a member of its channel.
        has_thread = question.surface != "command"
        if has_thread and not await root_exists(self._client, question.channel, question.thread_ts):
            return
        try:
            await self._client.chat_postEphemeral(
                channel=question.channel,
                user=question.user,
                thread_ts=question.thread_ts if has_thread else None,
                text=QUEUED.format(place=position),
            )
        except SLACK_ERRORS as error:
            log.info("queue_position_not_sent", error=code_of(error))
