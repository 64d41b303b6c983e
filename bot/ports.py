"""The ports of the use case: threads, replies, the run store, jobs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.errors import Trouble
from moa import Answer, Call, Disagreement, Event, Outcome, Plan, Prompt
from moa.types import OutcomeStatus

Surface = Literal["mention", "direct", "command", "shortcut"]
"""Where a question was asked: in a channel's thread, in a direct message, by slash command, by a
shortcut for which we posted the question."""

RunState = Literal["waiting", "running", "answered", "failed"]

DELETED = "deleted"
"""In the place of a person in `Run.stop_by`: the question, or its thread, was deleted."""

Ended = OutcomeStatus | Trouble | Literal["delivered_before"]
"""How work on a run ended: the reply's status, why there is none, or that it was there already."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, as it was asked.

    Attributes:
        team, channel, user: Slack's ids.
        ts: of the message that asks; for a slash command a stand-in that is unique.
        thread_ts: of the thread that the reply goes to; equal to `ts` when it starts one.
        text: as Slack gave it, escaped.
        response_url: for a slash command, where its reply goes. A secret for 30 minutes.
        attached: whether files may hang on the message that asks, so that it has to be looked up.
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
    """A question and what became of it. `id` is opaque and not guessable."""

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
    """Of every aggregator that was asked, in their order."""
    posts: tuple[str, ...] = ()
    """The ts of the messages that hold the reply."""
    resumed: bool = False
    """Whether an earlier attempt at it was broken off."""
    attempt: int = 0
    """How often work on it began anew. Only the newest attempt may end it."""
    again_of: str | None = None
    """The run that this one asks again."""
    stop_by: str | None = None
    """Who asked to stop it; see `DELETED`."""
    disagreement: Disagreement | None = None
    """Where its answers agree and differ, where a model has told it."""

    @property
    def recorded(self) -> tuple[Answer, ...]:
        """All that its models have brought so far, and need not be asked for again."""
        return (*self.answers, *self.rankings, *self.aggregators[-1:])

    @property
    def aggregator(self) -> Answer | None:
        """The last aggregator's answer, whatever became of it."""
        return self.aggregators[-1] if self.aggregators else None

    @property
    def writer(self) -> Answer | None:
        """The aggregator's answer that is the reply; None where the reply is a draft."""
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
        turn: the order of the queue; the smallest is next.
        ahead: how many wait with an earlier turn.
        running: how many are running now, in all workers.
    """

    turn: int
    ahead: int
    running: int


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """A run that was claimed and has not ended; `turn` is its order in the queue."""

    run_id: str
    turn: int


@dataclass(frozen=True, slots=True)
class RunSignal:
    """What other processes have stored for the worker of a run."""

    attempt: int
    stop_by: str | None


@dataclass(frozen=True, slots=True)
class QueueStats:
    """The questions that have not ended, of all processes that share the run store.

    `oldest_waiting_s` and `oldest_running_s` are seconds since the oldest of them was asked, 0 when
    there is none.
    """

    waiting: int
    running: int
    oldest_waiting_s: float
    oldest_running_s: float


class RunStore(Protocol):
    """The run store: every question, and every finished answer as it comes."""

    async def claim(
        self,
        question: Question,
        keys: Sequence[str],
        pipeline: str,
        *,
        again_of: str | None = None,
    ) -> str | None:
        """Store a question exactly once, and return its run's id.

        None when any of the keys (event id; workspace, channel and ts) was claimed before.
        """
        ...

    async def is_claimed(self, key: str) -> bool:
        """Whether a question was claimed under this key."""
        ...

    async def asked_again(self, run: Run) -> Run | None:
        """The newest of the runs that ask this one again; None where there is none."""
        ...

    async def position(self, run_id: str) -> QueuePosition | None:
        """A waiting run's position in the queue; None when it does not wait."""
        ...

    async def get(self, run_id: str) -> Run | None:
        """A run with its answers, or None; None also for one that was erased."""
        ...

    async def begin(self, run_id: str) -> Run | None:
        """Begin an attempt at a run and return it; None when the run has ended.

        The new attempt supersedes an earlier one: `finish` refuses that from now on.
        """
        ...

    async def live_in(self, team: str, channel: str, thread_ts: str | None = None) -> Sequence[str]:
        """The runs that have not ended in a channel, or in one thread of it, the oldest first."""
        ...

    async def live_under(self, team: str, channel: str, ts: str, thread_ts: str) -> Sequence[str]:
        """The runs that have not ended and were asked by a message, or in the thread it began.

        Args:
            team: our workspace.
            channel: where it was posted.
            ts: the message.
            thread_ts: of its thread; its own where it is in none.
        """
        ...

    async def signals(self, run_ids: Collection[str]) -> Mapping[str, RunSignal]:
        """What other processes have stored for the runs that have not ended."""
        ...

    async def ask_to_stop(self, run_id: str, user: str) -> bool:
        """Store that a run is to stop; False when it has ended already."""
        ...

    async def record(self, run_id: str, answer: Answer, call: Call) -> None:
        """Store an answer as it comes, with its call."""
        ...

    async def charge(self, run_id: str, call: Call) -> None:
        """Store a call that brought no answer of its own."""
        ...

    async def posted(self, run_id: str, ts: str) -> None:
        """Store the ts of a message of ours, before anything more is done to it."""
        ...

    async def posts_of_others(self, run: Run) -> frozenset[str]:
        """The ts of messages that other runs have posted in the same thread."""
        ...

    async def finish(self, run_id: str, outcome: Outcome, attempt: int = 0) -> None:
        """Store a run's outcome. It counts as unfinished until it is `delivered`.

        Raises:
            Superseded: when an attempt newer than `attempt` has begun.
        """
        ...

    async def delivered(self, run_id: str) -> None:
        """The whole reply was posted: the run is over."""
        ...

    async def fail(self, run_id: str, trouble: Trouble) -> None:
        """Store why a run brought no reply.

        Of a run whose question or thread is gone what was asked and answered is erased. What it
        cost stays, and it cannot be asked again by an event that comes late.
        """
        ...

    async def take_sharing(self, run_id: str) -> bool:
        """Claim the sharing of a run's reply; False when it was claimed before."""
        ...

    async def release_sharing(self, run_id: str) -> None:
        """Give that claim up, so that the reply can be shared after all."""
        ...

    async def unfinished(self) -> Sequence[UnfinishedRun]:
        """The runs that were claimed and neither answered nor failed, the oldest first."""
        ...

    async def queue(self) -> QueueStats:
        """How many questions have not ended, and how old the oldest of them are."""
        ...


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as the models are given it.

    Attributes:
        notes: what is missing, and why, for the reader.
        asker_said: the asker's own earlier messages, as Slack gave them.
    """

    prompt: Prompt
    notes: tuple[str, ...] = ()
    asker_said: tuple[str, ...] = ()


class Admission(Protocol):
    """Says whether a question may be put to the models, before any of them is called."""

    async def admit(self, run: Run) -> None:
        """Let a question through.

        Raises:
            Unanswerable: when a limit leaves no room for it.
        """
        ...

    def afford(self, run: Run, plan: Plan, thread: Prompt) -> None:
        """Let a run through whose prompt is known.

        Raises:
            Unanswerable: when it is expected to cost more than one question may.
        """
        ...


class ThreadReader(Protocol):
    """Reads what was said before a question."""

    async def read(self, question: Question) -> Thread:
        """The thread up to the question, as turns, with what was attached to its messages.

        Raises:
            Unanswerable: when the thread is gone, cannot be read, or holds no words.
        """
        ...


class Reply(Protocol):
    """One reply under way, wherever it is shown.

    Trouble with showing progress is never raised; a reply that cannot be delivered at all raises
    Unanswerable.
    """

    async def stands(self) -> bool:
        """Look at what an attempt that was broken off has left.

        True when its last message stands: the whole reply, or why there is none. If not, whatever
        it left open is closed.

        Raises:
            Postponed: when it cannot be looked at now.
        """
        ...

    async def start(self) -> None:
        """Show at once that the question is being worked on."""
        ...

    def heed(self, asker_said: Sequence[str]) -> None:
        """Let the reply link to hosts named in the asker's earlier messages. Before any text."""
        ...

    async def show(self, event: Event) -> None:
        """Show a step of the run: a layer, an answer, a piece of the reply."""
        ...

    async def finish(self, outcome: Outcome) -> None:
        """Complete the reply.

        Raises:
            Postponed: when where it goes to has been away for a while.
        """
        ...

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> bool:
        """Tell the person who asked, in plain words, that and why there is no reply.

        False when the trouble came too late: the whole reply stands already.

        Raises:
            Unanswerable: with the trouble that was met and told instead: the thread is gone.
        """
        ...

    async def close(self) -> None:
        """Let go of what the reply holds, whatever happened."""
        ...


