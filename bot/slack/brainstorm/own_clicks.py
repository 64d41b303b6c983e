"""Lets people hand in ideas, and read, change and withdraw their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack.api.origin import actor_of
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.click_support import ClickSupport
from bot.slack.brainstorm.own_views import (
    add_view,
    change_view,
    mine_view,
    parse_added,
    parse_changed,
)
from bot.slack.ui.blocks import Block
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import brainstorm as strings


class OwnIdeas:
    """Handles a person's own ideas. Never reads anyone else's."""

    def __init__(self, support: ClickSupport) -> None:
        self._support = support

    async def add(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Open the form for new ideas."""
        await self._support.clicked(ack, body, respond, self._add(body))

    async def submit_added(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Store the submitted ideas, then close the form."""
        await self._support.submitted(ack, ids.IDEAS, self._store_added(body))

    async def mine(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Open the person's own ideas."""
        await self._support.clicked(ack, body, respond, self._mine(body))

    async def turn(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Show another page of the person's own ideas."""
        await self._support.clicked(ack, body, respond, self._turn(body))

    async def choose(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Change or withdraw an idea."""
        await self._support.clicked(ack, body, respond, self._choose(body))

    async def submit_changed(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Store a changed idea, and show it in the list below the form."""
        if await self._support.submitted(ack, ids.IDEA, self._store_changed(body)):
            view = body.get("view") or {}
            session_id = ids.split_parts(view.get("private_metadata"))[0]
            await self._refresh(body, session_id, view.get("previous_view_id"), 0)

    async def _add(self, body: Mapping[str, Any]) -> None:
        session = await self._support.admit(body, ids.clicked_parts(body)[0])
        if not session.accepts_ideas:
            raise RefusedError(strings.ADD_OVER)
        await self._support.open(body, add_view(session))

    async def _store_added(self, body: Mapping[str, Any]) -> Block | None:
        view = body.get("view") or {}
        session = await self._support.admit(body, ids.split_parts(view.get("private_metadata"))[0])
        text, named = parse_added(view)
        if not text.strip():
            raise RefusedError(strings.ADD_EMPTY)
        result = await self._support.brainstorms.hand_in(
            session.id, actor_of(body).user, text, key=f"view:{view.get('id')}", named=named
        )
        if result != "stored":
            raise RefusedError(strings.ADD_OVER if result == "over" else strings.ADD_FULL)
        return None

    async def _mine(self, body: Mapping[str, Any]) -> None:
        session = await self._support.admit(body, ids.clicked_parts(body)[0])
        own = await self._support.views.own_ideas(session, actor_of(body).user)
        await self._support.open(body, mine_view(session, own, 0))

    async def _turn(self, body: Mapping[str, Any]) -> None:
        parts = ids.clicked_parts(body)
        view_id = (body.get("view") or {}).get("id")
        await self._refresh(body, parts[0], view_id, ids.number_in(parts, 1))

    async def _choose(self, body: Mapping[str, Any]) -> None:
        session_id, idea_id, do = (*ids.clicked_parts(body), "", "")[:3]
        session = await self._support.admit(body, session_id)
        user = actor_of(body).user
        if do == "withdraw":
            if not await self._support.brainstorms.reword(session.id, user, idea_id, None):
                raise RefusedError(strings.CHANGE_TOO_LATE)
            view = body.get("view") or {}
            page = ids.number_in(ids.split_parts(view.get("private_metadata")), 1)
            await self._refresh(body, session.id, view.get("id"), page)
            return
        own = await self._support.views.own_ideas(session, user)
        idea = next((each for each in own if each.id == idea_id), None)
        if idea is None or session.phase != "silence":
            raise RefusedError(strings.CHANGE_TOO_LATE)
        await self._support.open(body, change_view(session, idea))

    async def _store_changed(self, body: Mapping[str, Any]) -> Block | None:
        view = body.get("view") or {}
        session_id, idea_id = (*ids.split_parts(view.get("private_metadata")), "")[:2]
        session = await self._support.admit(body, session_id)
        text = parse_changed(view)
        if not text.strip():
            raise RefusedError(strings.ADD_EMPTY)
        if "\n" in text:
            raise RefusedError(strings.ONE_LINE)
        if not await self._support.brainstorms.reword(
            session.id, actor_of(body).user, idea_id, text
        ):
            raise RefusedError(strings.CHANGE_TOO_LATE)
        return None

    async def _refresh(
        self, body: Mapping[str, Any], session_id: str, view_id: object, page: int
    ) -> None:
        """Refresh the person's ideas in an open modal."""
        session = await self._support.admit(body, session_id)
        own = await self._support.views.own_ideas(session, actor_of(body).user)
        await self._support.replace(view_id, mine_view(session, own, page))
