"""Questions coming in: stored before Slack's acknowledgement leaves, then handed over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.ports import Jobs, Runs
from bot.slack import words
from bot.slack.blocks import section
from bot.slack.commands import SUBCOMMANDS, Desk, find
from bot.slack.events import Asked, asked_in_command, asked_in_event
from bot.slack.identity import Identity
from bot.slack.text import escape_mrkdwn
from moa.pipeline import Pipeline

log = structlog.get_logger(__name__)

RUN_ID = "moa_run_id"


class Intake:
    """The way from Slack's events and commands to the journal and the jobs."""

    def __init__(
        self,
        runs: Runs,
        jobs: Jobs,
        identity: Identity,
        pipelines: Mapping[str, Pipeline],
        default: str,
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._identity = identity
        self._pipelines = pipelines
        self._default = default

    async def claim(
        self,
        body: Mapping[str, Any],
        context: AsyncBoltContext,
        next: Callable[[], Awaitable[None]],  # noqa: A002 - Bolt passes it by this name
    ) -> None:
        """Bolt middleware: store the question, once, before the event is acknowledged.

        Bolt acknowledges an event before its listener runs, and Slack never sends an acknowledged
        event again; a middleware of the listener still runs before. When storing fails, the error
        becomes a refusal, and Slack sends the event again.
        """
        asked = asked_in_event(body, (await self._identity.get()).user_id)
        context[RUN_ID] = await self._claim(asked) if asked else None
        await next()

    async def work(self, context: AsyncBoltContext) -> None:
        """Bolt listener: hand over what was claimed."""
        run_id = context.get(RUN_ID)
        if isinstance(run_id, str):
            await self._jobs.hand_over(run_id)

    async def command(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Bolt listener: the slash command. Whatever is answered, only its user sees it."""
        name = str(body.get("command") or "/moa")
        text = str(body.get("text") or "").strip()
        desk = Desk(name, self._pipelines, self._default, SUBCOMMANDS)
        subcommand = find(text) if text else find("help")
        if subcommand:
            await _say(ack, subcommand.answer(desk))
            return
        asked = asked_in_command(body)
        run_id = await self._claim(asked) if asked else None
        if run_id is None:
            await ack()
            return
        await _say(ack, words.COMMAND_ASKED.format(pipeline=escape_mrkdwn(self._default)))
        await self._jobs.hand_over(run_id)

    async def _claim(self, asked: Asked) -> str | None:
        pipeline = asked.question.pipeline or self._default
        run_id = await self._runs.claim(asked.question, asked.keys, pipeline)
        if run_id is None:
            log.info("claimed_before", surface=asked.question.surface)
        else:
            log.info("claimed", run_id=run_id, surface=asked.question.surface)
        return run_id


async def _say(ack: AsyncAck, mrkdwn: str) -> None:
    await ack(text=mrkdwn, blocks=[section(mrkdwn)], response_type="ephemeral")
