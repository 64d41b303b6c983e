"""Requests go to the right address, and bursts are sent from the start."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from moa import Profile
from moa.providers import Endpoints, ModelSpec
from moa.providers.burst_pacer import REQUESTS_PER_TICK, BurstPacer
from moa.providers.openai import OpenAIModel
from tests.moa.provider_calls import collect
from tests.models import ModelServer, Reply

MANY = 3 * REQUESTS_PER_TICK + 1


class Turns:
    """Counts the event loop's ticks while it runs."""

    def __init__(self) -> None:
        self.number = 0
        self._count()

    def _count(self) -> None:
        self.number += 1
        self._handle = asyncio.get_running_loop().call_soon(self._count)

    def stop(self) -> None:
        self._handle.cancel()


async def begun_in(turns: Turns, pace: BurstPacer, begun: list[tuple[int, int]], name: int) -> None:
    await pace.wait_turn()
    begun.append((name, turns.number))


def test_few_requests_are_sent_at_once() -> None:
    """A single question is sent at once, without an extra tick."""

    async def begin() -> None:
        pace = BurstPacer()
        for _ in range(REQUESTS_PER_TICK):
            with pytest.raises(StopIteration):
                pace.wait_turn().send(None)

    asyncio.run(begin())


async def test_a_burst_is_sent_in_order_a_few_at_a_time() -> None:
    """The first of a hundred questions doesn't wait until the last one is prepared."""
    turns, pace, begun = Turns(), BurstPacer(), list[tuple[int, int]]()
    await asyncio.gather(*(begun_in(turns, pace, begun, name) for name in range(MANY)))
    turns.stop()
    assert [name for name, _ in begun] == list(range(MANY))
    # a request a full tick after another started in a later tick
    assert all(
        later > earlier for (_, earlier), (_, later) in pairwise(begun[:: REQUESTS_PER_TICK + 1])
    )


async def test_a_cancelled_request_delays_nobody() -> None:
    """A question stopped before its calls start leaves its turn to others."""
    turns, pace, begun = Turns(), BurstPacer(), list[tuple[int, int]]()
    tasks = [asyncio.create_task(begun_in(turns, pace, begun, name)) for name in range(MANY)]
    await asyncio.sleep(0)
    for task in tasks[REQUESTS_PER_TICK:-1]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    turns.stop()
    assert [name for name, _ in begun] == [*range(REQUESTS_PER_TICK), MANY - 1]


@pytest.mark.parametrize("ending", ["", "/"])
async def test_an_address_may_end_in_a_slash(ending: str) -> None:
    """`base_url` works with and without a trailing slash; the server has one path only."""
    async with ModelServer({"m": Reply("Paris.")}) as server, Endpoints() as endpoints:
        url = server.openai_url + ending
        spec = ModelSpec(provider="openai", model="m", base_url=url, api_key="k")
        model = OpenAIModel(Profile("m"), spec, endpoints)
        collected = await asyncio.gather(*(collect(model) for _ in range(MANY)))
    assert [each.text for each in collected] == ["Paris."] * MANY
