"""Answers in the variants of compatible servers are understood."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moa import Profile
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build
from tests.moa.provider_calls import Collected, collect
from tests.models import ModelServer, Raw, Reply

STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}


def model_at(server: ModelServer, endpoints: Endpoints, provider: str = "openai") -> ProvidedModel:
    url = server.openai_url if provider == "openai" else server.anthropic_url
    spec = ModelSpec(provider=provider, model="m", base_url=url, api_key="k")
    return build(spec, Profile("m"), endpoints)


async def answer_from(
    server: ModelServer, endpoints: Endpoints, body: bytes, **raw: Any
) -> Collected:
    """Return the answer of a server that sends these bytes."""
    server.models["m"] = Reply(fault=Raw(body, **raw))
    return await collect(model_at(server, endpoints))


def delta(content: object, **fields: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content, **fields}}]}


def events(*said: object, end: str = "\n\n", done: bool = True) -> bytes:
    data = [one if isinstance(one, str) else json.dumps(one) for one in said]
    return "".join(f"data: {one}{end}" for one in [*data, *(["[DONE]"] if done else [])]).encode()


SHAPES: dict[str, tuple[object, ...]] = {
    "parts": (delta([{"type": "text", "text": "Par"}]), delta([{"type": "text", "text": "is."}])),
    "thinking parts": (
        delta([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]),
        delta([{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "Paris."}]),
    ),
    "plain parts": (delta(["Par", {"text": "is."}]),),
    "message": ({"choices": [{"message": {"role": "assistant", "content": "Paris."}}]},),
    "message and an empty delta": ({"choices": [{"delta": {}, "message": {"content": "Paris."}}]},),
    "message behind deltas": (
        delta("Par"),
        delta("is."),
        {"choices": [{"message": {"content": "Paris."}}]},
    ),
    "text of a completion": ({"choices": [{"text": "Par"}]}, {"choices": [{"text": "is."}]}),
    "another index": (
        {"choices": [{"index": 1, "delta": {"content": "Paris."}}]},
        {"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]},
    ),
    "two choices in turns": (
        delta("Par"),
        {"choices": [{"index": 1, "delta": {"content": "Rome"}}]},
        delta("is."),
    ),
    "two choices together": (
        {
            "choices": [
                {"index": 1, "delta": {"content": "Rome"}},
                {"index": 0, "delta": {"content": "Paris."}},
            ]
        },
    ),
    "null": ("null", delta("Paris.")),
    "comments within data": (": PROCESSING", delta("Par"), "ping", "", delta("is."), "[ping]"),
    "null fields": ({"choices": None}, delta(None), delta("Paris.", refusal=None)),
    "a list around": ("[]", delta("Paris.")),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("end", ["\n\n", "\n", "\r\n", "\r\n\r\n"], ids=["", "1 LF", "1 CRLF", "2"])
async def test_a_stream_in_any_variant_is_parsed(
    server: ModelServer, endpoints: Endpoints, shape: str, end: str
) -> None:
    """Content parts, whole messages, comments, extra choices, and one or two line breaks work."""
    answer = await answer_from(server, endpoints, events(*SHAPES[shape], STOP, USAGE, end=end))
    assert (answer.text, answer.stop, answer.error) == ("Paris.", "end", None)
    assert answer.usage is not None
    assert answer.usage.output_tokens == 2


WHOLE = {"choices": [{"message": {"content": "Paris."}, "finish_reason": "stop"}]}
TYPES = ["text/event-stream", "application/json", "text/plain", "text/html", "application/x"]


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("before", [b"", b"\n\n  \n", b"\xef\xbb\xbf"], ids=["", "blanks", "BOM"])
async def test_one_json_object_is_an_answer_under_any_content_type(
    server: ModelServer, endpoints: Endpoints, content_type: str, before: bytes
) -> None:
    """A server may ignore the request to stream, with any content type."""
    body = before + json.dumps(WHOLE, indent=1).encode()
    answer = await answer_from(server, endpoints, body, content_type=content_type)
    assert (answer.text, answer.stop, answer.error) == ("Paris.", "end", None)


@pytest.mark.parametrize("content_type", TYPES)
async def test_a_stream_is_parsed_under_any_content_type(
    server: ModelServer, endpoints: Endpoints, content_type: str
) -> None:
    """A server may send a stream with another content type."""
    answer = await answer_from(
        server, endpoints, events(delta("Paris."), STOP), content_type=content_type
    )
    assert (answer.text, answer.error) == ("Paris.", None)


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (events(delta("Paris."), STOP, done=False), None),
        (events(delta("Paris."), STOP, USAGE, done=False), 2),
        (events(delta("Paris."), STOP, done=False).rstrip(), None),
        (json.dumps(WHOLE).encode(), None),
        (json.dumps(WHOLE | USAGE | {"choices": WHOLE["choices"]}).encode() + b"\n", 2),
    ],
)
@pytest.mark.parametrize("stays_open", [True, False], ids=["open", "closed"])
async def test_an_answer_ends_with_its_stop_reason(
    server: ModelServer, endpoints: Endpoints, body: bytes, tokens: int | None, *, stays_open: bool
) -> None:
    """Neither an end marker nor a closed connection is required; the wait for usage is limited."""
    if stays_open and body.endswith(b'"}]}'):
        body += b"\n"  # an unterminated line may continue
    answer = await answer_from(server, endpoints, body, stays_open=stays_open)
    assert (answer.text, answer.stop, answer.error) == ("Paris.", "end", None)
    assert (answer.usage.output_tokens if answer.usage else None) == tokens


async def test_text_after_a_stop_reason_is_kept(server: ModelServer, endpoints: Endpoints) -> None:
    """Some servers repeat a stop reason in every chunk."""
    pieces = [delta(piece) for piece in ("Par", "is", ".")]
    for piece in pieces:
        piece["choices"][0]["finish_reason"] = "stop"
    answer = await answer_from(server, endpoints, events(*pieces, USAGE))
    assert (answer.text, answer.error) == ("Paris.", None)


REASONS = {
    "length": "length MAX_TOKENS max_tokens max_output_tokens model_length max_length token_limit "
    "model_context_window_exceeded length_limit truncated",
    "refusal": "content_filter content-filter CONTENT_FILTERED SAFETY PROHIBITED_CONTENT BLOCKLIST "
    "RECITATION SPII guardrail_intervened refusal sensitive moderation",
    "end": "stop STOP end_turn eos eos_token stop_sequence tool_calls",
}


@pytest.mark.parametrize("meant", REASONS)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_stop_reasons_are_recognised_in_every_spelling(
    server: ModelServer, endpoints: Endpoints, meant: str, provider: str
) -> None:
    """Cut off, refused and complete are recognised in the spellings of a dozen servers."""
    for reason in REASONS[meant].split():
        chat = {"choices": [{"delta": {"content": "Hm."}, "finish_reason": reason}]}
        said = [
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hm."}},
            {"type": "message_delta", "delta": {"stop_reason": reason}},
            {"type": "message_stop"},
        ]
        body = events(chat) if provider == "openai" else events(*said, done=False)
        server.models["m"] = Reply(fault=Raw(body))
        answer = await collect(model_at(server, endpoints, provider))
        assert (reason, answer.text, answer.stop) == (reason, "Hm.", meant)


@pytest.mark.parametrize(
    "reason", ["error", "network_error", "insufficient_system_resource", "abort"]
)
async def test_a_server_failure_in_the_middle_is_a_cut_answer(
    server: ModelServer, endpoints: Endpoints, reason: str
) -> None:
    """The text received is kept, but the answer isn't complete."""
    chat = {"choices": [{"delta": {"content": "Hm."}, "finish_reason": reason}]}
    answer = await answer_from(server, endpoints, events(chat))
    assert (answer.text, answer.kind) == ("Hm.", ("Unavailable", "cut"))


