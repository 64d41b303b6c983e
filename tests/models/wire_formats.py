"""The two wire formats as bytes: OpenAI's Chat Completions and Anthropic's Messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from tests.models.replies import Tokens

Json = Mapping[str, Any]

_CHAT_STOPS: Final = {"end": "stop", "length": "length", "refusal": "content_filter"}
_MESSAGE_STOPS: Final = {"end": "end_turn", "length": "max_tokens", "refusal": "refusal"}
_CHAT_ERRORS: Final = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}
_MESSAGE_ERRORS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
WORDS: Final = "Words of the provider that may hold sk-secret-key."
"""The `message` of every error: no user may ever see it."""


class Wire(Protocol):
    """A wire format."""

    def opening(self, model: str, tokens: Tokens) -> list[bytes]: ...

    def piece(self, model: str, text: str) -> bytes: ...

    def closing(self, model: str, stop: str, tokens: Tokens) -> list[bytes]: ...

    def whole(self, model: str, text: str, stop: str, tokens: Tokens) -> Json: ...

    def error(self, status: int) -> Json: ...

    def error_event(self, error: Json) -> bytes: ...

    def described(self, model: str) -> Json: ...


class ChatWire:
    """OpenAI's Chat Completions."""

    def opening(self, model: str, tokens: Tokens) -> list[bytes]:
        return [self._event(model, {"role": "assistant", "content": ""}, None)]

    def piece(self, model: str, text: str) -> bytes:
        return self._event(model, {"content": text}, None)

    def closing(self, model: str, stop: str, tokens: Tokens) -> list[bytes]:
        usage = {"object": "chat.completion.chunk", "choices": [], "usage": self._usage(tokens)}
        return [self._event(model, {}, _CHAT_STOPS[stop]), _data(usage), b"data: [DONE]\n\n"]

    def whole(self, model: str, text: str, stop: str, tokens: Tokens) -> Json:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": _CHAT_STOPS[stop]}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": model,
            "choices": [choice],
            "usage": self._usage(tokens),
        }

    def error(self, status: int) -> Json:
        kind, code = _CHAT_ERRORS.get(status, ("server_error", None))
        return {"error": {"message": WORDS, "type": kind, "param": None, "code": code}}

    def error_event(self, error: Json) -> bytes:
        return _data({"error": {"message": WORDS, **error}})

    def described(self, model: str) -> Json:
        return {"id": model, "object": "model", "created": 1, "owned_by": "loopback"}

    def _event(self, model: str, delta: Json, reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return _data(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "model": model,
                "choices": [choice],
                "usage": None,
            }
        )

    def _usage(self, tokens: Tokens) -> Json:
        return {
            "prompt_tokens": tokens.input,
            "completion_tokens": tokens.output,
            "total_tokens": tokens.input + tokens.output,
            "prompt_tokens_details": {"cached_tokens": tokens.cached},
        }


class MessagesWire:
    """Anthropic's Messages."""

    def opening(self, model: str, tokens: Tokens) -> list[bytes]:
        usage = {**self._input(tokens), "output_tokens": 1}
        block = {"type": "text", "text": ""}
        return [
            _named("message_start", message={"role": "assistant", "model": model, "usage": usage}),
            _named("content_block_start", index=0, content_block=block),
            _named("ping"),
        ]

    def piece(self, model: str, text: str) -> bytes:
        return _named("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def closing(self, model: str, stop: str, tokens: Tokens) -> list[bytes]:
        delta = {"stop_reason": _MESSAGE_STOPS[stop], "stop_sequence": None}
        return [
            _named("content_block_stop", index=0),
            _named("message_delta", delta=delta, usage={"output_tokens": tokens.output}),
            _named("message_stop"),
        ]

    def whole(self, model: str, text: str, stop: str, tokens: Tokens) -> Json:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": text}],
            "stop_reason": _MESSAGE_STOPS[stop],
            "usage": {**self._input(tokens), "output_tokens": tokens.output},
        }

    def error(self, status: int) -> Json:
        kind = _MESSAGE_ERRORS.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": WORDS}}

    def error_event(self, error: Json) -> bytes:
        return _named("error", error={"message": WORDS, **error})

    def described(self, model: str) -> Json:
        return {"id": model, "type": "model", "display_name": model}

    def _input(self, tokens: Tokens) -> Json:
        return {
            "input_tokens": tokens.input - tokens.cached,
            "cache_read_input_tokens": tokens.cached,
            "cache_creation_input_tokens": 0,
        }


def _data(value: Json) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _named(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\n".encode() + _data({"type": kind, **fields})
