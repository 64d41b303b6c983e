"""Encodes prompts and decodes answers for Chat Completions."""

from __future__ import annotations

from typing import Any, Final

from moa.pipeline.prompts import caption
from moa.providers import error_mapping
from moa.providers.answer_decoder import AnswerDecoder, Event
from moa.providers.error_details import as_mapping
from moa.providers.response_shapes import extract_refusal, extract_text, select_choice
from moa.providers.surrogates import replace_surrogates
from moa.providers.turns import inline_system
from moa.providers.usage_fields import find_chat_usage
from moa.types import Message, Prompt

_DONE: Final = b"[DONE]"


def chat_turns(prompt: Prompt, *, system_role: bool = True) -> list[dict[str, Any]]:
    """Build the `messages` of a request.

    Without a system role, the system text opens the first user turn, and turns alternate: chat
    templates without a system role require both.
    """
    if not system_role:
        prompt = inline_system(prompt)
    system = (
        [{"role": "system", "content": replace_surrogates(prompt.system)}] if prompt.system else []
    )
    return [*system, *({"role": m.role, "content": _content(m)} for m in prompt.messages)]


def _content(message: Message) -> str | list[dict[str, Any]]:
    """Return a turn's text, or parts if it has images: captioned images, then the text."""
    text = replace_surrogates(message.content)
    if not message.images:
        return text
    parts: list[dict[str, Any]] = []
    for image in message.images:
        address = f"data:{image.media_type};base64,{image.data}"
        parts.append({"type": "text", "text": replace_surrogates(caption(image))})
        parts.append({"type": "image_url", "image_url": {"url": address}})
    return [*parts, {"type": "text", "text": text}]


class ChatDecoder(AnswerDecoder):
    """Decodes one answer."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self._index: int | None = None
        self._streams_deltas = False

    def _decode_data(self, data: bytes, texts: list[str]) -> None:
        if data.strip() == _DONE:
            self.done = True
        else:
            super()._decode_data(data, texts)

    def _decode_answer(self, answer: Event) -> str:
        texts: list[str] = []
        self._decode_event(answer, texts)
        if not answer.get("choices") or self.error:
            raise self.error or error_mapping.unreadable()
        return "".join(texts)

    def _decode_event(self, event: Event, texts: list[str]) -> None:
        if error := event.get("error"):
            self._fail(error)
            return
        self.usage = find_chat_usage(event) or self.usage
        choice, self._index = select_choice(event.get("choices"), self._index)
        if choice is not None:
            self._decode_choice(choice, texts)

    def _decode_choice(self, choice: Event, texts: list[str]) -> None:
        delta = as_mapping(choice.get("delta"))
        if text := extract_text(delta.get("content")):
            self._streams_deltas = True
            texts.append(text)
        elif not self._streams_deltas:  # a message after deltas repeats them
            message = as_mapping(choice.get("message"))
            texts.append(extract_text(message.get("content")) or extract_text(choice.get("text")))
            delta = delta or message
        if refusal := extract_refusal(delta):
            texts.append(refusal)
            self.stop = "refusal"
        if reason := choice.get("finish_reason") or choice.get("finishReason"):
            self._finish(reason)