BROKEN = {
    "two halves": (rb'"A \ud83d"', rb'"\ude00 B"', "A 😀 B"),
    "one half": (rb'"A \ud83d"', rb'" B"', "A \ufffd B"),
    "the other half": (rb'"A "', rb'"\ude00 B"', "A \ufffd B"),
    "a half at the end": (rb'"A "', rb'"B\ud83d"', "A B\ufffd"),
    "both in one": (rb'"A \ud83d\ude00"', rb'" B"', "A 😀 B"),
    "a broken byte": (b'"A \xff"', b'" B"', "A \ufffd B"),
    "a character cut in bytes": (b'"A \xf0\x9f"', b'"\x98\x80 B"', "A 😀 B"),
    "two bytes of two": (b'"A \xc3"', b'"\xa9 B"', "A é B"),
    "a zero": (rb'"A \u0000"', rb'" B"', "A \0 B"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_split_character_ends_no_answer(
    server: ModelServer, endpoints: Endpoints, case: str
) -> None:
    """Two halves form one character; a broken one becomes a replacement character."""
    first, second, expected = BROKEN[case]
    said = b"".join(
        b'data: {"choices": [{"delta": {"content": ' + piece + b"}}]}\n\n"
        for piece in (first, second)
    )
    answer = await answer_from(server, endpoints, said + events(STOP))
    assert (answer.text, answer.error) == (expected, None)
