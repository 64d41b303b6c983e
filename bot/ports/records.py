"""The interfaces to the records of a run: traces, the call log, feedback and history."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.ports.runs import (
    Ended,
    Run,
    RunState,
    Surface,
)
from moa import Call, Event


class RunSpan(Protocol):
    """Observes one run. Never raises."""

    def on_event(self, event: Event) -> None:
        """Record a step of the run."""
        ...

    def ended(self, how: Ended) -> None:
        """Record the end of the run. Without this call, the work was interrupted."""
        ...


class Observer(Protocol):
    """Observes all work, for metrics and traces."""

    def claimed(self, surface: Surface, *, new: bool) -> None:
        """Record that a question arrived, for the first time or as a duplicate."""
        ...

    def work(self, run: Run) -> AbstractContextManager[RunSpan]:
        """Return a context manager that observes work on a run."""
        ...


class CallLog(Protocol):
    """The model calls, including those whose answers weren't used."""

    async def of(self, run_id: str) -> Sequence[Call]:
        """Return a run's calls across all attempts, in the order in which they ended."""
        ...


class Feedback(Protocol):
    """Stores people's feedback on replies and answers. A `target` is "LAYER-POSITION"."""

    async def judge(
        self, run_id: str, user: str, verdict: Literal["helpful", "not_helpful"], reason: str
    ) -> None:
        """Store a person's verdict on the reply, replacing an earlier one.

        Repeating a verdict without a reason keeps the earlier reason.
        """
        ...

    async def choose_best(self, run_id: str, user: str, target: str) -> None:
        """Store a person's best answer, replacing an earlier choice."""
        ...

    async def clear_best(self, run_id: str, user: str, target: str) -> None:
        """Remove that choice."""
        ...

    async def best_of(self, run_id: str, user: str) -> str | None:
        """Return the person's best answer."""
        ...


@dataclass(frozen=True, slots=True)
class PastQuestion:
    """An earlier question. The fields are those of its `Question` and `Run`."""

    channel: str
    ts: str
    thread_ts: str
    text: str
    surface: Surface
    pipeline: str
    state: RunState
    created_at: datetime


class QuestionHistory(Protocol):
    """Looks up earlier questions."""

    async def latest(self, team: str, user: str, limit: int) -> Sequence[PastQuestion]:
        """Return a person's latest questions, newest first."""
        ...

    async def was_asked_in(self, team: str, channel: str, thread_ts: str) -> bool:
        """Return whether a thread contains a question to the bot."""
        ...

    async def is_first_reply(self, run: Run, *, public: bool = False) -> bool:
        """Return whether no stored run was answered in the run's channel before.

        A private reply is compared with earlier private replies to the same person, unless it is
        shown to everybody (`public`).
        """
        ...

    async def latest_answered(self, team: str, channel: str, user: str) -> str | None:
        """Return the newest run of a channel that has a reply; None if there is none.

        Private replies to other people don't count.
        """
        ...
