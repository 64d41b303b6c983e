"""The interfaces that a brainstorm depends on: its store, its board, and the models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from bot.brainstorm.session import (
    AboutSession,
    Ballots,
    BrainstormSession,
    Closing,
    EndedCall,
    IdeaCounts,
    Phase,
    StartRequest,
    StoredIdea,
)
from moa.brainstorm import Grouping

Part = Literal["board", "themes", "result"]
"""The messages of a brainstorm."""

HandInResult = Literal["stored", "over", "full"]
"""What happened to the ideas: stored, too late in this phase, or too many."""

VoteResult = Literal["stored", "over", "too_many"]
"""What happened to the dots: stored, too late, or more than a person has."""


class BrainstormClosed(Exception):
    """The channel can't be posted in, so the brainstorm must close.

    Attributes:
        closing: the reason.
    """

    def __init__(self, closing: Closing) -> None:
        super().__init__(closing)
        self.closing: Closing = closing


class BrainstormStore(Protocol):
    """Stores brainstorms. Each method is one transaction, and checks the phase within it."""

    async def start(self, request: StartRequest, now: datetime) -> str | None:
        """Store a new brainstorm and return its id, or None if the request was stored before."""
        ...

    async def get(self, session_id: str) -> BrainstormSession | None:
        """Return a brainstorm, or None if there is none."""
        ...

    async def by_board(self, team: str, channel: str, ts: str) -> BrainstormSession | None:
        """Return the brainstorm whose board is this message."""
        ...

    async def latest(self, team: str, channel: str, limit: int) -> Sequence[BrainstormSession]:
        """Return a channel's latest brainstorms, newest first."""
        ...

    async def due(self, now: datetime) -> Sequence[str]:
        """Return the brainstorms with something to do, the longest overdue first."""
        ...

    async def begin(self, session_id: str) -> BrainstormSession | None:
        """Begin an attempt at a brainstorm's work, or return None if there is nothing to do.

        The new attempt supersedes earlier ones, whose later writes are refused.
        """
        ...

    async def advance(
        self, session: BrainstormSession, phase: Phase, ends_at: datetime | None, **changes: object
    ) -> bool:
        """Change the phase. Return False if the session's step is outdated."""
        ...

    async def end_phase(self, session: BrainstormSession, now: datetime) -> bool:
        """Set the end of the phase to `now`. Return False if it has changed, or has no end yet."""
        ...

    async def extend(self, session: BrainstormSession, until: datetime) -> bool:
        """Extend the phase. Return False if it has changed, or was extended before."""
        ...

    async def change(self, session: BrainstormSession, **changes: object) -> bool:
        """Store the results of the session's attempt. Return False if a newer attempt has begun."""
        ...

    async def refresh(self, session_id: str, at: datetime) -> None:
        """Schedule a redraw of the board at this time, or earlier."""
        ...

    async def hand_in(
        self,
        session_id: str,
        author: str,
        handed: Mapping[str, str],
        *,
        named: bool,
    ) -> HandInResult:
        """Store a person's ideas by key, all or none. Keys that are already stored add nothing."""
        ...

    async def reword(
        self, session_id: str, author: str, idea_id: str, new_text: str | None
    ) -> bool:
        """Reword a person's own idea, or withdraw it (None). Return False if it's too late."""
        ...

    async def ideas(self, session_id: str) -> Sequence[StoredIdea]:
        """Return all ideas, oldest first. The caller decides who may see them."""
        ...

    async def count_ideas(self, session_id: str) -> IdeaCounts:
        """Return how many ideas there are, and from how many people and models."""
        ...

    async def vote(
        self, session_id: str, user: str, dots: Mapping[str, int], among: Collection[str]
    ) -> VoteResult:
        """Replace a person's dots on the ideas in `among`. The limit applies to all their dots."""
        ...

    async def ballot(self, session_id: str, user: str) -> Mapping[str, int]:
        """Return a person's own dots."""
        ...

    async def ballots(self, session_id: str) -> Ballots:
        """Return everyone's dots, without names."""
        ...

    async def call_ended(self, session: BrainstormSession, call: EndedCall, *, late: bool) -> None:
        """Store a model's ideas together with the call's cost. Each call is stored once."""
        ...

    async def ended_calls(self, session_id: str) -> Mapping[int, str]:
        """Return the state of each call that has ended, by its position."""
        ...

    async def has_failed(self, session_id: str, error_kind: str) -> bool:
        """Return whether a call of a brainstorm failed with this kind of error."""
        ...

    async def put_question(self, ts: str, about: AboutSession) -> None:
        """Store what the message `ts` asks about a brainstorm. A second time changes nothing."""
        ...

    async def question_at(self, team: str, channel: str, ts: str) -> AboutSession | None:
        """Return what a message asks about a brainstorm, or None if it asks nothing about one."""
        ...


class Board(Protocol):
    """Shows brainstorms. Posting raises Postponed if a retry may succeed."""

    async def post(self, session: BrainstormSession, part: Part, *, search: bool) -> str:
        """Post one of a brainstorm's messages and return its ts.

        Args:
            session: the brainstorm.
            part: which message.
            search: whether to search for the message first, since an earlier attempt may have
                posted it.

        Raises:
            BrainstormClosed: the channel can't be posted in.
            BoardDeleted: the board was deleted, and its thread with it.
        """
        ...

    async def update(self, session: BrainstormSession) -> None:
        """Redraw the board.

        Raises:
            BrainstormClosed: the channel can't be posted in.
            BoardDeleted: the board was deleted.
        """
        ...

    async def closed(self, session: BrainstormSession, closing: Closing) -> None:
        """Tell the starter privately why a brainstorm closed on its own. Never raises."""
        ...


class BoardDeleted(Exception):
    """The board was deleted."""


class IdeaModels(Protocol):
    """The models of a brainstorm."""

    def calls(
        self,
        session: BrainstormSession,
        done: Collection[int],
        on_stopped: Callable[[EndedCall], object],
    ) -> AsyncGenerator[EndedCall, None]:
        """Ask the models for ideas independently, skipping the calls in `done`.

        `on_stopped` receives each call that was stopped because the generator was closed.
        """
        ...

    async def group(
        self,
        session: BrainstormSession,
        ideas: Sequence[StoredIdea],
        first: int,
        on_ended: Callable[[EndedCall], object],
    ) -> Grouping:
        """Group ideas into themes. Never fails.

        `on_ended` receives each call, even if this is cancelled. Their positions begin at `first`.
        """
        ...


class ResultWriter(Protocol):
    """Lets the models write up a result, as a run in the brainstorm's thread."""

    async def write(self, session: BrainstormSession) -> None:
        """Start that run, once per step of the brainstorm."""
        ...
