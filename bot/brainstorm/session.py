"""The values of a brainstorm: its phases, ideas, themes and dots."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from moa.brainstorm import Grouping, Idea, IdeaGroup

Phase = Literal["silence", "themes", "dots", "result", "closed"]

NEXT: Final[Mapping[Phase, Phase]] = MappingProxyType(
    {"silence": "themes", "themes": "dots", "dots": "result", "result": "closed"}
)
"""The phase that follows each one. Nothing follows "closed"."""

Closing = Literal["no_ideas", "archived", "not_in_channel", "not_allowed", "deleted"]
"""Why a brainstorm closed on its own before its result."""

MINUTES, DOTS = 10, 3
"""Defaults: minutes of silence, dots per person."""

MAX_MINUTES: Final = 7 * 24 * 60
MAX_DOTS: Final = 10
MAX_IDEAS: Final = 2_000
"""The most ideas in one brainstorm. Two hundred people with ten ideas each fit."""

SHORTEST: Final = timedelta(minutes=5)
"""Themes and dots last half as long as the silence, but at least this long."""

EXTENSION: Final = timedelta(minutes=5)
OPEN_RESULT: Final = timedelta(days=7)
"""How long a result stays open before the brainstorm closes."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A request to start a brainstorm. `key` identifies it if Slack delivers it again.

    Attributes:
        team, channel, user: Slack ids; `user` is the starter.
        topic: as typed, not blank.
        material: the text of the thread that it was started from, or "".
        pipeline: the pipeline whose models take part.
        minutes: the length of the silence.
        dots: the number per person.
        reserved_usd: the usual cost of the brainstorm.
    """

    key: str
    team: str
    channel: str
    user: str
    topic: str
    pipeline: str
    material: str = field(default="", repr=False)
    minutes: int = MINUTES
    dots: int = DOTS
    reserved_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class BrainstormSession:
    """A brainstorm as stored.

    Attributes:
        id: opaque and not guessable.
        step: counts changes of phase. Each change names the step it starts from.
        phase_ends_at: None while models group the ideas, and after closing.
        extended: whether this phase was extended.
        settled: whether nothing is left to do until the phase ends.
        refresh_at: when to redraw the board.
        attempt: how often work on it has begun.
        posting: what may have been posted although its ts isn't stored.
        board_ts, themes_ts, result_ts: the messages in Slack, once posted.
        boards: how many boards have been posted so far.
        closing: why it closed on its own.
        closed_in: the phase in which it was closed.
    """

    id: str
    team: str
    channel: str
    user: str
    topic: str
    pipeline: str
    minutes: int
    dots: int
    phase: Phase
    step: int
    seed: int
    created_at: datetime
    material: str = field(default="", repr=False)
    phase_ends_at: datetime | None = None
    extended: bool = False
    settled: bool = False
    refresh_at: datetime | None = None
    attempt: int = 0
    posting: str | None = None
    board_ts: str | None = None
    boards: int = 0
    themes_ts: str | None = None
    result_ts: str | None = None
    themes: Grouping | None = None
    reserved_usd: float = 0.0
    cost_usd: float = 0.0
    closing: Closing | None = None
    closed_in: Phase | None = None

    @property
    def accepts_ideas(self) -> bool:
        """Whether ideas can be handed in: during the silence, and late ones until the result."""
        return self.phase in {"silence", "themes", "dots"}

    @property
    def shows_ideas(self) -> bool:
        """Whether people may see each other's ideas."""
        if self.phase == "closed":
            return self.themes is not None
        return self.phase != "silence" and self.themes is not None

    @property
    def has_result(self) -> bool:
        """Whether the vote is over; a reopened brainstorm goes back to it."""
        return "result" in {self.phase, self.closed_in if self.phase == "closed" else None}

    def is_ungrouped(self, phase: Phase) -> bool:
        """Whether a phase would begin by grouping the ideas, which takes time."""
        return phase == "themes" and self.themes is None

    def is_due(self, now: datetime) -> bool:
        """Whether the phase's time is up."""
        return self.phase_ends_at is not None and self.phase_ends_at <= now

    def length_of(self, phase: Phase) -> timedelta | None:
        """Return how long a phase lasts, or None for "closed"."""
        silence = timedelta(minutes=self.minutes)
        lengths = {
            "silence": silence,
            "themes": max(silence / 2, SHORTEST),
            "dots": max(silence / 2, SHORTEST),
            "result": OPEN_RESULT,
        }
        return lengths.get(phase)


@dataclass(frozen=True, slots=True)
class StoredIdea:
    """An idea, exactly as its author wrote it.

    Attributes:
        id: a number that grows with time.
        author: a Slack id, or a model's name.
        is_model: whether the author is a model.
        named: whether the person wants their name shown.
        late: whether it arrived after the ideas were grouped.
    """

    id: str
    author: str
    text: str
    is_model: bool = False
    named: bool = False
    late: bool = False

    @property
    def as_idea(self) -> Idea:
        """Return the idea as models and exports receive it."""
        kind = "model" if self.is_model else "person"
        return Idea(self.id, self.text, f"{kind}:{self.author}", self.late)


@dataclass(frozen=True, slots=True)
class IdeaCounts:
    """How many ideas there are, and from how many people and models."""

    people: int = 0
    people_ideas: int = 0
    models: int = 0
    model_ideas: int = 0

    @property
    def ideas(self) -> int:
        """The number of all ideas."""
        return self.people_ideas + self.model_ideas


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call to a model that has ended: its position in the brainstorm, and its result."""

    position: int
    model: str
    state: str
    ideas: tuple[str, ...] = ()
    error_kind: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


def to_be_repeated(call: EndedCall) -> EndedCall:
    """Return an ended call without ideas, under a number of its own: it will be made again."""
    return replace(call, position=-1 - secrets.randbelow(2**31 - 1), ideas=())


@dataclass(frozen=True, slots=True)
class RankedGroup:
    """An idea in the result, with its place.

    Attributes:
        place: counts from 1. Ideas with the same number of dots share a place.
        group: the wordings of the idea.
        dots: how many dots it got.
        tied: whether another idea has the same place.
        title: the title of its theme.
    """

    place: int
    group: IdeaGroup
    dots: int
    tied: bool
    title: str


@dataclass(frozen=True, slots=True)
class Tally:
    """The ideas by dots, most first, and how many people gave dots."""

    ranked: tuple[RankedGroup, ...]
    voters: int
    dots: int


Ballots = Sequence[Mapping[str, int]]
"""Each person's dots: from an idea's id to a count."""

AboutKind = Literal["result", "develop", "challenge", "more", "combine"]


@dataclass(frozen=True, slots=True)
class AboutSession:
    """What the models are asked about a brainstorm: its result, or one or two of its ideas."""

    session_id: str
    kind: AboutKind
    idea_ids: tuple[str, ...] = ()
