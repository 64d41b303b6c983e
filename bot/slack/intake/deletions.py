"""Stops runs whose question or thread was deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bot.brainstorm.service import Brainstorms
from bot.ports import DELETED, Jobs, RunStore
from bot.slack.intake.events import deleted_in_event

log = structlog.get_logger(__name__)


class Deletions:
    """Handles events about deleted messages."""

    def __init__(self, runs: RunStore, jobs: Jobs, brainstorms: Brainstorms) -> None:
        self._runs = runs
        self._jobs = jobs
        self._brainstorms = brainstorms

    async def stop_deleted(
        self,
        body: Mapping[str, Any],
        next: Callable[[], Awaitable[None]],  # noqa: A002 - Bolt passes it by this name
    ) -> None:
        """Bolt middleware: stop the runs whose question or thread was deleted.

        The stop is stored before the acknowledgement, since Slack never repeats an acknowledged
        event. The run's worker then removes the posted messages and erases the stored texts, now or
        after a restart.
        """
        if deleted := deleted_in_event(body):
            for run_id in await self._runs.live_under(
                deleted.team, deleted.channel, deleted.ts, deleted.thread_ts
            ):
                log.info("question_deleted", run_id=run_id)
                await self._jobs.stop(run_id, DELETED)
            await self._brainstorms.message_deleted(deleted.team, deleted.channel, deleted.ts)
        await next()
