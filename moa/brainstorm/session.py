"""The one entry point: ideas, themes and, if wanted, the result, as events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from moa.brainstorm.draw import DEFAULT_CALLS, DEFAULT_IDEAS_PER_CALL, DrawEvent
from moa.brainstorm.values import Brainstorm, Grouping, Idea
from moa.events import Event
from moa.pipeline.plan import Plan
from moa.ports import Model


@dataclass(frozen=True, slots=True)
class PersonasChosen:
    """The people whom the models will speak as, one for each call."""

    personas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grouped:
    """All ideas are grouped."""

    ideas: tuple[Idea, ...]
    grouping: Grouping


@dataclass(frozen=True, slots=True)
class BrainstormFinished:
    """The brainstorm is over; always the last event, unless it raises."""

    brainstorm: Brainstorm


BrainstormEvent = PersonasChosen | DrawEvent | Grouped | Event | BrainstormFinished
"""Between `Grouped` and `BrainstormFinished` come the events of the run that writes the result."""


def brainstorm(
    topic: str,
    *,
    models: str | Model | Sequence[str | Model] | None = None,
    plan: Plan | None = None,
    ideas: Sequence[str | Idea] = (),
    material: str = "",
    calls: int = DEFAULT_CALLS,
    ideas_per_call: int = DEFAULT_IDEAS_PER_CALL,
    result: bool = True,
    seed: int | None = None,
) -> AsyncGenerator[BrainstormEvent, None]:
    """Brainstorm on a topic and yield events; the last one is `BrainstormFinished`."""
    raise NotImplementedError
