"""Merges neighbouring turns of one role, since many chat templates require alternating turns."""

from __future__ import annotations

from dataclasses import replace

from moa.types import Message, Prompt


def merge_turns(prompt: Prompt) -> Prompt:
    """Return the prompt with consecutive turns of one role merged."""
    turns: list[Message] = []
    for message in prompt.messages:
        if turns and turns[-1].role == message.role:
            before = turns.pop()
            content = f"{before.content}\n\n{message.content}"
            turns.append(Message(message.role, content, (*before.images, *message.images)))
        else:
            turns.append(message)
    return replace(prompt, messages=tuple(turns))
