"""How Chat Completions put a prompt and an answer into JSON."""

from __future__ import annotations

from typing import Any, Final

from moa.errors import ModelError, Unavailable
from moa.pipeline.prompts import caption
from moa.providers import error_mapping
from moa.providers.response_reader import Event, parse
from moa.providers.response_shapes import choice_of, refusal_of, stop_of, text_of
from moa.providers.sdk_client import utf8
from moa.providers.turns import without_system
from moa.providers.usage_fields import chat_usage
from moa.types import Chunk, Message, Prompt, Stop, Usage

_DONE: Final = b"[DONE]"


def chat_turns(prompt: Prompt, *, system_role: bool = True) -> list[dict[str, Any]]:
    """The `messages` of a request.

    Without a system role, the system text opens the first user turn and turns alternate: the chat
    templates that know no system role want that, too.
    """
    if not system_role:
        prompt = without_system(prompt)
    system = [{"role": "system", "content": utf8(prompt.system)}] if prompt.system else []
    return [*system, *({"role": m.role, "content": _content(m)} for m in prompt.messages)]


def _content(message: Message) -> str | list[dict[str, Any]]:
    """A turn's text; where it has images, parts: each image under its caption, then the text."""
    text = utf8(message.content)
    if not message.images:
        return text
    parts: list[dict[str, Any]] = []
    for image in message.images:
        address = f"data:{image.media_type};base64,{image.data}"
        parts.append({"type": "text", "text": utf8(caption(image))})
        parts.append({"type": "image_url", "image_url": {"url": address}})
    return [*parts, {"type": "text", "text": text}]


class ChatDecoder:
    """Reads one answer; see `moa.providers.response_reader.Decoder`."""

    def __init__(self, model: str) -> None:
        self.stop: Stop | None = None
        self.finished = False
        self.done = False
        self.fault: ModelError | None = None
        self._model = model
        self._index: int | None = None
        self._by_delta = False
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
            if data.strip() == _DONE:
                self.done = True
                break
            if not self._take(data, texts):
                break
        text = "".join(texts)
        news = self._usage if self._usage is not before else None
        return Chunk(text, news) if text or news else None

    def whole(self, answer: Event) -> Chunk:
        """The answer of a server that did not stream."""
        self.done = True
        if error := answer.get("error"):
            raise error_mapping.within_stream(error, model=self._model)
        texts: list[str] = []
        self._take_event(answer, texts)
        if not answer.get("choices") or self.fault:
            raise self.fault or error_mapping.garbled()
        return Chunk("".join(texts), self._usage)

    def last(self) -> Chunk:
        """The final chunk: usage and stop."""
        return Chunk(usage=self._usage, stop=self.stop or "end")

    def _take(self, data: bytes, texts: list[str]) -> bool:
        try:
            self._take_event(parse(data), texts)
        except Unavailable as garbled:
            self.fault = garbled
        return self.fault is None

    def _take_event(self, event: Event, texts: list[str]) -> None:
        if error := event.get("error"):
            self.fault = error_mapping.within_stream(error, model=self._model)
            return
        if usage := event.get("usage"):
            self._usage = chat_usage(error_mapping.as_mapping(usage)) or self._usage
        choice, self._index = choice_of(event.get("choices"), self._index)
        if choice is not None:
            self._take_choice(choice, texts)

    def _take_choice(self, choice: Event, texts: list[str]) -> None:
        said = error_mapping.as_mapping(choice.get("delta"))
        if text := text_of(said.get("content")):
            self._by_delta = True
            texts.append(text)
        elif not self._by_delta:  # a message behind deltas says all of them again
            message = error_mapping.as_mapping(choice.get("message"))
            texts.append(text_of(message.get("content")) or text_of(choice.get("text")))
            said = said or message
        if refusal := refusal_of(said):
            texts.append(refusal)
            self.stop = "refusal"
        if reason := choice.get("finish_reason") or choice.get("finishReason"):
            self._finish(reason)

    def _finish(self, reason: object) -> None:
        stop = stop_of(reason)
        if stop == "broken":
            self.fault = error_mapping.cut()
        elif stop is not None:
            self.finished = True
            self.stop = self.stop if self.stop == "refusal" else stop
