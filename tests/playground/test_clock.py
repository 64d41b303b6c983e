"""The clock: it can be hurried, moved and stopped."""

from __future__ import annotations

import asyncio

import pytest

from bot.playground.clock import Clock
from tests.playground.apps import turns


async def test_a_still_clock_moves_only_when_moved() -> None:
    """Sleepers wake in the order of their time, and not before it."""
    clock = Clock(scale=0, start=100.0)
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (20, 10, 30)]
    await turns()
    clock.advance(9.5)
    await turns()
    assert woken == []
    clock.advance(10.5)
    await turns()
    assert woken == [10, 20]
    assert clock.now() == 120.0
    clock.advance(10)
    await asyncio.gather(*tasks)


async def test_a_fast_clock_shortens_the_wait() -> None:
    """At a scale of 100,000 an hour passes while a test runs."""
    clock = Clock(scale=100_000)
    before = clock.now()
    await clock.sleep(3_600)
    assert clock.now() - before >= 3_600


async def test_a_deadline_passes_by_the_clock() -> None:
    """What is in time is given; what is not raises and goes on by itself."""
    clock = Clock(scale=0)
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(clock.within(3, future))
    await turns()
    clock.advance(3)
    with pytest.raises(TimeoutError):
        await waiting
    assert not future.cancelled()
    future.set_result("late")
    assert await clock.within(3, future) == "late"


async def test_a_cancelled_timer_never_rings() -> None:
    """Even when its time comes in the same moment."""
    clock = Clock(scale=0)
    rung: list[int] = []
    timer = clock.call_later(1, lambda: rung.append(1))
    timer.cancel()
    timer.cancel()
    clock.advance(2)
    await turns()
    assert rung == []


def test_a_clock_does_not_run_backwards() -> None:
    """A negative step or scale is a mistake."""
    with pytest.raises(ValueError, match="backwards"):
        Clock(scale=-1)
    with pytest.raises(ValueError, match="backwards"):
        Clock().advance(-1)
