"""Lets people give dots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack.api.origin import actor_of
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.click_support import ClickSupport
from bot.slack.brainstorm.text import dots_count
from bot.slack.brainstorm.vote_view import chosen_in, page_state, vote_view
from bot.slack.ui.blocks import Block
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import brainstorm as strings


class VoteClicks:
    """Handles the modal for dots. Dots count once it is submitted."""

    def __init__(self, support: ClickSupport) -> None:
        self._support = support

    async def open(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Open the modal with the person's dots so far."""
        await self._support.clicked(ack, body, respond, self._open(body))

    async def turn(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Show another page, keeping the choices on this one."""
        await self._support.clicked(ack, body, respond, self._turn(body))

    async def submit(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Store the dots of all pages."""
        chosen = chosen_in(body.get("view") or {})
        field = next((f"idea:{idea}" for idea, count in chosen.items() if count), "")
        field = field or next((f"idea:{idea}" for idea in chosen), "idea:")
        await self._support.submitted(ack, field, self._store(body))

    async def _open(self, body: Mapping[str, Any]) -> None:
        session = await self._support.admit(body, ids.clicked_parts(body)[0])
        if session.phase != "dots":
            raise RefusedError(strings.VOTE_OVER)
        opened = await self._support.views.open_ideas(session)
        given = await self._support.brainstorms.store.ballot(session.id, actor_of(body).user)
        await self._support.open(body, vote_view(session, opened, given, 0))

    async def _turn(self, body: Mapping[str, Any]) -> None:
        view = body.get("view") or {}
        session_id, page, given = page_state(view)
        session = await self._support.admit(body, session_id)
        opened = await self._support.views.open_ideas(session)
        page_to = ids.number_in(ids.clicked_parts(body), 1)
        warning = ""
        if sum(given.values()) > session.dots:
            warning = strings.VOTE_TOO_MANY.format(dots=dots_count(session.dots))
            page_to = page
        await self._support.replace(
            view.get("id"), vote_view(session, opened, given, page_to, warning=warning)
        )

    async def _store(self, body: Mapping[str, Any]) -> Block | None:
        session_id, _, given = page_state(body.get("view") or {})
        session = await self._support.admit(body, session_id)
        opened = await self._support.views.open_ideas(session)
        among = {group.representative for group in opened.grouping.groups}
        result = await self._support.brainstorms.vote(session.id, actor_of(body).user, given, among)
        if result == "over":
            raise RefusedError(strings.VOTE_OVER)
        if result == "too_many":
            raise RefusedError(strings.VOTE_TOO_MANY.format(dots=dots_count(session.dots)))
        return None
