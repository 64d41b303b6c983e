"""How the Messages API puts a prompt and an answer into JSON."""

from __future__ import annotations

from typing import Any, Final

from moa.errors import ModelError, Unavailable
from moa.pipeline.prompts import caption
from moa.providers import error_mapping
from moa.providers.response_reader import Event, parse
from moa.providers.response_shapes import stop_of, text_of
from moa.providers.sdk_client import utf8
from moa.providers.turns import alternating
from moa.providers.usage_fields import messages_usage
from moa.types import Chunk, Message, Prompt, Stop, Usage

BEFORE_ASSISTANT: Final = "(The conversation before this point is not shown.)"
"""Stands first where a thread begins with the assistant's turn, which the API does not take."""


def message_turns(prompt: Prompt) -> list[dict[str, Any]]:
    """The `messages` of a request: alternating, the user's first, none of them blank."""
    turns = alternating(prompt.messages)
    if turns and turns[0].role == "assistant":
        turns.insert(0, Message("user", BEFORE_ASSISTANT))
    return [{"role": turn.role, "content": _content(turn)} for turn in turns]


def _content(turn: Message) -> str | list[dict[str, Any]]:
    """A turn's text; where it has images, blocks: each image under its caption, then the text.

    Images before text, as https://platform.claude.com/docs/en/build-with-claude/vision advises.
    """
    if not turn.images:
        return turn.content
    blocks: list[dict[str, Any]] = []
    for image in turn.images:
        source = {"type": "base64", "media_type": image.media_type, "data": image.data}
        blocks.append({"type": "text", "text": utf8(caption(image))})
        blocks.append({"type": "image", "source": source})
    return [*blocks, *([{"type": "text", "text": turn.content}] if turn.content else ())]


class MessagesDecoder:
    """Reads one answer; see `moa.providers.response_reader.Decoder`."""

    def __init__(self, model: str) -> None:
        self.stop: Stop | None = None
        self.finished = False
        self.done = False
        self.fault: ModelError | None = None
        self._model = model
        self._counted: dict[str, Any] = {}
        self._usage: Usage | None = None

    @property
    def counted(self) -> bool:
        """Whether usage was read."""
        return self._usage is not None

    def take(self, events: list[bytes]) -> Chunk | None:
        """The text of these events in one chunk, with the usage when it is news."""
        texts: list[str] = []
        before = self._usage
        for data in events:
            if self.done or self.fault:
                break
            if not data.startswith(b"{"):  # the end mark of the other API
                continue
            try:
                self._take(parse(data), texts)
            except Unavailable as garbled:
                self.fault = garbled
        text = "".join(texts)
        news = self._usage if self._usage is not before else None
        return Chunk(text, news) if text or news else None

    def whole(self, answer: Event) -> Chunk:
        """The answer of a server that did not stream."""
        self.done = True
        if error := answer.get("error"):
            raise error_mapping.within_stream(error, model=self._model)
        blocks = answer.get("content")
        if not isinstance(blocks, list | str):
            raise error_mapping.garbled()
        self._count(answer.get("usage"))
        self._finish(answer.get("stop_reason"))
        return Chunk(text_of(blocks), self._usage)

    def last(self) -> Chunk:
        """The final chunk: usage and stop."""
        return Chunk(usage=self._usage, stop=self.stop or "end")

    def _take(self, event: Event, texts: list[str]) -> None:
        match event.get("type"):
            case "content_block_delta":
                texts.append(text_of(event.get("delta")))
            case "content_block_start":
                texts.append(text_of(event.get("content_block")))
            case "message_start":
                self._count(error_mapping.as_mapping(event.get("message")).get("usage"))
            case "message_delta":
                self._count(event.get("usage"))
                self._finish(error_mapping.as_mapping(event.get("delta")).get("stop_reason"))
            case "message_stop":
                self.done = True
            case "error":
                self.fault = error_mapping.within_stream(event.get("error"), model=self._model)
            case _:  # "ping", "content_block_stop", and what later versions may add
                pass

    def _finish(self, reason: object) -> None:
        stop = stop_of(reason)
        if stop == "broken":
            self.fault = error_mapping.cut()
        elif stop is not None:
            self.stop, self.finished = stop, True

    def _count(self, usage: object) -> None:
        counted = {k: v for k, v in error_mapping.as_mapping(usage).items() if v is not None}
        if counted:
            self._counted |= counted
            self._usage = messages_usage(self._counted) or self._usage
