"""Stops runs: with Slack's Stop, with our button where Slack has none, or by slash command."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Jobs, Run, RunStore
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.origin import Actor, actor_of, workspace_of
from bot.slack.permissions.access import CHECK_TIMEOUT_S, AnswerAccess
from bot.slack.permissions.admin import AdminPermissions
from bot.slack.ui.clicks import delete_clicked_message, parse_value, respond_privately
from bot.slack.ui.strings import footer as strings

log = structlog.get_logger(__name__)


class StopButton:
    """Stops runs for their askers and for admins."""

    def __init__(
        self,
        client: AsyncWebClient,
        runs: RunStore,
        jobs: Jobs,
        access: AnswerAccess,
        permissions: AdminPermissions,
    ) -> None:
        self._client = client
        self._runs = runs
        self._jobs = jobs
        self._access = access
        self._permissions = permissions

    async def click(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Handle a click on our button."""
        await ack()
        run_id, _ = parse_value(body)
        run = await self._runs.get(run_id)
        actor = actor_of(body)
        if run is None or not await self._stoppable([run], actor):
            await respond_privately(respond, strings.STOP_FORBIDDEN)
            return
        if not await self._stop([run], actor):
            await respond_privately(respond, strings.STOP_TOO_LATE)
        if (body.get("container") or {}).get("is_ephemeral"):
            await delete_clicked_message(respond)

    async def on_session_stopped(self, body: Mapping[str, Any]) -> None:
        """Handle Slack's Stop in a thread (event `agent_session_stopped`).

        Anybody in the thread can press it, and Slack has then already ended a running stream. A run
        that they may not stop continues in a new message; a note says why. Slack shows its Stop
        only if the app receives this event, so nothing is stopped without it.

        Slack leaves the session's status to us. A run that is stopped sets it when it ends. So it
        is set here only if there was no such run
        (https://docs.slack.dev/reference/events/agent_session_stopped).
        """
        event = body.get("event") or {}
        thread_ts = event.get("thread_ts")
        if not isinstance(thread_ts, str):
            return  # otherwise we would stop every thread of the channel
        actor = Actor(str(event.get("user")))
        team, channel = str(workspace_of(body)), str(event.get("channel"))
        live = await self._live_runs(team, channel, thread_ts)
        stoppable = await self._stoppable(live, actor)
        if await self._stop(stoppable, actor):
            return
        if live and not stoppable:
            await self._refuse(actor, channel, thread_ts)
        await self._set_status(channel, thread_ts, "processing" if live else "active")
        if live and not await self._runs.live_in(team, channel, thread_ts):
            await self._set_status(channel, thread_ts, "active")  # it ended meanwhile

    async def _refuse(self, actor: Actor, channel: str, thread_ts: str) -> None:
        """Tell a person why their Stop stopped nothing."""
        try:
            await self._client.chat_postEphemeral(
                channel=channel,
                user=actor.user,
                thread_ts=thread_ts,
                text=strings.STOP_REFUSED,
            )
        except SLACK_ERRORS as error:
            log.info("stop_refusal_not_shown", error=code_of(error))

    async def _set_status(self, channel: str, thread_ts: str, status: str) -> None:
        """Set the status of the thread's session, if Slack allows it."""
        try:
            await self._client.agents_sessions_setStatus(
                channel_id=channel, thread_ts=thread_ts, status=status
            )
        except SLACK_ERRORS as error:
            log.info("status_not_set_after_stop", error=code_of(error))

    async def stop_all(self, team: str, actor: Actor) -> int:
        """Stop all runs in the actor's channel that they may stop, and return how many."""
        live = await self._live_runs(team, str(actor.channel))
        return await self._stop(await self._stoppable(live, actor), actor)

    async def _live_runs(
        self, team: str, channel: str, thread_ts: str | None = None
    ) -> Sequence[Run]:
        run_ids = await self._runs.live_in(team, channel, thread_ts)
        runs = [await self._runs.get(run_id) for run_id in run_ids]
        return [run for run in runs if run]

    async def _stop(self, runs: Sequence[Run], actor: Actor) -> int:
        stopped = 0
        for run in runs:
            if await self._jobs.stop(run.id, actor.user):
                log.info("stop_requested", run_id=run.id)
                stopped += 1
        return stopped

    async def _stoppable(self, runs: Sequence[Run], actor: Actor) -> Sequence[Run]:
        """Return the runs of one channel that the actor may stop: their own, or all for an admin.

        An admin stops only what they can see: no private replies, and nothing in channels that they
        haven't joined.
        """
        here = [run for run in runs if _is_here(run, actor)]
        others = [r for r in here if r.question.user != actor.user]
        if others and await self._is_admin(others, actor):
            others = [run for run in others if run.question.surface == "command"]
        return [run for run in here if run not in others]

    async def _is_admin(self, runs: Sequence[Run], actor: Actor) -> bool:
        """Return whether the actor is an admin who can see these runs of one channel."""
        visible = next((run for run in runs if run.question.surface != "command"), None)
        if visible is None:
            return False
        with suppress(TimeoutError):
            # One timeout for both checks: Slack expects a response within 3 s.
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                if await self._permissions.for_workspace(actor) == "yes":
                    return await self._access.membership(visible, actor) == "yes"
        return False


def _is_here(run: Run, actor: Actor) -> bool:
    """Return whether a run belongs to the actor's channel.

    The asker may stop a private reply from anywhere: it may be in a direct message.
    """
    question = run.question
    mine = question.surface == "command" and actor.user == question.user
    return mine or actor.channel in {None, question.channel}
