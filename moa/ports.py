"""The one thing the method needs from outside: a model that can be asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol

from moa.types import Chunk, Prompt, Sampling, Usage

CostOf = Callable[[Usage], float | None]
"""US dollars of a call, or None where the price is not known."""

DEFAULT_CONTEXT_WINDOW = 128_000


def _unknown_cost(_usage: Usage) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a configured model without asking it.

    Attributes:
        name: its name in the pipeline, unique among the models there (not the provider's name).
        context_window: tokens of prompt and output together.
        max_output_tokens: the most it is asked to write; None leaves it to the role's default.
        temperature: overrides the role's default; None keeps that default.
        takes_temperature: False where the API has no such argument.
        persona: words put at the head of its system text when it proposes.
        cost: the price of a call's usage in US dollars, None where unknown.
    """

    name: str
    context_window: int = DEFAULT_CONTEXT_WINDOW
    max_output_tokens: int | None = None
    temperature: float | None = None
    takes_temperature: bool = True
    persona: str = ""
    cost: CostOf = _unknown_cost


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
