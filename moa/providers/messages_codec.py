"""Encodes prompts and decodes answers for the Messages API."""

from __future__ import annotations

from typing import Any, Final

from moa.pipeline.prompts import caption
from moa.providers import error_mapping
from moa.providers.answer_decoder import AnswerDecoder, Event
from moa.providers.error_details import as_mapping
from moa.providers.response_shapes import extract_text
from moa.providers.surrogates import replace_surrogates
from moa.providers.turns import merge_turns
from moa.providers.usage_fields import parse_messages_usage
from moa.types import Message, Prompt

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


class MessagesDecoder(AnswerDecoder):
    """Decodes one answer."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self._fields: dict[str, Any] = {}

    def _decode_data(self, data: bytes, texts: list[str]) -> None:
        if data.startswith(b"{"):  # anything else is the other API's `[DONE]`
            super()._decode_data(data, texts)

    def _decode_answer(self, answer: Event) -> str:
        blocks = answer.get("content")
        if not isinstance(blocks, list | str):
            raise error_mapping.unreadable()
        self._merge_usage(answer.get("usage"))
        self._finish(answer.get("stop_reason"))
        return extract_text(blocks)

    def _decode_event(self, event: Event, texts: list[str]) -> None:
        match event.get("type"):
            case "content_block_delta":
                texts.append(extract_text(event.get("delta")))
            case "content_block_start":
                texts.append(extract_text(event.get("content_block")))
            case "message_start":
                self._merge_usage(as_mapping(event.get("message")).get("usage"))
            case "message_delta":
                self._merge_usage(event.get("usage"))
                self._finish(as_mapping(event.get("delta")).get("stop_reason"))
            case "message_stop":
                self.done = True
            case "error":
                self._fail(event.get("error"))
            case _:  # "ping", "content_block_stop" and future event types
                pass

    def _merge_usage(self, usage: object) -> None:
        fields = {k: v for k, v in as_mapping(usage).items() if v is not None}
        if fields:
            self._fields |= fields
            self.usage = parse_messages_usage(self._fields) or self.usage