Interrupt = Callable[[Trouble], None]
"""Ends a run's work from outside, for a reason that its asker can be told. May be called often."""


class ReplyFactory(Protocol):
    """Opens replies."""

    def open(self, run: Run, interrupt: Interrupt) -> Reply:
        """The reply to a run's question. It interrupts the work when it cannot be delivered."""
        ...


class Jobs(Protocol):
    """Hands runs to a worker, in this process or in another."""

    async def hand_over(self, run_id: str) -> int:
        """Have a run worked on, and return at once. A run handed over twice is worked on once.

        Returns:
            Its position in the queue when all workers are busy, else 0.
        """
        ...

    async def stop(self, run_id: str, user: str) -> bool:
        """Stop a run wherever it is in progress; False when it has ended already."""
        ...


class Dispatcher(Jobs, Protocol):
    """Jobs that this process works on too: resumes unfinished runs, and goes out of service."""

    async def recover(self) -> int:
        """Resume unfinished runs that no process works on; returns how many."""
        ...

    async def drain(self, seconds: float) -> Sequence[str]:
        """Take no new run, let running ones end within `seconds`, and cancel the rest.

        Returns:
            The ids of the runs that were cancelled; another process or the next start resumes them.
        """
        ...


class RunSpan(Protocol):
    """Is told what happens in one run. It raises nothing."""

    def saw(self, event: Event) -> None:
        """A step of the run."""
        ...

    def ended(self, how: Ended) -> None:
        """The run has ended. Work that is left without this word was broken off."""
        ...


