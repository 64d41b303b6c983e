"""The values of questions, runs and the queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.errors import Trouble
from moa import Answer, Disagreement
from moa.types import OutcomeStatus

Surface = Literal["mention", "direct", "command", "shortcut", "brainstorm"]
"""Where a question was asked: in a channel's thread, in a direct message, by slash command, by a
shortcut that made us post the question, or about a brainstorm in its thread."""

RunState = Literal["waiting", "running", "answered", "failed"]

DELETED = "deleted"
"""The value of `Run.stop_by` if the question or its thread was deleted."""

Ended = OutcomeStatus | Trouble | Literal["delivered_before"]
"""How a run ended: the reply's status, the reason for having none, or delivered earlier."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        team, channel, user: Slack ids.
        ts: the question's message; a unique substitute for a slash command.
        thread_ts: the thread to reply in; equal to `ts` if the question starts it.
        text: as received from Slack, escaped.
        response_url: where the reply to a slash command goes. A secret, valid for 30 minutes.
        attached: whether the message may have files, so that it must be looked up.
    """

    team: str
    channel: str
    user: str
    ts: str
    thread_ts: str
    text: str
    surface: Surface
    pipeline: str | None = None
    response_url: str | None = field(default=None, repr=False)
    attached: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """A question and its outcome. `id` is opaque and not guessable."""

    id: str
    question: Question
    pipeline: str
    seed: int
    state: RunState
    created_at: datetime
    finished_at: datetime | None = None
    reply: str = ""
    status: str | None = None
    trouble: str | None = None
    seconds: float | None = None
    cost_usd: float | None = None
    notes: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    rankings: tuple[Answer, ...] = ()
    aggregators: tuple[Answer, ...] = ()
    """The answers of all aggregators called, in order."""
    posts: tuple[str, ...] = ()
    """The ts of the reply's messages."""
    resumed: bool = False
    """Whether an earlier attempt was interrupted."""
    attempt: int = 0
    """How many earlier attempts there were. Only the newest attempt may end the run."""
    again_of: str | None = None
    """The run that this one regenerates."""
    stop_by: str | None = None
    """Who stopped the run; see `DELETED`."""
    disagreement: Disagreement | None = None
    """Where the answers agree and differ, if an analyst reported it."""

    @property
    def recorded(self) -> tuple[Answer, ...]:
        """The answers stored so far, which need no new calls."""
        return (*self.answers, *self.rankings, *self.aggregators[-1:])

    @property
    def writer(self) -> Answer | None:
        """The aggregator's answer used as the reply; None if the reply is a draft."""
        wrote = [answer for answer in self.aggregators if answer.readable]
        if self.status == "partial":
            wrote += [
                answer for answer in self.aggregators if answer.status == "cut" and answer.text
            ]
        return wrote[-1] if wrote else None


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """A waiting run's position in the queue.

    Attributes:
        turn: the sort key of waiting runs, smallest first.
        ahead: the number of runs waiting with a smaller `turn`.
        running: the number of runs in progress on all workers.
    """

    turn: int
    ahead: int
    running: int


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """A run that was stored and hasn't ended. `turn` is its sort key in the queue."""

    run_id: str
    turn: int


@dataclass(frozen=True, slots=True)
class RunSignal:
    """What other processes stored for the worker of a run."""

    attempt: int
    stop_by: str | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Counts of unfinished questions across all processes of one run store.

    `oldest_waiting_s` and `oldest_running_s` are the age of the oldest question in seconds, or 0.
    """

    waiting: int
    running: int
    oldest_waiting_s: float
    oldest_running_s: float
