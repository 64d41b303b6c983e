"""The interfaces that answering a question depends on: run store, threads, replies and more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.errors import Trouble
from moa import Answer, Call, Disagreement, Event, Outcome, Plan, Prompt
from moa.types import OutcomeStatus

Surface = Literal["mention", "direct", "command", "shortcut", "brainstorm"]
"""Where a question was asked: in a channel's thread, in a direct message, by slash command, by a
shortcut for which we posted the question, or about a brainstorm in its thread."""

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
        ts: of the question's message; a unique substitute for a slash command.
        thread_ts: of the thread to reply in; equal to `ts` if the question starts it.
        text: as received from Slack, escaped.
        response_url: where the reply to a slash command goes. A secret, valid for 30 minutes.
        attached: whether the message may have files and must be looked up.
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
    def aggregator(self) -> Answer | None:
        """The last aggregator's answer, whatever its status."""
        return self.aggregators[-1] if self.aggregators else None

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


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Counts of unfinished questions across all processes of one run store.

    `oldest_waiting_s` and `oldest_running_s` are the age of the oldest question in seconds, or 0.
    """

    waiting: int
    running: int
    oldest_waiting_s: float
    oldest_running_s: float


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
        """Store a question exactly once, and return its run's id.

        Returns None if any of the keys (event id; workspace, channel and ts) was used before.
        """
        ...

    async def is_claimed(self, key: str) -> bool:
        """Return whether a question was stored under this key."""
        ...

    async def asked_again(self, run: Run) -> Run | None:
        """Return the newest regeneration of this run, if any."""
        ...

    async def position(self, run_id: str) -> QueuePosition | None:
        """Return a waiting run's queue position; None if it isn't waiting."""
        ...

    async def get(self, run_id: str) -> Run | None:
        """Return a run with its answers; None if unknown or erased."""
        ...

    async def begin(self, run_id: str) -> Run | None:
        """Begin an attempt at a run and return it; None if the run has ended.

        The new attempt supersedes earlier ones: `finish`, `delivered` and `fail` reject those.
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
            thread_ts: the thread the message was in; equal to `ts` if in none.
        """
        ...

    async def signals(self, run_ids: Collection[str]) -> Mapping[str, RunSignal]:
        """Return the stored signals of those runs that haven't ended."""
        ...

    async def ask_to_stop(self, run_id: str, user: str) -> bool:
        """Request that a run stop; False if it has ended."""
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

    async def posts_of_others(self, run: Run) -> frozenset[str]:
        """Return the ts of messages that other runs posted in the same thread."""
        ...

    async def finish(self, run_id: str, outcome: Outcome, attempt: int = 0) -> None:
        """Store a run's outcome. The run is unfinished until it is `delivered`.

        Raises:
            Superseded: an attempt newer than `attempt` has begun.
        """
        ...

    async def delivered(self, run_id: str, attempt: int | None = None) -> None:
        """Mark the reply as delivered: the run is over.

        Raises:
            Superseded: an attempt newer than `attempt` has begun.
        """
        ...

    async def fail(self, run_id: str, trouble: Trouble, attempt: int | None = None) -> None:
        """Store why a run has no reply.

        If the question or its thread was deleted, erase the texts. The cost is kept, and a late
        event can't ask the question again.

        Raises:
            Superseded: an attempt newer than `attempt` has begun.
        """
        ...

    async def take_sharing(self, run_id: str) -> bool:
        """Claim the right to share a run's reply; False if already claimed."""
        ...

    async def release_sharing(self, run_id: str) -> None:
        """Release that claim, so the reply can be shared again."""
        ...

    async def unfinished(self) -> Sequence[UnfinishedRun]:
        """Return the stored runs that haven't ended, oldest first."""
        ...

    async def queue(self) -> QueueStats:
        """Return how many questions are unfinished, and the age of the oldest."""
        ...


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread, prepared for the models.

    Attributes:
        notes: what is missing and why, for the reader.
        asker_said: the asker's earlier messages, as received from Slack.
    """

    prompt: Prompt
    notes: tuple[str, ...] = ()
    asker_said: tuple[str, ...] = ()


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
    """Reads the conversation before a question."""

    async def read(self, question: Question, room: int | None = None) -> Thread:
        """Return the thread up to the question as turns, with attached files.

        Args:
            question: the question.
            room: tokens that the largest context window holds; older messages that exceed it are
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

        Returns True if its last message was posted: the whole reply, or why there is none.
        Otherwise removes what the attempt left in the thread.

        Raises:
            Postponed: it can't be checked now.
        """
        ...

    async def start(self) -> None:
        """Show at once that the question is being answered."""
        ...

    def allow_hosts_in(self, asker_said: Sequence[str]) -> None:
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
            Unanswerable: another problem was met and reported instead, such as a deleted thread.
        """
        ...

    async def close(self) -> None:
        """Release the reply's resources."""
        ...


Interrupt = Callable[[Trouble], None]
"""Stops a run for a reason to show to the asker. May be called repeatedly."""


class ReplyFactory(Protocol):
    """Creates replies."""

    def open(self, run: Run, interrupt: Interrupt) -> Reply:
        """Create the reply to a run. It calls `interrupt` if it can't be delivered."""
        ...


class Jobs(Protocol):
    """Queues runs for a worker, in this process or another."""

    async def hand_over(self, run_id: str) -> int:
        """Queue a run and return at once. A run queued twice runs once.

        Returns:
            Its queue position if all workers are busy, else 0.
        """
        ...

    async def stop(self, run_id: str, user: str) -> bool:
        """Stop a run on whichever worker has it; False if it has ended."""
        ...


class Dispatcher(Jobs, Protocol):
    """Jobs that this process also works on: resumes unfinished runs and shuts down."""

    async def recover(self) -> int:
        """Resume unfinished runs that no process works on; return how many."""
        ...

    async def drain(self, seconds: float) -> Sequence[str]:
        """Accept no new runs, let running ones finish within `seconds`, and cancel the rest.

        Returns:
            The ids of the cancelled runs; another process or the next start resumes them.
        """
        ...


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
        """Return a run's calls of all attempts, in the order they ended."""
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

    async def take_back(self, run_id: str, user: str, target: str) -> None:
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

    async def latest(self, team: str, user: str, most: int) -> Sequence[PastQuestion]:
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
