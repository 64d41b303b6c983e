"""Lets people read all ideas by theme, and handles each idea's menu."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.brainstorm.session import AboutKind, AboutSession, BrainstormSession
from bot.slack.api.origin import actor_of
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.about import AboutRuns
from bot.slack.brainstorm.click_support import ClickSupport
from bot.slack.brainstorm.own_views import notice_view
from bot.slack.brainstorm.seen_views import combine_view, group_of, seen_view, wordings_view
from bot.slack.ui.blocks import Block
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import brainstorm as strings

ABOUT_KINDS: Mapping[str, AboutKind] = MappingProxyType(
    {"develop": "develop", "challenge": "challenge", "more": "more"}
)
"""Maps the menu's options to the questions that models can be asked about an idea."""


class ReadClicks:
    """Handles the modals for reading ideas."""

    def __init__(self, support: ClickSupport, about: AboutRuns) -> None:
        self._support = support
        self._about = about

    async def see(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Open the ideas of the first theme."""
        await self._support.clicked(ack, body, respond, self._see(body))

    async def turn(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Show another theme, or another page of it."""
        await self._support.clicked(ack, body, respond, self._turn(body))

    async def choose(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Run the chosen option of an idea's menu."""
        await self._support.clicked(ack, body, respond, self._choose(body))

    async def submit_combined(self, ack: AsyncAck, body: Mapping[str, Any]) -> None:
        """Ask the models to combine two ideas."""
        await self._support.submitted(ack, ids.OTHER, self._combine(body))

    async def _see(self, body: Mapping[str, Any]) -> None:
        session = await self._support.admit(body, ids.clicked_parts(body)[0])
        opened = await self._support.views.open_ideas(session)
        await self._support.open(body, seen_view(session, opened, 0, 0))

    async def _turn(self, body: Mapping[str, Any]) -> None:
        parts = ids.clicked_parts(body)
        session = await self._support.admit(body, parts[0])
        opened = await self._support.views.open_ideas(session)
        view = seen_view(session, opened, ids.number_in(parts, 1), ids.number_in(parts, 2))
        await self._support.replace((body.get("view") or {}).get("id"), view)

    async def _choose(self, body: Mapping[str, Any]) -> None:
        session_id, idea_id, do = (*ids.clicked_parts(body), "", "")[:3]
        session = await self._support.admit(body, session_id)
        opened = await self._support.views.open_ideas(session)
        group = group_of(opened, idea_id)
        if group is None:
            raise RefusedError(strings.GONE)
        if do == "wordings":
            await self._support.open(body, wordings_view(opened, group))
        elif do == "combine":
            await self._support.open(body, combine_view(session, opened, idea_id))
        elif kind := ABOUT_KINDS.get(do):
            about = AboutSession(session.id, kind, (group.representative,))
            await self._ask(session, about, body, str(body["actions"][0].get("action_ts")))
            if body.get("view"):
                await self._support.show(body, notice_view(strings.ASKED))

    async def _combine(self, body: Mapping[str, Any]) -> Block | None:
        view = body.get("view") or {}
        session_id, idea_id = (*ids.split_parts(view.get("private_metadata")), "")[:2]
        session = await self._support.admit(body, session_id)
        values = ((view.get("state") or {}).get("values") or {}).get(ids.OTHER) or {}
        other = ((values.get(ids.OTHER) or {}).get("selected_option") or {}).get("value")
        about = AboutSession(session.id, "combine", (idea_id, str(other)))
        await self._ask(session, about, body, str(view.get("id")))
        return None

    async def _ask(
        self, session: BrainstormSession, about: AboutSession, body: Mapping[str, Any], key: str
    ) -> None:
        if session.phase not in {"result", "closed"} or session.board_ts is None:
            raise RefusedError(strings.NO_RESULT_YET)
        ideas = {idea.id: idea for idea in await self._support.views.store.ideas(session.id)}
        if any(number not in ideas for number in about.idea_ids):
            raise RefusedError(strings.GONE)
        words = [ideas[number].text for number in about.idea_ids]
        user = actor_of(body).user
        key = f"brainstorm:{session.id}:{user}:{key}:{about.kind}"
        await self._about.ask(session, about, user, words, key)
