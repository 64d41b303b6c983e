"""The interface the engine needs from outside: a model it can call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from moa.types import Chunk, Prompt, Sampling, Usage

CostOf = Callable[[Usage], float | None]
"""Returns the cost of a call in US dollars, or None if the price is unknown."""

DEFAULT_CONTEXT_WINDOW = 128_000

DEFAULT_MAX_ATTEMPTS = 2
"""One retry is enough for a blip, and an outage costs only one call more."""

current_question: ContextVar[object] = ContextVar("current_question", default=None)
"""The question a call belongs to: the same object for all calls of one run. Rate limiters use it to
let questions take turns. The engine sets it in each call's own task."""

in_queue: ContextVar[bool] = ContextVar("in_queue", default=False)
"""Whether a call is waiting in a queue and has sent nothing yet. If it is stopped now, it costs
nothing. A wrapper that queues calls sets it in the call's own task."""


def _unknown_cost(_usage: Usage) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Hedge:
    """A second model to call when the first stays silent. The first to send a token wins.

    Attributes:
        model: the alternate. If the first model fails earlier, it is called at once.
        after_s: seconds to wait for the first model's first token.
    """

    model: Model
    after_s: float


@dataclass(frozen=True, slots=True)
class Profile:
    """The configuration of a model, as the engine needs it.

    Attributes:
        name: unique among the models of a pipeline; not the provider's name for it.
        context_window: tokens of prompt and output together.
        max_output_tokens: output cap; None for the role's default.
        proposer_max_output_tokens, aggregator_max_output_tokens: output cap in that role.
        reasoning_tokens: thinking allowed on top of the cap; the provider adds it to the cap.
        temperature: overrides the role's default; None keeps it.
        takes_temperature: False if the API has no such parameter.
        takes_images: whether to send images; otherwise the prompt only names them.
        persona: text put before the system text when the model proposes.
        brief_prompts: whether to ask without instructions, for models too small to follow them.
        cost: returns the cost of a call in US dollars, or None if unknown.
        max_attempts: calls for one answer, retries included, when the server is busy or broken.
        hedge: the alternate to call when the model stays silent; None for no hedge.
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
    brief_prompts: bool = False
    cost: CostOf = _unknown_cost
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    hedge: Hedge | None = None


class Model(Protocol):
    """A configured model. It can be a proposer, an aggregator, or both."""

    @property
    def profile(self) -> Profile:
        """The model's configuration."""
        ...

    def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Call the model and yield its answer as it arrives; the last chunk carries `stop`.

        Closing the generator closes the connection.

        Raises:
            ModelError: the call failed. Raise nothing else.
        """
        ...
