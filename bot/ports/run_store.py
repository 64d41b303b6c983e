"""The interface of the run store, which keeps every question and its answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from bot.errors import Trouble
from bot.ports.runs import (
    Question,
    QueuePosition,
    QueueStats,
    Run,
    RunSignal,
    UnfinishedRun,
)
from moa import Answer, Call, Outcome


class RunStore(Protocol):
    """Stores questions, and answers as they complete."""

    async def claim(
        self,
        question: Question,
        keys: Sequence[str],
        pipeline: str,
        *,
        again_of: str | None = None,
    ) -> str | None:
        """Store a question exactly once, and return the id of its run.

        Returns None if any of the keys (event id; workspace, channel and ts) was used before.
        """
        ...

    async def is_claimed(self, key: str) -> bool:
        """Return whether a question was stored under this key."""
        ...

    async def regeneration_of(self, run: Run) -> Run | None:
        """Return the newest regeneration of this run, if any."""
        ...

    async def position(self, run_id: str) -> QueuePosition | None:
        """Return a waiting run's queue position, or None if it isn't waiting."""
        ...

    async def get(self, run_id: str) -> Run | None:
        """Return a run with its answers, or None if it is unknown or erased."""
        ...

    async def begin(self, run_id: str) -> Run | None:
        """Begin an attempt at a run and return it, or None if the run has ended.

        The new attempt supersedes earlier ones: `finish`, `delivered` and `fail` reject them.
        """
        ...

    async def live_in(self, team: str, channel: str, thread_ts: str | None = None) -> Sequence[str]:
        """Return the unfinished runs of a channel or of one thread in it, oldest first."""
        ...

    async def live_under(self, team: str, channel: str, ts: str, thread_ts: str) -> Sequence[str]:
        """Return the unfinished runs asked by a message, or in the thread under it.

        Args:
            team: our workspace.
            channel: the message's channel.
            ts: the message.
            thread_ts: the thread that the message was in; equal to `ts` if it was in none.
        """
        ...

    async def signals(self, run_ids: Collection[str]) -> Mapping[str, RunSignal]:
        """Return the stored signals for these runs."""
        ...

    async def request_stop(self, run_id: str, user: str) -> bool:
        """Request a run to stop. Return False if it has ended."""
        ...

    async def record(self, run_id: str, answer: Answer, call: Call) -> None:
        """Store an answer together with its call."""
        ...

    async def charge(self, run_id: str, call: Call) -> None:
        """Store a call that produced no answer."""
        ...

    async def posted(self, run_id: str, ts: str) -> None:
        """Store the ts of a message right after it was posted."""
        ...

    async def posts_of_other_runs(self, run: Run) -> frozenset[str]:
        """Return the ts of messages that other runs posted in the same thread."""
        ...

    async def finish(self, run_id: str, outcome: Outcome, attempt: int = 0) -> None:
        """Store a run's outcome. The run is unfinished until it is `delivered`.

        Raises:
            Superseded: an attempt newer than `attempt` has begun.
        """
        ...

    async def delivered(self, run_id: str, attempt: int = 0) -> None:
        """Mark the reply as delivered: the run is over.

        Raises:
            Superseded: an attempt newer than `attempt` has begun.
        """
        ...

    async def fail(self, run_id: str, trouble: Trouble, attempt: int = 0) -> None:
        """Store why a run has no reply.

        If the question or its thread was deleted, erase the texts. The cost is kept, and a late
        event can't ask the question again.

        Raises:
            Superseded: an attempt newer than `attempt` has begun.
        """
        ...

    async def claim_sharing(self, run_id: str) -> bool:
        """Claim the right to share a run's reply. Return False if it is already claimed."""
        ...

    async def release_sharing(self, run_id: str) -> None:
        """Release that claim, so that the reply can be shared again."""
        ...

    async def unfinished(self) -> Sequence[UnfinishedRun]:
        """Return the stored runs that haven't ended, oldest first."""
        ...

    async def queue(self) -> QueueStats:
        """Return how many questions are unfinished, and the age of the oldest."""
        ...
