"""What the use case needs from outside, in its own words: threads, replies, the journal, jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.errors import Trouble
from moa import Answer, Call, Event, Outcome, Prompt

Surface = Literal["mention", "direct", "command"]
"""Where a question was asked: in a channel's thread, in a direct message, by slash command."""

RunState = Literal["waiting", "running", "answered", "failed"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question, as it was asked.

    Attributes:
        team, channel, user: Slack's ids.
        ts: of the message that asks; for a slash command a stand-in that is unique.
        thread_ts: of the thread that the reply goes to; equal to `ts` when it starts one.
        text: as Slack gave it, escaped.
        response_url: for a slash command, where its reply goes. A secret for 30 minutes.
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


class Runs(Protocol):
    """The journal: every question, and every finished answer as it comes."""

    async def claim(self, question: Question, keys: Sequence[str], pipeline: str) -> str | None:
        """Store a question exactly once, and return its run's id.

        None when any of the keys (event id; workspace, channel and ts) was claimed before.
        """
        ...

    async def get(self, run_id: str) -> Run | None:
        """A run with its answers, or None."""
        ...

    async def begin(self, run_id: str) -> Run | None:
        """Mark a waiting run as running and return it; None when it is finished or unknown."""
        ...

    async def record(self, run_id: str, answer: Answer, call: Call) -> None:
        """Store an answer and its line of the ledger as it comes."""
        ...

    async def charge(self, run_id: str, call: Call) -> None:
        """Store a line of the ledger that brought no answer of its own."""
        ...

    async def posted(self, run_id: str, ts: str) -> None:
        """Store the ts of a message of ours, before anything more is done to it."""
        ...

    async def posts_of_others(self, run: Run) -> frozenset[str]:
        """The ts of messages that other runs have posted in the same thread."""
        ...

    async def finish(self, run_id: str, outcome: Outcome) -> None:
        """Store a run's outcome. It counts as unfinished until it is `delivered`."""
        ...

    async def delivered(self, run_id: str) -> None:
        """The reply stands where it was asked for: the run is over."""
        ...

    async def fail(self, run_id: str, trouble: Trouble) -> None:
        """Store why a run brought no reply."""
        ...

    async def take_sharing(self, run_id: str) -> bool:
        """Claim the sharing of a run's reply; False when it was claimed before."""
        ...

    async def release_sharing(self, run_id: str) -> None:
        """Give that claim up, so that the reply can be shared after all."""
        ...

    async def unfinished(self) -> Sequence[str]:
        """The ids of runs that were claimed and neither answered nor failed, the oldest first."""
        ...


class Threads(Protocol):
    """Reads what was said before a question."""

    async def read(self, question: Question) -> Prompt:
        """The thread up to the question, as turns.

        Raises:
            Unanswerable: when the thread is gone, cannot be read, or holds no words.
        """
        ...


class Reply(Protocol):
    """One reply under way, wherever it is shown.

    Trouble with showing progress is never raised; a reply that cannot be delivered at all raises
    Unanswerable.
    """

    async def start(self) -> bool:
        """Show at once that the question is being worked on.

        False when the whole reply stands already, from an attempt that was broken off after it.
        """
        ...

    async def show(self, event: Event) -> None:
        """Show a step of the run: a layer, an answer, a piece of the reply."""
        ...

    async def finish(self, outcome: Outcome) -> None:
        """Complete the reply."""
        ...

    async def fail(self, trouble: Trouble, error_id: str | None = None) -> None:
        """Tell the person who asked, in plain words, that and why there is no reply."""
        ...

    async def close(self) -> None:
        """Let go of what the reply holds, whatever happened."""
        ...


class Replies(Protocol):
    """Opens replies."""

    def open(self, run: Run) -> Reply:
        """The reply to a run's question."""
        ...


class Jobs(Protocol):
    """Hands runs to a worker."""

    async def hand_over(self, run_id: str) -> None:
        """Have a run worked on, and return at once. A run handed over twice is worked on once."""
        ...

    async def recover(self) -> int:
        """Take up the runs that an earlier process left unfinished; returns how many."""
        ...
