"""Stopping: by Slack's own Stop, by our button where there is none, by the slash command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.ports import Jobs, Run, Runs
from bot.slack import words
from bot.slack.access import Access, Visitor
from bot.slack.actions.clicks import take_away, tell, value_of
from bot.slack.authority import Authority
from bot.slack.reveal import visitor_of

log = structlog.get_logger(__name__)


class Stopping:
    """Ends runs for the person who asked, and for admins."""

    def __init__(self, runs: Runs, jobs: Jobs, access: Access, authority: Authority) -> None:
        self._runs = runs
        self._jobs = jobs
        self._access = access
        self._authority = authority

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Our button was clicked."""
        await ack()
        run_id, _ = value_of(body)
        run = await self._runs.get(run_id)
        visitor = visitor_of(body)
        if run is None or not await self._may(run, visitor):
            await tell(respond, words.STOP_FORBIDDEN)
        elif await self._jobs.stop(run.id, visitor.user):
            log.info("stop_asked", run_id=run.id)
        else:
            await tell(respond, words.STOP_TOO_LATE)
        if (body.get("container") or {}).get("is_ephemeral"):
            await take_away(respond)

    async def session_stopped(self, body: Mapping[str, Any]) -> None:
        """Slack's own Stop was used in a thread (event `agent_session_stopped`).

        Slack has ended the stream by then, so the run ends in any case as soon as it shows
        something more; this spares the time and the money until then.
        """
        event = body.get("event") or {}
        visitor = Visitor(str(body.get("team_id")), str(event.get("user")), None)
        channel, thread_ts = str(event.get("channel")), str(event.get("thread_ts"))
        for run_id in await self._runs.live_in(visitor.team, channel, thread_ts):
            run = await self._runs.get(run_id)
            if run and await self._may(run, visitor):
                await self._jobs.stop(run_id, visitor.user)
                log.info("stop_asked", run_id=run_id)

    async def all_in(self, visitor: Visitor) -> int:
        """Stop what a person may stop in the channel that they are in; returns how many."""
        stopped = 0
        for run_id in await self._live(visitor):
            run = await self._runs.get(run_id)
            if run and await self._may(run, visitor):
                stopped += await self._jobs.stop(run_id, visitor.user)
        return stopped

    async def _live(self, visitor: Visitor) -> Sequence[str]:
        return await self._runs.live_in(visitor.team, str(visitor.channel))

    async def _may(self, run: Run, visitor: Visitor) -> bool:
        """Whoever asked, and admins of the workspace where they can see what they end."""
        question = run.question
        if visitor.team != question.team or visitor.channel not in {None, question.channel}:
            return False
        if visitor.user == question.user:
            return True
        is_admin = await self._authority.over_workspace(visitor) == "yes"
        return is_admin and await self._access.is_present(run, visitor)
