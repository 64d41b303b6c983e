"""Settings in Slack: opened empty within 3 s, filled once the person was found to have a say.

Who may change something is checked again when they submit it: a modal may stand open for days.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.limits import Limits
from bot.preferences import Choice, Preferences, Scope
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.origin import Actor, actor_of
from bot.slack.permissions.access import PATIENCE_S
from bot.slack.permissions.admin import AdminPermissions
from bot.slack.settings.form import FormError, channel_choice, workspace_choice
from bot.slack.settings.views import channel_view, told_view, workspace_view
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block
from moa.pipeline.definition import Pipeline

log = structlog.get_logger(__name__)


class SettingsHandlers:
    """Opens the settings of a channel or of the workspace, and stores what is submitted."""

    def __init__(
        self,
        client: AsyncWebClient,
        preferences: Preferences,
        authority: AdminPermissions,
        pipelines: Mapping[str, Pipeline],
        limits: Limits,
    ) -> None:
        self._client = client
        self._preferences = preferences
        self._authority = authority
        self._colleagues = authority.colleagues
        self._pipelines = pipelines
        self._limits = limits

    async def open_empty(self, trigger_id: str, title: str) -> str | None:
        """Open a modal that only says that it is being filled; its id, None where Slack refuses."""
        view = told_view(strings.SETTINGS_LOADING, title)
        try:
            async with asyncio.timeout(PATIENCE_S):
                opened = await self._client.views_open(trigger_id=trigger_id, view=view)
        except SLACK_ERRORS as error:
            log.info("settings_not_opened", error=code_of(error))
            return None
        return str((opened.get("view") or {})["id"])

    async def show_channel(self, view_id: str, visitor: Actor, channel: str) -> None:
        """Fill the modal with a channel's settings, or with why they are not shown."""
        await self._fill(view_id, strings.SETTINGS_TITLE, self._channel(visitor, channel))

    async def open_workspace(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """The button on the Home tab was clicked."""
        await ack()
        title = strings.SETTINGS_TITLE_WORKSPACE
        view_id = await self.open_empty(str(body.get("trigger_id")), title)
        if view_id:
            await self._fill(view_id, title, self._workspace(actor_of(body)))

    async def submit_channel(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """A channel's settings were submitted. Where it says so, the modal closes."""
        await self._submitted(ack, strings.SETTINGS_TITLE, self._store_channel(body))

    async def submit_workspace(self, ack: AsyncAck, body: Mapping[str, Any]) -> bool:
        """The workspace's settings were submitted; whether they were stored."""
        title = strings.SETTINGS_TITLE_WORKSPACE
        return await self._submitted(ack, title, self._store_workspace(body))

    async def _channel(self, visitor: Actor, channel: str) -> Block:
        say = await self._authority.over_channel(visitor, channel)
        if say != "yes":
            return told_view(strings.SETTINGS_REFUSED[say])
        choices = await self._preferences.choices(await self._colleagues.workspace(), channel)
        direct = channel.startswith("D")
        return channel_view(channel, choices, self._preferences, self._pipelines, direct=direct)

    async def _workspace(self, visitor: Actor) -> Block:
        say = await self._authority.over_workspace(visitor)
        if say != "yes":
            return told_view(strings.SETTINGS_REFUSED[say], strings.SETTINGS_TITLE_WORKSPACE)
        choices = await self._preferences.choices(await self._colleagues.workspace())
        return workspace_view(choices, self._preferences, self._pipelines, self._limits)

    async def _fill(self, view_id: str, title: str, making: Awaitable[Block]) -> None:
        """Put the view in place, or an apology: the modal must not say "Fetching…" for ever."""
        try:
            view = await making
        except Exception as error:
            error_id = secrets.token_hex(4)
            log.exception("settings_failed", error_id=error_id, error=type(error).__name__)
            view = told_view(_apology(error_id), title)
        try:
            await self._client.views_update(view_id=view_id, view=view)
        except SLACK_ERRORS as error:
            log.warning("settings_not_filled", error=code_of(error))

    async def _store_channel(self, body: Mapping[str, Any]) -> str | None:
        """Store what was submitted; words of refusal where the person has no say."""
        visitor, view = actor_of(body), body.get("view") or {}
        channel = str(view.get("private_metadata"))
        say = await self._authority.over_channel(visitor, channel)
        if say != "yes":
            return strings.SETTINGS_REFUSED[say]
        choices = await self._preferences.choices(await self._colleagues.workspace(), channel)
        choice = channel_choice(view, choices, self._preferences)
        await self._store(visitor, "channel", channel, choice)
        return None

    async def _store_workspace(self, body: Mapping[str, Any]) -> str | None:
        visitor = actor_of(body)
        say = await self._authority.over_workspace(visitor)
        if say != "yes":
            return strings.SETTINGS_REFUSED[say]
        choice = workspace_choice(body.get("view") or {}, self._preferences, self._limits)
        await self._store(visitor, "workspace", await self._colleagues.workspace(), choice)
        return None

    async def _store(self, visitor: Actor, scope: Scope, place: str, choice: Choice) -> None:
        team = await self._colleagues.workspace()
        await self._preferences.store_choice(team, scope, place, choice, visitor.user)
        log.info("settings_changed", scope=scope, by=visitor.user)

    async def _submitted(self, ack: AsyncAck, title: str, storing: Awaitable[str | None]) -> bool:
        """Answer a submission: close the modal, mark what is wrong, or say why it was refused."""
        try:
            refusal = await storing
        except FormError as wrong:
            await ack(response_action="errors", errors=dict(wrong.told))
            return False
        except Exception as error:
            error_id = secrets.token_hex(4)
            await _refuse(ack, title, _apology(error_id))
            log.exception("settings_not_stored", error_id=error_id, error=type(error).__name__)
            return False
        if refusal:
            await _refuse(ack, title, refusal)
            return False
        await ack()
        return True


async def _refuse(ack: AsyncAck, title: str, refusal: str) -> None:
    await ack(response_action="update", view=told_view(refusal, title))


def _apology(error_id: str) -> str:
    return f"{strings.SETTINGS_FAILED} {strings.ERROR_ID.format(error_id=error_id)}"