class Observer(Protocol):
    """Is told of the work, for metrics and traces."""

    def claimed(self, surface: Surface, *, new: bool) -> None:
        """A question has reached us, for the first time or once more."""
        ...

    def work(self, run: Run) -> AbstractContextManager[RunSpan]:
        """A run is worked on for as long as this is entered."""
        ...


class CallLog(Protocol):
    """The calls of the models, whether their answers were used or not."""

    async def of(self, run_id: str) -> Sequence[Call]:
        """A run's calls in the order in which they ended; of all attempts at it."""
        ...


class Feedback(Protocol):
    """What people say of a run's reply, and of its answers. A `target` is "LAYER-POSITION"."""

    async def judge(
        self, run_id: str, user: str, verdict: Literal["helpful", "not_helpful"], reason: str
    ) -> None:
        """Store what a person says of the reply, in place of what they said before.

        A reason that they gave before stays where they say the same again without one.
        """
        ...

    async def choose_best(self, run_id: str, user: str, target: str) -> None:
        """Store which answer a person found best; it takes the place of one they chose before."""
        ...

    async def take_back(self, run_id: str, user: str, target: str) -> None:
        """Forget that they found it best."""
        ...

    async def best_of(self, run_id: str, user: str) -> str | None:
        """The answer that they found best."""
        ...


@dataclass(frozen=True, slots=True)
class PastQuestion:
    """A question that somebody asked before. The fields are those of its `Question` and `Run`."""

    channel: str
    ts: str
    thread_ts: str
    text: str
    surface: Surface
    pipeline: str
    state: RunState
    created_at: datetime


class QuestionHistory(Protocol):
    """What was asked before."""

    async def latest(self, team: str, user: str, most: int) -> Sequence[PastQuestion]:
        """A person's latest questions, the newest first."""
        ...

    async def was_asked_in(self, team: str, channel: str, thread_ts: str) -> bool:
        """Whether somebody has asked us in a thread."""
        ...
