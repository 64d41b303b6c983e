"""The clock can be sped up, advanced and stopped."""

from __future__ import annotations

import asyncio

import pytest

from bot.playground.clock import Clock
from tests.playground.apps import run_pending_tasks


async def test_stopped_clock_moves_only_when_advanced() -> None:
    """Sleepers wake in order and never early."""
    clock = Clock(scale=0, start=100.0)
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (20, 10, 30)]
    await run_pending_tasks()
    clock.advance(9.5)
    await run_pending_tasks()
    assert woken == []
    clock.advance(10.5)
    await run_pending_tasks()
    assert woken == [10, 20]
    assert clock.now() == 120.0
    clock.advance(10)
    await asyncio.gather(*tasks)


async def test_fast_clock_shortens_waits() -> None:
    """At a scale of 100,000 an hour passes while a test runs."""
    clock = Clock(scale=100_000)
    before = clock.now()
    await clock.sleep(3_600)
    assert clock.now() - before >= 3_600


async def test_deadline_uses_the_clock() -> None:
    """A late future raises TimeoutError and is not cancelled."""
    clock = Clock(scale=0)
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(clock.within(3, future))
    await run_pending_tasks()
    clock.advance(3)
    with pytest.raises(TimeoutError):
        await waiting
    assert not future.cancelled()
    future.set_result("late")
    assert await clock.within(3, future) == "late"


async def test_cancelled_timer_never_fires() -> None:
    """Cancelling twice is allowed, even when the timer is due."""
    clock = Clock(scale=0)
    fired: list[int] = []
    timer = clock.call_later(1, lambda: fired.append(1))
    timer.cancel()
    timer.cancel()
    clock.advance(2)
    await run_pending_tasks()
    assert fired == []


def test_clock_never_runs_backwards() -> None:
    """A negative step or scale raises ValueError."""
    with pytest.raises(ValueError, match="backwards"):
        Clock(scale=-1)
    with pytest.raises(ValueError, match="backwards"):
        Clock().advance(-1)
