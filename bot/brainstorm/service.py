"""The actions of people in a brainstorm: start, hand in ideas, vote, end and extend phases."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from typing import Protocol

from bot.brainstorm.ports import BrainstormStore, HandInResult, VoteResult
from bot.brainstorm.session import EXTENSION, NEXT, BrainstormSession, StartRequest
from bot.brainstorm.worker import Clock

REDRAW = timedelta(seconds=2)
"""How soon the board shows a change. All changes within this time share one redraw."""

Wake = Callable[[str], Awaitable[None]]
"""Makes a worker handle a brainstorm now."""


class CostAdmission(Protocol):
    """Decides whether something that may cost this much may start."""

    async def admit_cost(self, team: str, user: str, channel: str, cost_usd: float) -> None:
        """Check the budgets.

        Raises:
            Unanswerable: a budget would be exceeded.
        """
        ...


class Brainstorms:
    """Handles people's actions. The caller checks that they are allowed."""

    def __init__(
        self,
        store: BrainstormStore,
        wake: Wake,
        admission: CostAdmission,
        now: Clock,
    ) -> None:
        self.store = store
        self.now = now
        self._wake = wake
        self._admission = admission
        self._starting = asyncio.Lock()

    async def start(self, request: StartRequest) -> str | None:
        """Start a brainstorm and return its id, or None if the request was handled before.

        Raises:
            Unanswerable: its usual cost doesn't fit a budget.
        """
        async with self._starting:  # each sees what earlier ones have reserved
            await self._admission.admit_cost(
                request.team, request.user, request.channel, request.reserved_usd
            )
            session_id = await self.store.start(request, self.now())
        if session_id is not None:
            await self._wake(session_id)
        return session_id

    async def hand_in(
        self, session_id: str, user: str, text: str, *, key: str, named: bool
    ) -> HandInResult:
        """Store one idea for each line of a text, exactly as written. `key` identifies the form."""
        ideas = keyed_ideas(text, key)
        result = await self.store.hand_in(session_id, user, ideas, named=named)
        if result == "stored":
            await self._redraw(session_id)
        return result

    async def reword(self, session_id: str, user: str, idea_id: str, new_text: str | None) -> bool:
        """Reword a person's own idea, or withdraw it. Return False if it's too late."""
        changed = await self.store.reword(session_id, user, idea_id, new_text)
        if changed and new_text is None:
            await self._redraw(session_id)
        return changed

    async def vote(
        self, session_id: str, user: str, dots: Mapping[str, int], among: Collection[str]
    ) -> VoteResult:
        """Replace a person's dots on the ideas in `among`."""
        result = await self.store.vote(session_id, user, dots, among)
        if result == "stored":
            await self._redraw(session_id)
        return result

    async def end_phase(self, session: BrainstormSession) -> bool:
        """End the phase now. Return False if it has changed, or models are still working."""
        ended = session.phase in NEXT and await self.store.end_phase(session, self.now())
        if ended:
            await self._wake(session.id)
        return ended

    async def extend(self, session: BrainstormSession) -> bool:
        """Extend the phase by five minutes. Return False if it has changed, or was extended."""
        if session.phase_ends_at is None or session.phase not in {"silence", "themes", "dots"}:
            return False
        extended = await self.store.extend(session, session.phase_ends_at + EXTENSION)
        if extended:
            await self.store.refresh(session.id, self.now())
            await self._wake(session.id)
        return extended

    async def close(self, session: BrainstormSession) -> bool:
        """Close a brainstorm in any phase. Return False if it has changed meanwhile."""
        closed = session.phase != "closed" and await self.store.advance(
            session, "closed", None, closed_in=session.phase, reserved_usd=0.0
        )
        if closed:
            await self._wake(session.id)
        return closed

    async def reopen(self, session: BrainstormSession) -> bool:
        """Reopen a brainstorm. Return False if it is open, or has changed meanwhile.

        It continues in the phase in which it was closed. One with a result returns to the dots.
        """
        before = session.closed_in or "silence"
        phase = before if session.phase == "closed" else session.phase
        if session.phase not in {"closed", "result"}:
            return False
        phase = "dots" if phase == "result" else phase
        length = session.length_of(phase)
        ends_at = None if length is None or session.is_ungrouped(phase) else self.now() + length
        changes = {"closing": None, "closed_in": None, "result_ts": None, "boards": 0}
        if session.closing == "deleted":
            changes |= {"board_ts": None, "themes_ts": None}
        opened = await self.store.advance(session, phase, ends_at, **changes)
        if opened:
            await self._wake(session.id)
        return opened

    async def message_deleted(self, team: str, channel: str, ts: str) -> None:
        """Wake a worker for the board if this message was one."""
        session = await self.store.by_board(team, channel, ts)
        if session is not None:
            await self.store.refresh(session.id, self.now())
            await self._wake(session.id)

    async def _redraw(self, session_id: str) -> None:
        await self.store.refresh(session_id, self.now() + REDRAW)


def keyed_ideas(text: str, key: str) -> Mapping[str, str]:
    """Return the ideas of a text, one for each nonblank line, each under its own key.

    The same form gives the same keys, so a second delivery adds nothing.
    """
    seen: Counter[str] = Counter()
    keyed: dict[str, str] = {}
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.strip():
            digest = hashlib.sha256(line.encode("utf-8", "replace")).hexdigest()[:24]
            seen[digest] += 1
            keyed[f"{key}:{digest}:{seen[digest]}"] = line
    return keyed
