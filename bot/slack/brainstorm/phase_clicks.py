"""The buttons that change a brainstorm's phase: end, extend, close, reopen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.brainstorm.session import BrainstormSession
from bot.slack.api.origin import actor_of
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.click_support import ClickSupport
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import brainstorm as strings


class PhaseClicks:
    """Handles the buttons. Each names the step it was drawn for, so that no click counts twice."""

    def __init__(self, support: ClickSupport) -> None:
        self._support = support

    async def end(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """End the phase (only for the starter)."""
        await self._support.clicked(ack, body, respond, self._end(body))

    async def extend(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Extend the phase by five minutes, once (for anyone)."""
        await self._support.clicked(ack, body, respond, self._extend(body))

    async def close(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Close the brainstorm (only for the starter)."""
        await self._support.clicked(ack, body, respond, self._close(body))

    async def reopen(self, ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        """Reopen the brainstorm (only for the starter)."""
        await self._support.clicked(ack, body, respond, self._reopen(body))

    async def _end(self, body: Mapping[str, Any]) -> None:
        session = await self._current(body)
        await self._support.require_starter(session, actor_of(body))
        if session.is_ungrouped(session.phase):
            raise RefusedError(strings.STILL_GROUPING)
        if not await self._support.brainstorms.end_phase(session):
            raise RefusedError(strings.PHASE_OVER)

    async def _extend(self, body: Mapping[str, Any]) -> None:
        session = await self._current(body)
        if session.extended:
            raise RefusedError(strings.EXTENDED_BEFORE)
        if not await self._support.brainstorms.extend(session):
            raise RefusedError(strings.PHASE_OVER)

    async def _close(self, body: Mapping[str, Any]) -> None:
        session = await self._current(body)
        await self._support.require_starter(session, actor_of(body))
        if not await self._support.brainstorms.close(session):
            raise RefusedError(strings.PHASE_OVER)

    async def _reopen(self, body: Mapping[str, Any]) -> None:
        session = await self._current(body)
        await self._support.require_starter(session, actor_of(body))
        if not await self._support.brainstorms.reopen(session):
            raise RefusedError(strings.PHASE_OVER)

    async def _current(self, body: Mapping[str, Any]) -> BrainstormSession:
        """Return the brainstorm, if it is still at the step that the button was drawn for."""
        parts = ids.clicked_parts(body)
        session = await self._support.admit(body, parts[0])
        if session.step != ids.number_in(parts, 1):
            raise RefusedError(strings.PHASE_OVER)
        return session
