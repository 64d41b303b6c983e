"""Requests go where they were meant to, and a burst of them goes out from its beginning."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from moa import Profile
from moa.providers import Endpoints
from moa.providers.burst_pacer import A_TURN, BurstPacer
from moa.providers.openai import OpenAIModel
from tests.moa.provider_calls import hear
from tests.models import ModelServer, Reply

MANY = 3 * A_TURN + 1


class Turns:
    """Counts the turns of the event loop for as long as it is wanted."""

    def __init__(self) -> None:
        self.number = 0
        self._count()

    def _count(self) -> None:
        self.number += 1
        self._handle = asyncio.get_running_loop().call_soon(self._count)

    def stop(self) -> None:
        self._handle.cancel()


async def begun_in(turns: Turns, pace: BurstPacer, begun: list[tuple[int, int]], name: int) -> None:
    await pace.turn()
    begun.append((name, turns.number))


def test_few_requests_do_not_wait() -> None:
    """A question by itself is sent at once: its calls do not pass through the event loop first."""

    async def begin() -> None:
        pace = BurstPacer()
        for _ in range(A_TURN):
            with pytest.raises(StopIteration):
                pace.turn().send(None)

    asyncio.run(begin())


async def test_a_burst_goes_out_in_order_a_few_at_a_time() -> None:
    """The first of a hundred questions is not kept until the last one has been prepared."""
    turns, pace, begun = Turns(), BurstPacer(), list[tuple[int, int]]()
    await asyncio.gather(*(begun_in(turns, pace, begun, name) for name in range(MANY)))
    turns.stop()
    assert [name for name, _ in begun] == list(range(MANY))
    # Whoever stands a full turn behind another began in a later turn of the loop.
    assert all(later > earlier for (_, earlier), (_, later) in pairwise(begun[:: A_TURN + 1]))


async def test_who_gives_up_waiting_holds_nobody_up() -> None:
    """A question that was stopped before its calls began leaves their turns to the others."""
    turns, pace, begun = Turns(), BurstPacer(), list[tuple[int, int]]()
    tasks = [asyncio.create_task(begun_in(turns, pace, begun, name)) for name in range(MANY)]
    await asyncio.sleep(0)
    for task in tasks[A_TURN:-1]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    turns.stop()
    assert [name for name, _ in begun] == [*range(A_TURN), MANY - 1]


@pytest.mark.parametrize("ending", ["", "/"])
async def test_an_address_may_end_in_a_slash(ending: str) -> None:
    """`base_url` is written either way in the wild; the server knows one page only."""
    async with ModelServer({"m": Reply("Paris.")}) as server, Endpoints() as endpoints:
        url = server.openai_url + ending
        model = OpenAIModel(Profile("m"), "m", endpoints, base_url=url, api_key="k")
        heard = await asyncio.gather(*(hear(model) for _ in range(MANY)))
    assert [each.text for each in heard] == ["Paris."] * MANY
