"""What a strategy is given, and how it lays that out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from moa.pipeline import prompts
from moa.types import Answer, Prompt


@dataclass(frozen=True, slots=True)
class PromptContext:
    """A thread and what stands of the layers before.

    Attributes:
        thread: the conversation; its last turn is the user's.
        answers: labelled, in the order in which they are to be shown; empty for the first layer.
        nonce: the boundary's random part, unknown to whoever wrote the answers.
        final: whether the prompt is for the aggregator, whose text the person reads.
        rankings: labelled texts about the answers, of a ranking layer.
        own: the label of the answer that the asked model gave itself in the layer before, if any.
        datamark: whether untrusted text is interleaved with a marker.
    """

    thread: Prompt
    answers: tuple[Answer, ...] = ()
    nonce: str = ""
    final: bool = False
    rankings: tuple[Answer, ...] = ()
    own: str = ""
    datamark: bool = False

    @property
    def texts(self) -> tuple[Answer, ...]:
        """All untrusted texts, answers before rankings: what has to share the room in a prompt."""
        return (*self.answers, *self.rankings)

    def holding(self, thread: Prompt, texts: tuple[Answer, ...]) -> PromptContext:
        """The brief with a shorter thread and shorter `texts`, in their order."""
        count = len(self.answers)
        return replace(self, thread=thread, answers=texts[:count], rankings=texts[count:])


Strategy = Callable[[PromptContext], Prompt]
"""A pure function from what stands to what a model is sent."""


def lay_out(
    brief: PromptContext, *instructions: str, remarks: Mapping[str, str] | None = None
) -> Prompt:
    """The thread with the block of answers at its end, and the instructions as system text.

    `remarks` say something about a text, by its label.
    """
    thread = prompts.with_answers(
        brief.thread,
        brief.answers,
        brief.nonce,
        rankings=brief.rankings,
        remarks=remarks or {},
        datamark=brief.datamark,
    )
    return prompts.with_system(thread, *instructions)
