"""Taking questions in, whatever way they came: stored once, counted, handed over."""

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
from bot.slack.intake.apps import free_slots
from bot.slack.ui import strings

log = structlog.get_logger(__name__)

TELLING_S = 0.6
"""Seconds between two people who are told their place: Slack bears 100 such messages a minute
(chat.postEphemeral is of tier 4, https://docs.slack.dev/apis/web-api/rate-limits)."""

RUSH_S = 0.5
"""Seconds that work waits at most while more questions come in."""


class Enqueuer:
    """The journal and the jobs, as whoever takes a question in has to do with them."""

    def __init__(
        self, client: AsyncWebClient, runs: RunStore, jobs: Jobs, observer: Observer
    ) -> None:
        self._client = client
        self._runs = runs
        self._jobs = jobs
        self._observer = observer
        self._claiming = 0
        self._calm = asyncio.Event()
        self._calm.set()
        self._telling = asyncio.Lock()
        self._tellings: set[asyncio.Task[None]] = set()

    async def claim(
        self,
        question: Question,
        keys: Sequence[str],
        pipeline: str,
        *,
        again_of: str | None = None,
    ) -> str | None:
        """Store a question, and return its run's id; None when one of the keys was taken before."""
        async with self._rush():
            run_id = await self._runs.claim(question, keys, pipeline, again_of=again_of)
        self._observer.claimed(question.surface, new=run_id is not None)
        event = "claimed_before" if run_id is None else "claimed"
        log.info(event, run_id=run_id, surface=question.surface, again_of=again_of)
        return run_id

    async def claim_for_app(
        self, question: Question, keys: Sequence[str], pipeline: str
    ) -> str | None:
        """The same for a question of an app; None as well where apps have asked enough there."""
        while slots := await free_slots(self._runs, question):
            run_id = await self.claim(question, [*keys, *slots], pipeline)
            if run_id or await self._is_taken(keys):
                return run_id
        log.warning("apps_asked_enough", channel=question.channel)
        return None

    async def _is_taken(self, keys: Sequence[str]) -> bool:
        return any([await self._runs.is_claimed(key) for key in keys])

    async def hand_over(self, run_id: str, question: Question) -> None:
        """Have it worked on. Where every worker is busy, the asker is told that it waits.

        Slack waits for acknowledgements, and people for minutes: of many questions at once all are
        stored before the work on the first begins.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(RUSH_S):
                await self._calm.wait()
        if await self._jobs.hand_over(run_id) and not is_app(question.user):
            task = asyncio.create_task(self._tell_in_turn(run_id, question), name="place")
            self._tellings.add(task)
            task.add_done_callback(self._tellings.discard)

    async def _tell_in_turn(self, run_id: str, question: Question) -> None:
        """Tell the asker their place, after those who wait to be told theirs."""
        try:
            async with self._telling:
                place = await self._runs.position(run_id)
                if place:  # it may have begun while others were told
                    await self._tell_place(question, place.ahead + 1)
                    await asyncio.sleep(TELLING_S)
        except Exception as error:
            # The outermost edge of a task; the question itself is cared for.
            log.exception("place_not_told", error=type(error).__name__)

    @asynccontextmanager
    async def _rush(self) -> AsyncGenerator[None, None]:
        self._claiming += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._claiming -= 1
            if not self._claiming:
                self._calm.set()

    async def _tell_place(self, question: Question, place: int) -> None:
        alone = (
            question.surface == "command"
        )  # it has no thread, and asks where we may be no member
        if not alone and not await root_exists(self._client, question.channel, question.thread_ts):
            return
        try:
            await self._client.chat_postEphemeral(
                channel=question.channel,
                user=question.user,
                thread_ts=None if alone else question.thread_ts,
                text=strings.QUEUED.format(place=place),
            )
        except SLACK_ERRORS as error:
            log.info("place_not_told", error=code_of(error))
