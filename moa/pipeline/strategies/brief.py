"""Short prompts for very small models, which copy long instructions into their replies."""

from __future__ import annotations

from dataclasses import replace

from moa.pipeline import prompts
from moa.pipeline.strategies.prompt_context import PromptContext
from moa.types import Message, Prompt


def brief(context: PromptContext) -> Prompt:
    """Show each answer as an earlier turn of the same model, and ask once more.

    There are no boundary lines, so none can end up in a reply. An answer could steer the next one:
    use this only for models too weak to follow instructions anyway.
    """
    thread = replace(context.thread, system=prompts.BRIEF)
    if not context.answers:
        return thread
    *earlier, last = thread.messages
    turns = list[Message]()
    for answer in context.answers:
        turns += [last, Message("assistant", prompts.neutralise(answer.text, context.nonce))]
    return replace(thread, messages=(*earlier, *turns, last))
