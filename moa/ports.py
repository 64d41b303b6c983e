"""The one thing the method needs from outside: a model that can be asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from moa.types import Chunk, Prompt, Sampling, Usage

CostOf = Callable[[Usage], float | None]
"""US dollars of a call, or None where the price is not known."""

DEFAULT_CONTEXT_WINDOW = 128_000

DEFAULT_MAX_ATTEMPTS = 2
"""One retry: a blip is over by then, and what is not costs one call more."""

asked_for: ContextVar[object] = ContextVar("asked_for", default=None)
"""For which question a call is made: the same object for all calls of one run, so that a model's
limits can take turns between questions. The engine sets it in each call's own task."""

in_queue: ContextVar[bool] = ContextVar("in_queue", default=False)
"""Whether a call waits for its turn and has sent nothing: it costs nothing if it is stopped then. A
wrapper that makes calls wait sets it in the call's own task."""


def _unknown_cost(_usage: Usage) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Hedge:
    """Another model that is asked the same when a model stays silent; the first to begin wins.

    Attributes:
        model: the alternate. It is asked at once when the first model has failed before that.
        after_s: seconds without a first token after which it is asked.
    """

    model: Model
    after_s: float


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a configured model without asking it.

    Attributes:
        name: its name in the pipeline, unique among the models there (not the provider's name).
        context_window: tokens of prompt and output together.
        max_output_tokens: the most it is asked to write; None leaves it to the role's default.
        proposer_max_output_tokens, aggregator_max_output_tokens: the same in one role alone.
        reasoning_tokens: what it may think beside that, which its provider adds to the limit.
        temperature: overrides the role's default; None keeps that default.
        takes_temperature: False where the API has no such argument.
        takes_images: whether it is shown images; otherwise it is told of them in words.
        persona: words put at the head of its system text when it proposes.
        cost: the price of a call's usage in US dollars, None where unknown.
        max_attempts: calls for one answer in all, when its server is busy or broken for a moment.
        hedge: who is asked when it stays silent.
    """

    name: str
    context_window: int = DEFAULT_CONTEXT_WINDOW
    max_output_tokens: int | None = None
    proposer_max_output_tokens: int | None = None
    aggregator_max_output_tokens: int | None = None
    reasoning_tokens: int = 0
    temperature: float | None = None
    takes_temperature: bool = True
    takes_images: bool = False
    persona: str = ""
    cost: CostOf = _unknown_cost
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    hedge: Hedge | None = None


class Model(Protocol):
    """One configured model. Proposer and aggregator are roles that it plays."""

    @property
    def profile(self) -> Profile:
        """What is known of it without asking."""
        ...

    def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Ask, and yield the answer as it comes; the last chunk carries `stop`.

        Closing the generator closes the connection. Nothing but `moa.ModelError` is raised.
        """
        ...
