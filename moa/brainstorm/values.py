"""The values of a brainstorm: ideas, themes and the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from moa.types import Call, cost_of_calls

NO_DOTS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Idea:
    """One idea in its author's exact words.

    Attributes:
        id: the caller's own; unique in a brainstorm.
        text: exactly as written.
        author: opaque, such as "person:U1" or "model:sonnet"; see `from_model`.
        late: whether it was added after the models and the team had begun to read.
    """

    id: str
    text: str
    author: str = ""
    late: bool = False

    @property
    def from_model(self) -> bool:
        """Whether a model wrote it."""
        return self.author.startswith("model:")


@dataclass(frozen=True, slots=True)
class DrawnIdea:
    """An idea as a model wrote it, and how likely the model thinks it is (0 to 1, or None)."""

    text: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class IdeaGroup:
    """Ideas that say the same.

    Attributes:
        idea_ids: the representative's id, then the duplicates', each once.
    """

    idea_ids: tuple[str, ...]

    @property
    def representative(self) -> str:
        """The id of the idea that represents them all."""
        return self.idea_ids[0]


@dataclass(frozen=True, slots=True)
class Theme:
    """A title, and the groups of ideas on it. The title is a model's or made of common words."""

    title: str
    groups: tuple[IdeaGroup, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """All ideas by theme: every idea is in exactly one group of exactly one theme.

    Attributes:
        themes: the largest first.
        by: "model" if it is based on a model's grouping, "words" if only on common words.
        repairs: plain sentences that say what the check had to correct; empty if nothing.
    """

    themes: tuple[Theme, ...]
    by: Literal["model", "words"] = "words"
    repairs: tuple[str, ...] = ()

    @property
    def groups(self) -> Iterator[IdeaGroup]:
        """All groups, theme by theme."""
        return (group for theme in self.themes for group in theme.groups)


@dataclass(frozen=True, slots=True)
class ShortListed:
    """An entry of the short list: an idea in a few words, and why it is on the list."""

    idea: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """A next step. `owner` is a name only if a person's idea or the material contains it."""

    step: str
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class BrainstormResult:
    """The result in a model's words.

    Attributes:
        text: all of it, as Markdown.
        short_list, dissent, open_questions, next_steps: its sections, as far as they were found.
    """

    text: str
    short_list: tuple[ShortListed, ...] = ()
    dissent: tuple[str, ...] = ()
    open_questions: tuple[str, ...] = ()
    next_steps: tuple[NextStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Brainstorm:
    """A whole brainstorm, ready to export.

    Attributes:
        topic: as given.
        ideas: all of them, in the order in which they were handed in.
        grouping: the ideas by theme.
        dots: by the id of a group's representative; ids without dots may be left out.
        voters: how many people gave dots; None if nobody was asked.
        result: None if none was written.
        calls: every call to a model, as far as the caller knows them.
    """

    topic: str
    ideas: Sequence[Idea]
    grouping: Grouping
    dots: Mapping[str, int] = field(default_factory=lambda: NO_DOTS)
    voters: int | None = None
    result: BrainstormResult | None = None
    calls: tuple[Call, ...] = ()

    @property
    def cost_usd(self) -> float | None:
        """The cost of all calls in US dollars; None if the cost of any call that ran is unknown."""
        return cost_of_calls(self.calls)
