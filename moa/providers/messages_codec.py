"""Encodes prompts and decodes answers for the Messages API."""

from __future__ import annotations

from typing import Any, Final

from moa.errors import ModelError, Unavailable
from moa.pipeline.prompts import caption
from moa.providers import error_mapping
from moa.providers.response_reader import Event, parse
from moa.providers.response_shapes import extract_text, parse_stop
from moa.providers.surrogates import replace_surrogates
from moa.providers.turns import merge_turns
from moa.providers.usage_fields import parse_messages_usage
from moa.types import Chunk, Message, Prompt, Stop, Usage

BEFORE_ASSISTANT: Final = "(The conversation before this point is not shown.)"
"""Inserted when a thread starts with an assistant turn, which the API rejects."""


def message_turns(prompt: Prompt) -> list[dict[str, Any]]:
    """Build the `messages` of a request: alternating, user first, none blank."""
    turns = merge_turns(prompt.messages)
    if turns and turns[0].role == "assistant":
        turns.insert(0, Message("user", BEFORE_ASSISTANT))
    return [{"role": turn.role, "content": _content(turn)} for turn in turns]


def _content(turn: Message) -> str | list[dict[str, Any]]:
    """Return a turn's text, or blocks if it has images: captioned images, then the text.

    Images come before text, as https://platform.claude.com/docs/en/build-with-claude/vision
    advises.
    """
    if not turn.images:
        return turn.content
    blocks: list[dict[str, Any]] = []
    for image in turn.images:
        source = {"type": "base64", "media_type": image.media_type, "data": image.data}
        blocks.append({"type": "text", "text": replace_surrogates(caption(image))})
        blocks.append({"type": "image", "source": source})
    return [*blocks, *([{"type": "text", "text": turn.content}] if turn.content else ())]


class MessagesDecoder:
    """Decodes one answer; see `moa.providers.response_reader.Decoder`."""

    def __init__(self, model: str) -> None:
        self.stop: Stop | None = None
        self.finished = False
        self.done = False
        self.error: ModelError | None = None
        self.error_body: object = None
        self._model = model
        self._fields: dict[str, Any] = {}
        self._usage: Usage | None = None

    @property
    def has_usage(self) -> bool:
        """Whether usage has been received."""
        return self._usage is not None

    def decode(self, events: list[bytes]) -> Chunk | None:
        """Return the text of these events as one chunk, with the usage if it changed."""
        texts: list[str] = []
        before = self._usage
        for data in events:
            if self.done or self.error:
                break
            if not data.startswith(b"{"):  # the other API's `[DONE]`
                continue
            try:
                self._decode_event(parse(data), texts)
            except Unavailable as error:
                self.error = error
        text = "".join(texts)
        changed_usage = self._usage if self._usage is not before else None
        return Chunk(text, changed_usage) if text or changed_usage else None

    def decode_whole(self, answer: Event) -> Chunk:
        """Decode the answer of a server that doesn't stream."""
        self.done = True
        if error := answer.get("error"):
            self.error_body = error
            raise error_mapping.from_stream_error(error, model=self._model)
        blocks = answer.get("content")
        if not isinstance(blocks, list | str):
            raise error_mapping.unreadable()
        self._merge_usage(answer.get("usage"))
        self._finish(answer.get("stop_reason"))
        return Chunk(extract_text(blocks), self._usage)

    def final_chunk(self) -> Chunk:
        """Return the final chunk: usage and stop reason."""
        return Chunk(usage=self._usage, stop=self.stop or "end")

    def _decode_event(self, event: Event, texts: list[str]) -> None:
        match event.get("type"):
            case "content_block_delta":
                texts.append(extract_text(event.get("delta")))
            case "content_block_start":
                texts.append(extract_text(event.get("content_block")))
            case "message_start":
                self._merge_usage(error_mapping.as_mapping(event.get("message")).get("usage"))
            case "message_delta":
                self._merge_usage(event.get("usage"))
                self._finish(error_mapping.as_mapping(event.get("delta")).get("stop_reason"))
            case "message_stop":
                self.done = True
            case "error":
                self.error_body = event.get("error")
                self.error = error_mapping.from_stream_error(self.error_body, model=self._model)
            case _:  # "ping", "content_block_stop" and future event types
                pass

    def _finish(self, reason: object) -> None:
        stop = parse_stop(reason)
        if stop == "broken":
            self.error = error_mapping.cut_off()
        elif stop is not None:
            self.stop, self.finished = stop, True

    def _merge_usage(self, usage: object) -> None:
        fields = {k: v for k, v in error_mapping.as_mapping(usage).items() if v is not None}
        if fields:
            self._fields |= fields
            self._usage = parse_messages_usage(self._fields) or self._usage
