"""Long threads and answers work with small windows, on a server that counts tokens itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from moa import Message, Outcome, Plan, Profile, Prompt, ask
from moa.pipeline.plan import Layer, Seat
from moa.providers import Endpoints, ModelSpec, build
from tests.moa.provider_calls import TIMEOUT_S
from tests.moa.runs import says
from tests.models import ModelServer, Reply
from tests.models.replies import Api, Request
from tests.models.wire_formats import Wire

WINDOW = 8_000
OUTPUT = 1_000

PROSE = (
    "The light of the sun meets the molecules of the air, and the shorter waves are scattered more "
    "strongly than the longer ones, as Rayleigh (1871) found; near the horizon, where the way is "
    "longest, little of the blue is left. "
)


def pieces(text: str) -> int:
    """Count tokens as a byte-pair vocabulary does for prose: parts of words, symbols, line ends.

    It shares nothing with the estimates in `moa.pipeline.token_budget`.
    """
    return len(re.findall(r" ?[^\W\d_]{1,6}|\d{1,3}|[^\w\s]|_|\n+|\s", text))


class CountingServer(ModelServer):
    """Rejects prompts that exceed the window together with the requested output."""

    def __init__(self, count: Callable[[str], int], **replies: Reply) -> None:
        super().__init__(replies)
        self.counted: dict[str, list[int]] = {}
        self._count = count

    async def _answer(self, http: web.Request, api: Api, wire: Wire) -> web.StreamResponse:
        body = await http.json()
        texts = [m["content"] for m in body["messages"]] + [body.get("system", "")]
        size = sum(self._count(text) + 4 for text in texts)
        self.counted.setdefault(body["model"], []).append(size)
        if size + (body.get("max_tokens") or OUTPUT) > WINDOW:
            error = {"message": "?", "type": "invalid_request_error"}
            error["code"] = "context_length_exceeded"
            return web.json_response({"error": error}, status=400)
        return await super()._answer(http, api, wire)


@asynccontextmanager
async def counting(count: Callable[[str], int]) -> AsyncGenerator[tuple[CountingServer, Endpoints]]:
    async with asyncio.timeout(TIMEOUT_S):
        reply = Reply(lambda request: f"Read {len(request.turns)} turns.")
        async with CountingServer(count, small=reply) as server, Endpoints() as endpoints:
            yield server, endpoints


def proposers() -> Layer:
    """Return five models with answers of 30,000 characters each."""
    answers = [(f"Answer {n}. " + PROSE * 200)[:30_000] for n in range(5)]
    models = [says(f"m{n}", text, context_window=1_000_000) for n, text in enumerate(answers)]
    return Layer(tuple(Seat(model) for model in models), quorum=5)


def many_turns() -> Prompt:
    """Return 200,000 characters in 201 turns."""
    turns = [
        Message("assistant" if n % 2 else "user", (f"Turn {n}. " + PROSE * 5)[:1000])
        for n in range(200)
    ]
    return Prompt((*turns, Message("user", "So why is the sky blue?")), "Be kind.")


def one_turn() -> Prompt:
    """Return 200,000 characters in one message."""
    return Prompt.of("Read this: " + PROSE * 900 + " So why is the sky blue?", system="Be kind.")


async def written(server: CountingServer, endpoints: Endpoints, thread: Prompt) -> Outcome:
    """Return the reply of a model with a window of 8,000 tokens."""
    spec = ModelSpec(provider="openai", model="small", base_url=server.openai_url, api_key="k")
    small = build(
        spec, Profile("small", context_window=WINDOW, max_output_tokens=OUTPUT), endpoints
    )
    return await ask(Plan((proposers(),), (small,)), thread, seed=1)


@pytest.mark.parametrize("thread", [many_turns(), one_turn()], ids=["many turns", "one turn"])
async def test_a_long_thread_and_long_answers_fit_into_a_small_window(thread: Prompt) -> None:
    """The first call fits, with the question and part of every answer; notes list the rest."""
    assert sum(len(m.content) for m in thread.messages) >= 200_000
    async with counting(pieces) as (server, endpoints):
        outcome = await written(server, endpoints, thread)
        (request,) = server.requests
    assert (outcome.status, len(outcome.answers)) == ("complete", 5)
    assert outcome.reply == "Read 1 turns."
    (sent,) = server.counted["small"]
    assert WINDOW / 2 < sent <= WINDOW - OUTPUT
    assert_all_is_there(request)
    assert any("answers were shortened" in note for note in outcome.notes)
    left_out = "oldest 200 messages" if len(thread.messages) > 1 else "last message was too long"
    assert any(left_out in note for note in outcome.notes)


def assert_all_is_there(request: Request) -> None:
    """Assert that the end of the question and a part of each answer are in the prompt."""
    _, content = request.turns[-1]
    assert "So why is the sky blue?" in content
    assert all(f"Answer {n}." in content for n in range(5))
    assert "Be kind." in request.system


async def test_a_rejected_prompt_is_halved_once() -> None:
    """If the estimate was too low, the same model is called with half its window."""
    async with counting(lambda text: 2 * pieces(text)) as (server, endpoints):
        outcome = await written(server, endpoints, many_turns())
        (request,) = server.requests
    first, second = server.counted["small"]
    assert first > WINDOW - OUTPUT >= second
    assert_all_is_there(request)
    assert (outcome.status, outcome.reply) == ("complete", "Read 1 turns.")
    lines = [call for call in outcome.calls if call.model == "small"]
    assert [(line.attempt, line.error_kind) for line in lines] == [(1, "overflow"), (2, None)]


async def test_a_model_that_rejects_half_its_window_fails() -> None:
    """If half the window is still too much, the draft becomes the reply."""
    async with counting(lambda text: 9 * pieces(text)) as (server, endpoints):
        outcome = await written(server, endpoints, many_turns())
    assert (outcome.status, outcome.aggregator) == ("unsynthesised", None)
    assert [call.error_kind for call in outcome.calls[-2:]] == ["overflow", "overflow"]
