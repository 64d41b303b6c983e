"""How a model is told of a turn's images: by a caption before each, or in words in their stead."""

from __future__ import annotations

from dataclasses import replace

from moa.pipeline.prompts import templates
from moa.pipeline.prompts.untrusted import neutralised
from moa.types import Image, Message, Prompt

UNNAMED = "image"


def caption(image: Image) -> str:
    """What stands before an image, so that the text can speak of it by its name."""
    return templates.CAPTION.format(name=_name(image))


def without_images(thread: Prompt) -> Prompt:
    """The thread for a model that takes no images: each turn says which it does not show."""
    if not any(message.images for message in thread.messages):
        return thread
    return replace(thread, messages=tuple(map(_in_words, thread.messages)))


def _in_words(message: Message) -> Message:
    """In front of the turn's text: at its end stands the request, which is heeded best there."""
    if not message.images:
        return message
    names = ", ".join(f'"{_name(image)}"' for image in message.images)
    return Message(message.role, f"{templates.UNSEEN.format(names=names)}\n\n{message.content}")


def _name(image: Image) -> str:
    """On one line and with no quotation marks, whoever gave it."""
    return " ".join(neutralised(image.name, "").replace('"', "'").split()) or UNNAMED
