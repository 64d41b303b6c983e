"""What a strategy is given."""

from __future__ import annotations

from dataclasses import dataclass

from moa.types import Answer, Prompt


@dataclass(frozen=True, slots=True)
class Brief:
    """A thread and the answers of the layer before.

    Attributes:
        thread: the conversation; its last turn is the user's.
        answers: labelled, in the order in which they are to be shown; empty for the first layer.
        nonce: the boundary's random part, unknown to whoever wrote the answers.
        final: whether the prompt is for the aggregator, whose text the person reads.
    """

    thread: Prompt
    answers: tuple[Answer, ...] = ()
    nonce: str = ""
    final: bool = False
