"""The interfaces for a question's thread, its limits and its reply in Slack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.errors import Trouble
from bot.ports.runs import (
    Question,
    Run,
)
from moa import Event, Outcome, Plan, Prompt


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread, prepared for the models.

    Attributes:
        notes: what is missing and why, for the reader.
        asker_messages: the asker's earlier messages, as received from Slack.
    """

    prompt: Prompt
    notes: tuple[str, ...] = ()
    asker_messages: tuple[str, ...] = ()


class Admission(Protocol):
    """Decides whether a question may run, before any model is called."""

    async def admit(self, run: Run) -> None:
        """Check the limits.

        Raises:
            Unanswerable: a limit is reached.
        """
        ...

    def afford(self, run: Run, plan: Plan, thread: Prompt) -> None:
        """Check the estimated cost of a run whose prompt is known.

        Raises:
            Unanswerable: the estimate exceeds the limit per question.
        """
        ...


class ThreadReader(Protocol):
    """Reads the conversation that precedes a question."""

    async def read(self, question: Question, room: int | None = None) -> Thread:
        """Return the thread up to the question as turns, with attached files.

        Args:
            question: the question.
            room: the tokens that the largest context window holds; older messages beyond it are
                only counted. None for no limit.

        Raises:
            Unanswerable: the thread is gone, unreadable or empty.
        """
        ...


class Reply(Protocol):
    """A reply in progress.

    Errors while showing progress are never raised. If the reply can't be delivered at all, methods
    raise Unanswerable.
    """

    async def recover(self) -> bool:
        """Check what an interrupted attempt posted.

        Returns True if its last message was posted: the whole reply, or the failure notice.
        Otherwise removes what the attempt left in the thread.

        Raises:
            Postponed: this can't be checked now.
        """
        ...

    async def start(self) -> None:
        """Show at once that the question is being answered."""
        ...

    def allow_hosts_in(self, asker_messages: Sequence[str]) -> None:
        """Allow links to hosts in the asker's earlier messages. Call before any text."""
        ...

    async def show(self, event: Event) -> None:
        """Show a step of the run: a layer, an answer or a piece of the reply."""
        ...

    async def finish(self, outcome: Outcome) -> None:
        """Complete the reply.

        Raises:
            Postponed: Slack has been down too long.
        """
        ...

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> bool:
        """Tell the asker in plain words why there is no reply.

        Returns False if the whole reply was already posted.

        Raises:
            Unanswerable: another problem occurred and was reported instead, such as a deleted
                thread.
        """
        ...

    async def close(self) -> None:
        """Release the reply's resources."""
        ...


Interrupt = Callable[[Trouble], None]
"""Stops a run, with a reason to show to the asker. May be called repeatedly."""


class ReplyFactory(Protocol):
    """Creates replies."""

    def open(self, run: Run, interrupt: Interrupt) -> Reply:
        """Create the reply to a run. It calls `interrupt` if it can't be delivered."""
        ...
