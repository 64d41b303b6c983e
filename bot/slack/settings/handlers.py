"""Opens the settings modals and stores the submitted settings.

A modal opens at once, since Slack allows 3 s, and is filled after the permission check. The check
is repeated on submit, because a modal may stay open for days.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import new_error_id
from bot.limits import Limits
from bot.preferences import Choice, Preferences, Scope
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.origin import Actor, actor_of
from bot.slack.permissions.access import CHECK_TIMEOUT_S
from bot.slack.permissions.admin import AdminPermissions
from bot.slack.settings.form import FormError, parse_channel, parse_workspace
from bot.slack.settings.views import channel_view, text_view, workspace_view
from bot.slack.ui.blocks import Block
from bot.slack.ui.strings import settings as strings
from bot.slack.ui.strings.troubles import ERROR_ID
from moa.pipeline.definition import Pipeline

log = structlog.get_logger(__name__)


class SettingsHandlers:
    """Opens the settings of a channel or of the workspace, and stores the submitted ones."""

    def __init__(
        self,
        client: AsyncWebClient,
        preferences: Preferences,
        permissions: AdminPermissions,
        pipelines: Mapping[str, Pipeline],
        limits: Limits,
    ) -> None:
        self._client = client
        self._preferences = preferences
        self._permissions = permissions
        self._colleagues = permissions.colleagues
        self._pipelines = pipelines
        self._limits = limits

    async def open_loading(self, trigger_id: str, title: str) -> str | None:
        """Open a modal that says it is loading, and return its id, or None if Slack refuses."""
        view = text_view(strings.SETTINGS_LOADING, title)
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                opened = await self._client.views_open(trigger_id=trigger_id, view=view)
        except SLACK_ERRORS as error:
            log.info("settings_not_opened", error=code_of(error))
            return None
        return str((opened.get("view") or {})["id"])

    async def show_channel(self, view_id: str, actor: Actor, channel: str) -> None:
        """Fill the modal with a channel's settings, or with the reason they can't be changed."""
        await self._fill(view_id, strings.SETTINGS_TITLE, self._channel_view(actor, channel))

    async def open_workspace(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Handle a click on the settings button of the Home tab."""
        await ack()
        title = strings.SETTINGS_TITLE_WORKSPACE
        view_id = await self.open_loading(str(body.get("trigger_id")), title)
        if view_id:
            await self._fill(view_id, title, self._workspace_view(actor_of(body)))

    async def submit_channel(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Store a channel's settings."""
        await self._submit(ack, strings.SETTINGS_TITLE, self._store_channel(body))

    async def submit_workspace(self, ack: AsyncAck, body: Mapping[str, Any]) -> bool:
        """Store the workspace's settings, and return whether they were stored."""
        title = strings.SETTINGS_TITLE_WORKSPACE
        return await self._submit(ack, title, self._store_workspace(body))

    async def _channel_view(self, actor: Actor, channel: str) -> Block:
        permission = await self._permissions.for_channel(actor, channel)
        if permission != "yes":
            return text_view(strings.SETTINGS_REFUSED[permission])
        choices = await self._preferences.choices(await self._colleagues.team_id(), channel)
        direct = channel.startswith("D")
        return channel_view(channel, choices, self._preferences, self._pipelines, direct=direct)

    async def _workspace_view(self, actor: Actor) -> Block:
        permission = await self._permissions.for_workspace(actor)
        if permission != "yes":
            title = strings.SETTINGS_TITLE_WORKSPACE
            return text_view(strings.SETTINGS_REFUSED[permission], title)
        choices = await self._preferences.choices(await self._colleagues.team_id())
        return workspace_view(choices, self._preferences, self._pipelines, self._limits)

    async def _fill(self, view_id: str, title: str, build: Awaitable[Block]) -> None:
        """Update the modal, with an apology on errors, so that it doesn't keep loading."""
        try:
            view = await build
        except Exception as error:
            error_id = new_error_id()
            log.exception("settings_failed", error_id=error_id, error=type(error).__name__)
            view = text_view(_apology(error_id), title)
        try:
            await self._client.views_update(view_id=view_id, view=view)
        except SLACK_ERRORS as error:
            log.warning("settings_not_shown", error=code_of(error))

    async def _store_channel(self, body: Mapping[str, Any]) -> str | None:
        """Store the submitted settings, or return why the actor may not change them."""
        actor, view = actor_of(body), body.get("view") or {}
        channel = str(view.get("private_metadata"))
        permission = await self._permissions.for_channel(actor, channel)
        if permission != "yes":
            return strings.SETTINGS_REFUSED[permission]
        choices = await self._preferences.choices(await self._colleagues.team_id(), channel)
        choice = parse_channel(view, choices, self._preferences)
        await self._store(actor, "channel", channel, choice)
        return None

    async def _store_workspace(self, body: Mapping[str, Any]) -> str | None:
        actor = actor_of(body)
        permission = await self._permissions.for_workspace(actor)
        if permission != "yes":
            return strings.SETTINGS_REFUSED[permission]
        choice = parse_workspace(body.get("view") or {}, self._preferences, self._limits)
        await self._store(actor, "workspace", await self._colleagues.team_id(), choice)
        return None

    async def _store(self, actor: Actor, scope: Scope, scope_id: str, choice: Choice) -> None:
        team = await self._colleagues.team_id()
        await self._preferences.store_choice(team, scope, scope_id, choice, actor.user)
        log.info("settings_changed", scope=scope, by=actor.user)

    async def _submit(self, ack: AsyncAck, title: str, store: Awaitable[str | None]) -> bool:
        """Store, then close the modal, mark invalid fields, or show why it was refused."""
        try:
            refusal = await store
        except FormError as invalid:
            await ack(response_action="errors", errors=dict(invalid.errors))
            return False
        except Exception as error:
            error_id = new_error_id()
            await _refuse(ack, title, _apology(error_id))
            log.exception("settings_not_stored", error_id=error_id, error=type(error).__name__)
            return False
        if refusal:
            await _refuse(ack, title, refusal)
            return False
        await ack()
        return True


async def _refuse(ack: AsyncAck, title: str, reason: str) -> None:
    await ack(response_action="update", view=text_view(reason, title))


def _apology(error_id: str) -> str:
    return f"{strings.SETTINGS_FAILED} {ERROR_ID.format(error_id=error_id)}"
