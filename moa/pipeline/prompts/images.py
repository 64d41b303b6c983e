"""Captions images for models that see them, and names them for models that don't."""

from __future__ import annotations

from dataclasses import replace

from moa.pipeline.prompts import templates
from moa.pipeline.prompts.untrusted import neutralise
from moa.types import Image, Message, Prompt

UNNAMED = "image"


def caption(image: Image) -> str:
    """Return the line to put before an image, so that the text can refer to it by name."""
    return templates.CAPTION.format(name=_name(image))


def without_images(thread: Prompt) -> Prompt:
    """Return the thread for a model that takes no images: each turn names those it had."""
    if not any(message.images for message in thread.messages):
        return thread
    return replace(thread, messages=tuple(map(_without_images, thread.messages)))


def _without_images(message: Message) -> Message:
    """Put the note before the text: models follow the end best, so that stays the request."""
    if not message.images:
        return message
    names = ", ".join(f'"{_name(image)}"' for image in message.images)
    note = templates.IMAGES_OMITTED.format(names=names)
    return Message(message.role, f"{note}\n\n{message.content}")


def _name(image: Image) -> str:
    """Return an untrusted name as one line without double quotes."""
    return " ".join(neutralise(image.name, "").replace('"', "'").split()) or UNNAMED
