"""The input of a strategy, and the helper that builds a prompt from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from moa.pipeline import prompts
from moa.types import Answer, Prompt


@dataclass(frozen=True, slots=True)
class PromptContext:
    """A thread and the results of the layers before.

    Attributes:
        thread: the conversation; its last turn is the user's.
        answers: labelled, in the order to show them; empty for the first layer.
        nonce: the random part of the boundary lines, which no answer's author can know.
        final: whether the prompt is for the aggregator, which writes the reply.
        rankings: labelled rankings of the answers.
        own_label: the label of the called model's own answer in the layer before, or "".
        datamark: whether to interleave untrusted text with a marker character.
    """

    thread: Prompt
    answers: tuple[Answer, ...] = ()
    nonce: str = ""
    final: bool = False
    rankings: tuple[Answer, ...] = ()
    own_label: str = ""
    datamark: bool = False

    @property
    def texts(self) -> tuple[Answer, ...]:
        """All untrusted texts, answers before rankings; they share the prompt's token budget."""
        return (*self.answers, *self.rankings)

    def with_texts(self, thread: Prompt, texts: tuple[Answer, ...]) -> PromptContext:
        """Return the context with a shorter thread and shorter `texts`, in the same order."""
        count = len(self.answers)
        return replace(self, thread=thread, answers=texts[:count], rankings=texts[count:])


Strategy = Callable[[PromptContext], Prompt]
"""A pure function that builds a model's prompt."""


def build_prompt(
    context: PromptContext, *instructions: str, remarks: Mapping[str, str] | None = None
) -> Prompt:
    """Return the thread with the answers at its end and the instructions as system text.

    Args:
        context: the thread and the answers.
        instructions: paragraphs of system text.
        remarks: by label, a remark for that text's boundary line.
    """
    thread = prompts.with_answers(
        context.thread,
        context.answers,
        context.nonce,
        rankings=context.rankings,
        remarks=remarks or {},
        datamark=context.datamark,
    )
    return prompts.with_system(thread, *instructions)
