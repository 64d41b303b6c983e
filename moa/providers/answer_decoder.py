"""What the decoders of both APIs share: usage, errors, and the end of an answer."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic_core import from_json

from moa.errors import ModelError, Unavailable
from moa.providers import error_mapping
from moa.providers.response_shapes import parse_stop
from moa.types import Chunk, Stop, Usage

Event = Mapping[str, Any]

MAX_BRACKETS: Final = 100_000
"""The most opening brackets in one JSON text. Building millions of lists takes seconds."""


class AnswerDecoder(ABC):
    """Decodes one answer.

    Attributes:
        stop: the stop reason, once received.
        finished: whether the model has stopped: no more text will come.
        done: whether the API's end marker was read.
        error: an error reported inside the stream.
        error_body: that error as the server sent it; None if there is none.
        usage: the usage received so far.
    """

    def __init__(self, model: str) -> None:
        self.stop: Stop | None = None
        self.finished = False
        self.done = False
        self.error: ModelError | None = None
        self.error_body: object = None
        self.usage: Usage | None = None
        self._model = model

    def decode(self, events: list[bytes]) -> Chunk | None:
        """Return the text of these events as one chunk, with the usage if it changed."""
        texts: list[str] = []
        before = self.usage
        for data in events:
            if self.done or self.error:
                break
            self._decode_data(data, texts)
        text = "".join(texts)
        changed_usage = self.usage if self.usage is not before else None
        return Chunk(text, changed_usage) if text or changed_usage else None

    def decode_whole(self, answer: Event) -> Chunk:
        """Decode the answer of a server that doesn't stream."""
        self.done = True
        if error := answer.get("error"):
            raise self._fail(error)
        return Chunk(self._decode_answer(answer), self.usage)

    def final_chunk(self) -> Chunk:
        """Return the final chunk: usage and stop reason."""
        return Chunk(usage=self.usage, stop=self.stop or "end")

    @abstractmethod
    def _decode_event(self, event: Event, texts: list[str]) -> None:
        """Decode an event of a stream, and append its text."""

    @abstractmethod
    def _decode_answer(self, answer: Event) -> str:
        """Decode an answer that came whole, and return its text."""

    def _decode_data(self, data: bytes, texts: list[str]) -> None:
        try:
            self._decode_event(parse(data), texts)
        except Unavailable as error:
            self.error = error

    def _finish(self, reason: object) -> None:
        """Keep why the model stopped, if it did. A refusal remains the reason."""
        stop = parse_stop(reason)
        if stop == "broken":
            self.error = error_mapping.cut_off()
        elif stop is not None:
            self.finished = True
            self.stop = self.stop if self.stop == "refusal" else stop

    def _fail(self, body: object) -> ModelError:
        """Keep an error that the server reported, and return it."""
        self.error_body = body
        self.error = error_mapping.from_stream_error(body, model=self._model)
        return self.error


def parse(data: bytes) -> Event:
    """Parse a JSON object, or a list of one object, which some gateways send.

    Half an emoji and invalid UTF-8 become lone surrogates, which `SurrogateRepair` handles.

    Raises:
        Unavailable: it isn't a JSON object, or has too many brackets (`garbled`).
    """
    if len(data) > MAX_BRACKETS and data.count(b"[") + data.count(b"{") > MAX_BRACKETS:
        raise error_mapping.unreadable()
    try:
        value = from_json(data)
    except ValueError:
        value = _parse_leniently(data)
    if isinstance(value, list):
        value = next(iter(cast("list[Any]", value)), None)
    if not isinstance(value, dict):
        raise error_mapping.unreadable()
    return cast("Event", value)


def _parse_leniently(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        raise error_mapping.unreadable() from None
