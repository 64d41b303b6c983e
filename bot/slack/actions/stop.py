"""Stopping: by Slack's own Stop, by our button where there is none, by the slash command."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.ports import Jobs, Run, RunStore
from bot.slack.api.origin import Actor, actor_of, workspace_of
from bot.slack.permissions.access import PATIENCE_S, AnswerAccess
from bot.slack.permissions.admin import AdminPermissions
from bot.slack.ui import strings
from bot.slack.ui.clicks import delete_clicked_message, parse_value, respond_privately

log = structlog.get_logger(__name__)


class StopButton:
    """Ends runs for the person who asked, and for admins."""

    def __init__(
        self, runs: RunStore, jobs: Jobs, access: AnswerAccess, authority: AdminPermissions
    ) -> None:
        self._runs = runs
        self._jobs = jobs
        self._access = access
        self._authority = authority

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Our button was clicked."""
        await ack()
        run_id, _ = parse_value(body)
        run = await self._runs.get(run_id)
        visitor = actor_of(body)
        if run is None or not await self._may_stop([run], visitor):
            await respond_privately(respond, strings.STOP_FORBIDDEN)
            return
        if not await self._stop([run], visitor):
            await respond_privately(respond, strings.STOP_TOO_LATE)
        if (body.get("container") or {}).get("is_ephemeral"):
            await delete_clicked_message(respond)

    async def session_stopped(self, body: Mapping[str, Any]) -> None:
        """Slack's own Stop was used in a thread (event `agent_session_stopped`).

        Where a reply was being streamed, Slack has ended that stream by then, so that the run ends
        in any case as soon as it shows something more; this spares the time and the money until
        then, and ends what streams nothing yet.
        """
        event = body.get("event") or {}
        thread_ts = event.get("thread_ts")
        if not isinstance(thread_ts, str):
            return  # it would be meant for every thread of the channel
        visitor = Actor(str(event.get("user")))
        live = await self._live(str(workspace_of(body)), str(event.get("channel")), thread_ts)
        await self._stop(await self._may_stop(live, visitor), visitor)

    async def all_in(self, team: str, visitor: Actor) -> int:
        """Stop what a person may stop in the channel that they are in; returns how many."""
        live = await self._live(team, str(visitor.channel))
        return await self._stop(await self._may_stop(live, visitor), visitor)

    async def _live(self, team: str, channel: str, thread_ts: object = None) -> Sequence[Run]:
        thread = None if thread_ts is None else str(thread_ts)
        found = [
            await self._runs.get(run) for run in await self._runs.live_in(team, channel, thread)
        ]
        return [run for run in found if run]

    async def _stop(self, runs: Sequence[Run], visitor: Actor) -> int:
        stopped = 0
        for run in runs:
            if await self._jobs.stop(run.id, visitor.user):
                log.info("stop_asked", run_id=run.id)
                stopped += 1
        return stopped

    async def _may_stop(self, runs: Sequence[Run], visitor: Actor) -> Sequence[Run]:
        """Those of one channel's runs that somebody may end: their own, and as an admin others.

        An admin ends only what they can see: nothing in a channel that they are not in, and no
        private reply.
        """
        here = [run for run in runs if _is_here(run, visitor)]
        others = [r for r in here if r.question.user != visitor.user]
        if others and await self._is_admin(others, visitor):
            others = [run for run in others if run.question.surface == "command"]
        return [run for run in here if run not in others]

    async def _is_admin(self, runs: Sequence[Run], visitor: Actor) -> bool:
        """Whether an admin of the workspace looks at these runs of one channel."""
        seen = next((run for run in runs if run.question.surface != "command"), None)
        if seen is None:
            return False
        with suppress(TimeoutError):
            # Both together, since a command has to be acknowledged within 3 s.
            async with asyncio.timeout(PATIENCE_S):
                if await self._authority.over_workspace(visitor) == "yes":
                    return await self._access.presence(seen, visitor) == "yes"
        return False


def _is_here(run: Run, visitor: Actor) -> bool:
    """Whether a run belongs to the channel that the visitor acts in.

    A private reply has come to its asker alone, be it in a direct message.
    """
    question = run.question
    mine = question.surface == "command" and visitor.user == question.user
    return mine or visitor.channel in {None, question.channel}
