"""What people do in a brainstorm: start it, hand in ideas, give dots, end and extend phases."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from typing import Protocol

from bot.brainstorm.ports import BrainstormStore, Handing, Voting
from bot.brainstorm.session import EXTENSION, NEXT, BrainstormSession, StartRequest
from bot.brainstorm.worker import Clock, utc_now

REDRAW = timedelta(seconds=2)
"""How soon the board shows what changed; many changes within are one drawing."""

Wake = Callable[[str], Awaitable[None]]
"""Has a worker look at a brainstorm now."""


class CostAdmission(Protocol):
    """Decides whether something that may cost this much may begin."""

    async def admit_cost(self, team: str, user: str, channel: str, cost_usd: float) -> None:
        """Check the budgets.

        Raises:
            Unanswerable: one of them would be exceeded.
        """
        ...


class Brainstorms:
    """Handles what people do. The caller checks that they may."""

    def __init__(
        self,
        store: BrainstormStore,
        wake: Wake,
        admission: CostAdmission,
        now: Clock = utc_now,
    ) -> None:
        self.store = store
        self.now = now
        self._wake = wake
        self._admission = admission
        self._starting = asyncio.Lock()

    async def start(self, request: StartRequest) -> str | None:
        """Start a brainstorm and return its id; None if the request was handled before.

        Raises:
            Unanswerable: its usual cost does not fit into a budget.
        """
        async with self._starting:  # each sees what the one before has reserved
            await self._admission.admit_cost(
                request.team, request.user, request.channel, request.reserved_usd
            )
            session_id = await self.store.start(request, self.now())
        if session_id is not None:
            await self._wake(session_id)
        return session_id

    async def hand_in(
        self, session_id: str, user: str, text: str, *, key: str, named: bool
    ) -> Handing:
        """Store one idea for each line of a text, exactly as written. `key` names the form."""
        ideas = keyed_ideas(text, key)
        handing = await self.store.hand_in(session_id, user, ideas, named=named)
        if handing == "stored":
            await self._redraw(session_id)
        return handing

    async def reword(self, session_id: str, user: str, idea_id: str, new_text: str | None) -> bool:
        """Change a person's own idea, or withdraw it; False if it's too late for that."""
        changed = await self.store.reword(session_id, user, idea_id, new_text)
        if changed and new_text is None:
            await self._redraw(session_id)
        return changed

    async def vote(
        self, session_id: str, user: str, dots: Mapping[str, int], among: Collection[str]
    ) -> Voting:
        """Replace a person's dots on the ideas `among`."""
        voting = await self.store.vote(session_id, user, dots, among)
        if voting == "stored":
            await self._redraw(session_id)
        return voting

    async def end_phase(self, session: BrainstormSession) -> bool:
        """End the phase now; False if it has changed meanwhile, or models are at work in it."""
        ended = session.phase in NEXT and await self.store.end_phase(session, self.now())
        if ended:
            await self._wake(session.id)
        return ended

    async def extend(self, session: BrainstormSession) -> bool:
        """Extend the phase by five minutes; False if it was extended before, or has changed."""
        if session.phase_ends_at is None or session.phase not in {"silence", "themes", "dots"}:
            return False
        extended = await self.store.extend(session, session.phase_ends_at + EXTENSION)
        if extended:
            await self.store.refresh(session.id, self.now())
            await self._wake(session.id)
        return extended

    async def close(self, session: BrainstormSession) -> bool:
        """Close a brainstorm in whatever phase it is; False if it has changed meanwhile."""
        closed = session.phase != "closed" and await self.store.advance(
            session, "closed", None, closed_in=session.phase, reserved_usd=0.0
        )
        if closed:
            await self._wake(session.id)
        return closed

    async def reopen(self, session: BrainstormSession) -> bool:
        """Open a brainstorm again; False if it is open, or has changed meanwhile.

        It goes on in the phase in which it was closed. One with a result goes back to the dots.
        """
        before = session.closed_in or "silence"
        phase = before if session.phase == "closed" else session.phase
        if session.phase not in {"closed", "result"}:
            return False
        phase = "dots" if phase == "result" else phase
        length = session.length_of(phase)
        ends_at = None if length is None or session.is_ungrouped(phase) else self.now() + length
        news = {"closing": None, "closed_in": None, "result_ts": None, "boards": 0}
        if session.closing == "deleted":
            news |= {"board_ts": None, "themes_ts": None}
        opened = await self.store.advance(session, phase, ends_at, **news)
        if opened:
            await self._wake(session.id)
        return opened

    async def message_deleted(self, team: str, channel: str, ts: str) -> None:
        """Have a board looked at if it is the message that was deleted."""
        session = await self.store.by_board(team, channel, ts)
        if session is not None:
            await self.store.refresh(session.id, self.now())
            await self._wake(session.id)

    async def _redraw(self, session_id: str) -> None:
        await self.store.refresh(session_id, self.now() + REDRAW)


def keyed_ideas(text: str, key: str) -> Mapping[str, str]:
    """Return the ideas of a text, one for each line that isn't blank, by a key each.

    The same form gives the same keys, so that a second delivery adds nothing.
    """
    seen: Counter[str] = Counter()
    keyed: dict[str, str] = {}
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.strip():
            digest = hashlib.sha256(line.encode("utf-8", "replace")).hexdigest()[:24]
            seen[digest] += 1
            keyed[f"{key}:{digest}:{seen[digest]}"] = line
    return keyed
