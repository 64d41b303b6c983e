"""The steps that all clicks on a brainstorm share: find it, check the actor, report errors."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.brainstorm.service import Brainstorms
from bot.brainstorm.session import BrainstormSession
from bot.errors import new_error_id
from bot.slack.api.client import SLACK_ERRORS, code_of
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.origin import Actor, actor_of
from bot.slack.brainstorm.own_views import notice_view
from bot.slack.brainstorm.view_data import IdeasHidden, SessionViews
from bot.slack.markdown.sanitize import inert_mrkdwn
from bot.slack.permissions.brainstorms import BrainstormAccess
from bot.slack.ui.blocks import Block
from bot.slack.ui.clicks import RefusedError, respond_privately
from bot.slack.ui.strings import brainstorm as strings
from bot.slack.ui.strings.troubles import ERROR_ID

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClickSupport:
    """Handles the steps that all clicks on a brainstorm share."""

    client: AsyncWebClient
    brainstorms: Brainstorms
    views: SessionViews
    access: BrainstormAccess
    colleagues: Colleagues

    async def admit(self, body: Mapping[str, Any], session_id: str) -> BrainstormSession:
        """Return the brainstorm that a person acts on.

        Raises:
            RefusedError: it is gone, or the person may not take part.
        """
        clicked = time.monotonic()
        session = await self.brainstorms.store.get(session_id) if session_id else None
        if session is None or session.team != await self.colleagues.team_id():
            raise RefusedError(strings.GONE)
        verdict = await self.access.check(session, actor_of(body), clicked)
        if verdict != "yes":
            raise RefusedError(strings.REFUSED[verdict])
        return session

    async def require_starter(self, session: BrainstormSession, actor: Actor) -> None:
        """Require the starter. If they have left the channel, everyone who takes part may act.

        Raises:
            RefusedError: the actor isn't the starter.
        """
        if actor.user == session.user or not await self.access.is_member(session, session.user):
            return
        starter = inert_mrkdwn(await self.views.people.name(session.user))
        raise RefusedError(strings.NOT_STARTER.format(user=starter))

    async def clicked(
        self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond, work: Awaitable[None]
    ) -> None:
        """Acknowledge a click, do its work, and tell the actor if something went wrong."""
        await ack()
        try:
            await work
        except RefusedError as refused:
            await self.tell(body, respond, str(refused))
        except IdeasHidden:
            await self.tell(body, respond, strings.IDEAS_HIDDEN)
        except Exception as error:  # noqa: BLE001 - the last handler; `_apology` logs it
            await self.tell(body, respond, _apology(error))

    async def submitted(self, ack: AsyncAck, field: str, work: Awaitable[Block | None]) -> bool:
        """Do a modal's work, then close it, show its next view, or mark the field that is wrong."""
        try:
            view = await work
        except RefusedError as refused:
            await ack(response_action="errors", errors={field: str(refused)})
            return False
        except IdeasHidden:
            await ack(response_action="errors", errors={field: strings.IDEAS_HIDDEN})
            return False
        except Exception as error:  # noqa: BLE001 - the last handler; `_apology` logs it
            await ack(response_action="errors", errors={field: _apology(error)})
            return False
        if view is None:
            await ack()
        else:
            await ack(response_action="update", view=view)
        return True

    async def tell(self, body: Mapping[str, Any], respond: AsyncRespond, text: str) -> None:
        """Tell the actor something privately, in a modal if they clicked in one."""
        if body.get("view"):
            await self.show(body, notice_view(text))
        else:
            await respond_privately(respond, text)

    async def show(self, body: Mapping[str, Any], view: Block) -> bool:
        """Open a modal on top of the one that was clicked in. Return False if Slack refuses."""
        trigger_id = str(body.get("trigger_id"))
        try:
            if body.get("view"):
                await self.client.views_push(trigger_id=trigger_id, view=view)
            else:
                await self.client.views_open(trigger_id=trigger_id, view=view)
        except SLACK_ERRORS as error:
            log.info("brainstorm_modal_not_opened", error=code_of(error))
            return False
        return True

    async def open(self, body: Mapping[str, Any], view: Block) -> None:
        """Open a modal.

        Raises:
            RefusedError: Slack refused, for example because it was too late.
        """
        if not await self.show(body, view):
            raise RefusedError(strings.TOO_LATE)

    async def replace(self, view_id: object, view: Block) -> None:
        """Replace a modal if it is still open."""
        try:
            await self.client.views_update(view_id=str(view_id), view=view)
        except SLACK_ERRORS as error:
            log.info("brainstorm_modal_not_updated", error=code_of(error))


def _apology(error: Exception) -> str:
    error_id = new_error_id()
    log.error("brainstorm_click_failed", error_id=error_id, exc_info=error)
    return f"{strings.FAILED} {ERROR_ID.format(error_id=error_id)}"
