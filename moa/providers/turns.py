"""Turns in the forms that some servers insist on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from moa.providers.sdk_client import utf8
from moa.types import Message, Prompt


def alternating(messages: Iterable[Message]) -> list[Message]:
    """The turns with those of one role in a row merged into one, and without blank ones."""
    turns: list[Message] = []
    for message in messages:
        content = utf8(message.content).strip()
        if not (content or message.images):
            continue
        if turns and turns[-1].role == message.role:
            before = turns.pop()
            content = "\n\n".join(text for text in (before.content, content) if text)
            turns.append(Message(message.role, content, (*before.images, *message.images)))
        else:
            turns.append(Message(message.role, content, message.images))
    return turns


def without_system(prompt: Prompt) -> Prompt:
    """The prompt with its system text at the head of the first turn, which is the user's."""
    head = [Message("user", prompt.system)] if prompt.system else []
    return replace(prompt, messages=tuple(alternating([*head, *prompt.messages])), system="")
