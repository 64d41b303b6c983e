"""Draws ideas from models: many small calls, each as another ordinary person, nothing shared."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass

from moa.brainstorm.values import DrawnIdea
from moa.events import Retried
from moa.ports import Model
from moa.types import Call

DEFAULT_CALLS = 12
DEFAULT_IDEAS_PER_CALL = 5


@dataclass(frozen=True, slots=True)
class IdeasDrawn:
    """A model has handed in ideas.

    Attributes:
        position: the call's number, from 1; it decides model and persona.
        model: the model's name.
        persona: whom the model spoke as.
        ideas: empty if its text contained none.
        call: the entry for the call log.
    """

    position: int
    model: str
    persona: str
    ideas: tuple[DrawnIdea, ...]
    call: Call


@dataclass(frozen=True, slots=True)
class DrawFailed:
    """A model handed in nothing. `error` is safe to show; see `moa.Answer`."""

    position: int
    model: str
    persona: str
    error: str
    call: Call


DrawEvent = IdeasDrawn | DrawFailed | Retried
"""Every call appears in exactly one event, or is passed to `on_stopped`."""


def draw_ideas(
    topic: str,
    models: Sequence[Model],
    *,
    material: str = "",
    calls: int = DEFAULT_CALLS,
    ideas_per_call: int = DEFAULT_IDEAS_PER_CALL,
    personas: Sequence[str] = (),
    seed: int | None = None,
    done: Collection[int] = (),
    at_once: int = 8,
    deadline_s: float = 120.0,
    on_stopped: Callable[[Call], object] | None = None,
) -> AsyncGenerator[DrawEvent, None]:
    """Draw ideas and yield an event for each call as it ends, in any order.

    Close the generator (`contextlib.aclosing`) to stop: every call is stopped and its connection
    closed.

    Args:
        topic: untrusted text; long ones are shortened in the prompt.
        models: live models, which take turns: call n goes to `models[(n - 1) % len(models)]`.
        material: untrusted text to draw on, such as a thread; "" for none.
        calls: how many calls to make, `done` ones included.
        ideas_per_call: how many ideas each call is asked for.
        personas: see `draw_personas`; by default ordinary people from the built-in list.
        seed: decides the personas and boundaries. With the same seed, call n is the same call.
        done: positions that an earlier attempt finished; they are not called again.
        at_once: calls in progress at the same time.
        deadline_s: seconds for one call, retries included.
        on_stopped: called with each call that no event reported, if the generator is closed early.

    Raises:
        PipelineError: the topic is empty, or there is no model.
    """
    raise NotImplementedError
