"""Show answers: acknowledge, open a loading modal within Slack's 3 s, authorise, then fill it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Run, Runs
from bot.slack import words
from bot.slack.access import Access, Visitor
from bot.slack.blocks import Block
from bot.slack.client import SLACK_TROUBLE, code_of
from bot.slack.views import PAGE, Place, answers_view, message_view

log = structlog.get_logger(__name__)


class Reveal:
    """Opens the modal with every model's own answer, and turns its pages."""

    def __init__(self, client: AsyncWebClient, runs: Runs, access: Access) -> None:
        self._client = client
        self._runs = runs
        self._access = access

    async def open(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """The button under a reply was clicked."""
        await ack()
        try:
            opened = await self._client.views_open(
                trigger_id=str(body.get("trigger_id")), view=message_view(words.REVEAL_LOADING)
            )
        except SLACK_TROUBLE as error:
            # An expired trigger: the person sees that nothing opened, and clicks again.
            log.info("reveal_not_opened", error=code_of(error))
            return
        action = body["actions"][0]
        visitor = visitor_of(body)
        view = await self._view(Place(str(action.get("value"))), visitor)
        await self._fill(str((opened.get("view") or {})["id"]), view)

    async def turn(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Another answer was chosen in the modal, or another page of it."""
        await ack()
        view = body.get("view") or {}
        place = Place.unpacked(view.get("private_metadata"))
        if place is None:
            return
        action = body["actions"][0]
        if str(action.get("action_id", "")).startswith(PAGE):
            there = Place(place.run_id, place.key, _number(action.get("value")))
        else:
            there = Place(place.run_id, str((action.get("selected_option") or {}).get("value")))
        await self._fill(str(view.get("id")), await self._view(there, visitor_of(body)))

    async def _view(self, place: Place, visitor: Visitor) -> Block:
        run = await self._runs.get(place.run_id)
        if run is None:
            return message_view(words.REVEAL_GONE)
        if not await self._access.allows(run, visitor):
            log.info("reveal_refused", run_id=run.id, policy=self._access.policy)
            return message_view(words.REVEAL_FORBIDDEN[self._access.policy])
        if not is_complete(run):
            return message_view(words.REVEAL_NOT_READY)
        return answers_view(run, place)

    async def _fill(self, view_id: str, view: Block) -> None:
        try:
            await self._client.views_update(view_id=view_id, view=view)
        except SLACK_TROUBLE as error:
            log.info("reveal_not_filled", error=code_of(error))


def is_complete(run: Run) -> bool:
    """Whether a run has its reply, or will never have one."""
    return bool(run.reply) or run.state in {"answered", "failed"}


def visitor_of(body: Mapping[str, Any]) -> Visitor:
    """Who clicked, as the signed payload says.

    The workspace is the user's own, so a stranger's in a shared channel is not ours.
    """
    user = body.get("user") or {}
    team = user.get("team_id") or (body.get("team") or {}).get("id")
    container = body.get("channel") or {}
    return Visitor(str(team), str(user.get("id")), container.get("id"))


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0
