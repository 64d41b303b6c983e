"""Encodes prompts and decodes answers for Chat Completions."""

from __future__ import annotations

from typing import Any, Final

from moa.errors import ModelError, Unavailable
from moa.pipeline.prompts import caption
from moa.providers import error_mapping
from moa.providers.response_reader import Event, parse
from moa.providers.response_shapes import extract_refusal, extract_text, parse_stop, select_choice
from moa.providers.surrogates import replace_surrogates
from moa.providers.turns import inline_system
from moa.providers.usage_fields import find_chat_usage
from moa.types import Chunk, Message, Prompt, Stop, Usage

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


class ChatDecoder:
    """Decodes one answer; see `moa.providers.response_reader.Decoder`."""

    def __init__(self, model: str) -> None:
        self.stop: Stop | None = None
        self.finished = False
        self.done = False
        self.error: ModelError | None = None
        self.error_body: object = None
        self._model = model
        self._index: int | None = None
        self._streams_deltas = False
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
            if data.strip() == _DONE:
                self.done = True
                break
            if not self._decode_data(data, texts):
                break
        text = "".join(texts)
        changed_usage = self._usage if self._usage is not before else None
        return Chunk(text, changed_usage) if text or changed_usage else None

    def decode_whole(self, answer: Event) -> Chunk:
        """Decode the answer of a server that doesn't stream."""
        self.done = True
        if error := answer.get("error"):
            self.error_body = error
            raise error_mapping.from_stream_error(error, model=self._model)
        texts: list[str] = []
        self._decode_event(answer, texts)
        if not answer.get("choices") or self.error:
            raise self.error or error_mapping.unreadable()
        return Chunk("".join(texts), self._usage)

    def final_chunk(self) -> Chunk:
        """Return the final chunk: usage and stop reason."""
        return Chunk(usage=self._usage, stop=self.stop or "end")

    def _decode_data(self, data: bytes, texts: list[str]) -> bool:
        try:
            self._decode_event(parse(data), texts)
        except Unavailable as error:
            self.error = error
        return self.error is None

    def _decode_event(self, event: Event, texts: list[str]) -> None:
        if error := event.get("error"):
            self.error_body = error
            self.error = error_mapping.from_stream_error(error, model=self._model)
            return
        self._usage = find_chat_usage(event) or self._usage
        choice, self._index = select_choice(event.get("choices"), self._index)
        if choice is not None:
            self._decode_choice(choice, texts)

    def _decode_choice(self, choice: Event, texts: list[str]) -> None:
        delta = error_mapping.as_mapping(choice.get("delta"))
        if text := extract_text(delta.get("content")):
            self._streams_deltas = True
            texts.append(text)
        elif not self._streams_deltas:  # a message after deltas repeats them
            message = error_mapping.as_mapping(choice.get("message"))
            texts.append(extract_text(message.get("content")) or extract_text(choice.get("text")))
            delta = delta or message
        if refusal := extract_refusal(delta):
            texts.append(refusal)
            self.stop = "refusal"
        if reason := choice.get("finish_reason") or choice.get("finishReason"):
            self._finish(reason)

    def _finish(self, reason: object) -> None:
        stop = parse_stop(reason)
        if stop == "broken":
            self.error = error_mapping.cut_off()
        elif stop is not None:
            self.finished = True
            self.stop = self.stop if self.stop == "refusal" else stop
