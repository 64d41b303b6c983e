"""Model servers that send far too much waste little memory and delay nobody."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncGenerator

import pytest

import moa
from moa.engine.in_flight_call import MAX_ANSWER_CHARS
from moa.providers import Endpoints, ModelSpec, build, response_reader, transport
from tests.moa.provider_calls import collect
from tests.models import ModelServer, Raw, Reply
from tests.models.floods import FLOODS

SMALL = 1024 * 1024
BUFFERED = 16 * SMALL
"""Bytes that the kernel and the server may buffer before we read them."""


@pytest.fixture
async def server() -> AsyncGenerator[ModelServer, None]:
    models = {name: Reply(fault=fault) for name, fault in FLOODS.items()}
    async with ModelServer(models, default=Reply("Paris.")) as running:
        yield running


def model_at(server: ModelServer, endpoints: Endpoints, name: str) -> moa.Model:
    spec = ModelSpec(provider="openai", model=name, base_url=server.openai_url, api_key="k")
    return build(spec, moa.Profile(name), endpoints)


async def outcome_of(plan: moa.Plan) -> moa.Outcome:
    async for event in moa.run(plan, moa.Prompt.of("Where?"), seed=1):
        if isinstance(event, moa.Finished):
            return event.outcome
    raise AssertionError


@pytest.mark.parametrize("flood", FLOODS)
async def test_an_endless_answer_is_cut_off(
    server: ModelServer, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, flood: str
) -> None:
    """The reply uses the other answers, and the rest of the stream is not read."""
    monkeypatch.setattr(response_reader, "MAX_STREAM_BYTES", SMALL)
    monkeypatch.setattr(transport, "MAX_WIRE_BYTES", 2 * SMALL)
    models = [model_at(server, endpoints, name) for name in (flood, "good")]
    outcome = await outcome_of(moa.Plan.of(models, aggregator=model_at(server, endpoints, "w")))
    assert (outcome.reply, outcome.status) == ("Paris.", "complete")
    flooded, good = outcome.answers
    assert good.status == "used"
    assert flooded.status in {"truncated", "failed", "used"}
    assert len(flooded.text) <= MAX_ANSWER_CHARS
    for request in server.requests:
        await asyncio.wait_for(request.ended.wait(), 60)
        assert request.sent < BUFFERED


def _deep(before: bytes, depth: int, after: bytes) -> bytes:
    return before + b"[" * depth + b"]" * depth + after


CHOICE, CLOSE = b'{"choices": [{"finish_reason": "stop", "delta": {"content": ', b"}}]}"
LONG_LIST = b"[%s]" % b",".join([b"{}"] * 1_000_000)
ODD_ANSWERS = {
    **{f"{depth} lists": _deep(CHOICE, depth, CLOSE) for depth in (150, 300, 500, 900, 50_000)},
    "many parts": CHOICE + LONG_LIST + CLOSE,
    "many choices": b'{"choices": %s}' % LONG_LIST,
    "many lists": CHOICE + b"[%s]" % b",".join([b"[]"] * 1_000_000) + CLOSE,
    "many errors": b'{"error": {"message": %s}}' % LONG_LIST,
    "a long number": CHOICE.replace(b'"stop"', b"9" * 900_000) + b'"x"' + CLOSE,
}


@pytest.mark.parametrize("odd", ODD_ANSWERS)
async def test_an_odd_structure_is_an_ordinary_failure(
    server: ModelServer, endpoints: Endpoints, odd: str
) -> None:
    """However deep or wide the JSON of one answer is, it is empty or unreadable, not a bug."""
    whole = ODD_ANSWERS[odd]
    for body in (whole, b"data: %s\n\ndata: [DONE]\n\n" % whole):
        server.models["odd"] = Reply(fault=Raw(body))
        models = [model_at(server, endpoints, name) for name in ("odd", "good")]
        outcome = await outcome_of(moa.Plan.of(models, aggregator=model_at(server, endpoints, "w")))
        assert outcome.reply == "Paris."
        assert outcome.answers[0].error_kind in {"empty", "garbled", "unavailable", "cut"}


async def test_nothing_is_read_after_packed_data(server: ModelServer, endpoints: Endpoints) -> None:
    """The end of packed data is the end of the answer, even if the connection stays open."""
    packed, headers = gzip.compress(b"data: {}\n\n"), {"Content-Encoding": "gzip"}
    server.models["m"] = Reply(fault=Raw(packed, headers=headers, stays_open=True))
    collected = await collect(model_at(server, endpoints, "m"))
    assert collected.kind == ("Unavailable", "cut")


@pytest.mark.parametrize("flood", ["text", "packed text"])
async def test_an_endless_reply_is_cut_off_and_a_note_says_so(
    server: ModelServer, endpoints: Endpoints, flood: str
) -> None:
    """The reply stops at the limit, and the outcome says so."""
    writer = model_at(server, endpoints, flood)
    outcome = await outcome_of(
        moa.Plan.of([model_at(server, endpoints, "good")], aggregator=writer)
    )
    assert len(outcome.reply) == MAX_ANSWER_CHARS
    assert outcome.aggregator is not None
    assert outcome.aggregator.status == "truncated"
    assert outcome.cut_at_limit


async def test_floods_do_not_delay_other_questions(
    server: ModelServer, endpoints: Endpoints
) -> None:
    """Five questions are answered while three servers send as fast as we read."""
    floods = ["text in the smallest events", "thoughts", "events that say nothing"]
    flooding = asyncio.create_task(
        outcome_of(
            moa.Plan.of(
                [model_at(server, endpoints, name) for name in floods],
                aggregator=model_at(server, endpoints, "w"),
            )
        )
    )
    await server.asked(3)
    good = moa.Plan.of(
        [model_at(server, endpoints, "good")], aggregator=model_at(server, endpoints, "w")
    )
    for _ in range(5):
        assert (await outcome_of(good)).reply == "Paris."
    assert not flooding.done()
    assert not any(request.ended.is_set() for request in server.requests[:3])
    flooding.cancel()
    await asyncio.gather(flooding, return_exceptions=True)


MEMORY = """
import asyncio, sys
import moa
from moa.providers import Endpoints, ModelSpec, build

async def main():
    url, *names = sys.argv[1:]
    async with Endpoints() as endpoints:
        def model(name):
            spec = ModelSpec(provider="openai", model=name, base_url=url, api_key="k")
            return build(spec, moa.Profile(name), endpoints)
        for name in names:
            plan = moa.Plan.of([model(name) for _ in range(4)], aggregator=model(name))
            try:
                async for _ in moa.run(plan, moa.Prompt.of("Where?"), seed=1):
                    pass
            except moa.MoaError:
                pass

asyncio.run(main())
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


async def test_memory_stays_within_bounds(server: ModelServer) -> None:
    """Four of the worst floods at once leave a process below 400 MB."""
    names = ["text", "packed JSON", "a JSON answer", "an event without end", "an error's body"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MEMORY, server.openai_url, *names, stdout=subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert int(printed) < 400_000
