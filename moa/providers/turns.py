"""Rearranges turns into the forms that some servers require."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from moa.providers.surrogates import replace_surrogates
from moa.types import Message, Prompt


def merge_turns(messages: Iterable[Message]) -> list[Message]:
    """Merge consecutive turns of one role and drop blank turns."""
    turns: list[Message] = []
    for message in messages:
        content = replace_surrogates(message.content).strip()
        if not (content or message.images):
            continue
        if turns and turns[-1].role == message.role:
            before = turns.pop()
            content = "\n\n".join(text for text in (before.content, content) if text)
            turns.append(Message(message.role, content, (*before.images, *message.images)))
        else:
            turns.append(Message(message.role, content, message.images))
    return turns


def inline_system(prompt: Prompt) -> Prompt:
    """Move the system text to the start of the first turn, which is the user's."""
    head = [Message("user", prompt.system)] if prompt.system else []
    return replace(prompt, messages=tuple(merge_turns([*head, *prompt.messages])), system="")
