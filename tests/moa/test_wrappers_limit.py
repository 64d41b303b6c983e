"""A model's limits: how many calls at the same time and in a minute, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moa import Plan, ask
from moa.providers.scripted import Hang
from moa.resilience import RateLimitedModel, RateLimiter, resilient
from moa.resilience.rate_limit import WorkerShare
from tests.moa.provider_calls import hear
from tests.moa.runs import clock, says, slow
from tests.moa.virtual_time import in_virtual_time, virtual


async def pass_through(
    gate: RateLimiter, question: object, seconds: float, log: list[str], name: str
) -> None:
    await gate.enter(question)
    log.append(name)
    try:
        await asyncio.sleep(seconds)
    finally:
        gate.leave()


@virtual
async def test_no_more_calls_run_at_once_than_allowed() -> None:
    """The others wait, and all are answered."""
    model = slow("m", 1)
    limited = RateLimitedModel(model, RateLimiter(max_concurrency=3))
    calls = [asyncio.create_task(hear(limited)) for _ in range(8)]
    await asyncio.sleep(0.5)
    assert (model.calls, model.running) == (3, 3)
    assert all(heard.error is None for heard in await asyncio.gather(*calls))
    assert (clock(), model.calls) == (3.0, 8)


@virtual
async def test_questions_take_turns() -> None:
    """One of many calls does not keep one of a single call waiting for all of them."""
    gate, log = RateLimiter(max_concurrency=1), list[str]()
    names = ["a1", "a2", "a3", "a4", "b1", "c1", "b2"]
    await asyncio.gather(*(pass_through(gate, name[0], 1, log, name) for name in names))
    assert log == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]
    assert (gate.waiting, gate.under_way) == (0, 0)


@virtual
async def test_a_minute_holds_no_more_calls_than_allowed() -> None:
    """Of ten at once three begin now, and each further one when a minute allows it."""
    gate, begun = RateLimiter(requests_per_minute=3), list[float]()

    async def call() -> None:
        await gate.enter("q")
        begun.append(clock())
        gate.leave()

    await asyncio.gather(*(call() for _ in range(7)))
    assert begun == [0, 0, 0, 60, 60, 60, 120]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 20, 59, 61]), st.integers(0, 3), st.integers(0, 70)),
        max_size=20,
    ),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_limits_hold_whoever_comes_and_goes(
    calls: Sequence[tuple[int, int, int]], at_once: int, a_minute: int
) -> None:
    """Calls come at any time, take any time, are cancelled: the limits hold, none is lost."""
    gate = RateLimiter(max_concurrency=at_once, requests_per_minute=a_minute)
    begun: list[float] = []
    most = 0

    async def call(after: int, question: int, seconds: int) -> None:
        nonlocal most
        await asyncio.sleep(after)
        await gate.enter(question)
        begun.append(clock())
        most = max(most, gate.under_way)
        try:
            await asyncio.sleep(seconds)
        finally:
            gate.leave()

    async def main() -> None:
        tasks = [asyncio.create_task(call(*each)) for each in calls]
        await asyncio.sleep(30)
        for task in tasks[::3]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() or task.exception() is None for task in tasks)

    in_virtual_time(main())
    assert (gate.waiting, gate.under_way) == (0, 0)
    assert most <= at_once
    assert all(b - a >= 60 for a, b in zip(begun, begun[a_minute:], strict=False))


@virtual
async def test_a_call_that_is_cancelled_in_the_queue_leaves_its_place() -> None:
    """Those behind it move up, and no place is lost when its turn had just come."""
    gate, log = RateLimiter(max_concurrency=1), list[str]()
    tasks = [asyncio.create_task(pass_through(gate, n, 1, log, n)) for n in ("a", "b", "c")]
    await asyncio.sleep(0.5)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (log, clock()) == (["a", "c"], 2.0)
    await gate.enter("d")
    waiting = asyncio.create_task(gate.enter("e"))
    await asyncio.sleep(0)
    gate.leave()  # e's turn comes, and before it runs it is cancelled
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (gate.waiting, gate.under_way) == (0, 0)


@virtual
async def test_a_stopped_call_gives_its_place_back() -> None:
    """A call that is cancelled while the model speaks does not hold the limit for ever."""
    limited = RateLimitedModel(says("m", "Half", Hang()), RateLimiter(max_concurrency=1))
    for _ in range(3):
        task = asyncio.create_task(hear(limited))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert clock() == 3.0


@virtual
async def test_two_runs_share_a_models_limit_fairly() -> None:
    """The second question's only call comes before the first one's third and fourth."""
    busy = resilient(slow("m", 1), max_concurrency=1)
    many = Plan.of([busy] * 4, aggregator=says("w"))
    single = Plan.of([busy], aggregator=says("w"))

    async def seconds(plan: Plan) -> float:
        return (await ask(plan, "Why?", seed=1)).seconds

    first = asyncio.create_task(seconds(many))
    await asyncio.sleep(0.1)
    assert await seconds(single) == pytest.approx(2.9)
    assert await first == 5.0


@virtual
async def test_waiting_counts_against_the_layers_deadline() -> None:
    """A call whose turn does not come in time ends as out of time, and asks nobody."""
    inner = slow("m", 50)
    busy = resilient(inner, max_concurrency=1)
    plan = Plan.of([busy, busy], aggregator=says("w"))
    outcome = await ask(plan, "Why?", seed=1)
    assert [a.error_kind for a in outcome.answers] == ["timeout", "timeout"]
    assert (outcome.seconds, inner.calls, inner.running) == (45.0, 1, 0)


@given(st.integers(1, 1000), st.integers(-1, 1000))
def test_all_who_share_a_limit_stay_within_it(limit: int, sharers: int) -> None:
    """As long as there are no more of them than it allows; each is given one call at least."""
    shared = WorkerShare()
    shared.become(sharers)
    part = shared.part_of(limit)
    assert part >= 1
    assert part * max(sharers, 1) <= limit or part == 1


@virtual
async def test_a_limit_is_divided_by_those_who_share_it() -> None:
    """Two processes have half each; when one has gone, what waits begins at once."""
    sharers, log = WorkerShare(), list[str]()
    gate = RateLimiter(max_concurrency=5, sharers=sharers)
    sharers.become(2)
    tasks = [asyncio.create_task(pass_through(gate, n, 10, log, n)) for n in "abcdef"]
    await asyncio.sleep(1)
    assert (log, gate.waiting) == (["a", "b"], 4)
    sharers.become(1)
    await asyncio.sleep(1)
    assert (log, gate.waiting) == (["a", "b", "c", "d", "e"], 1)
    await asyncio.gather(*tasks)
    assert (gate.waiting, gate.under_way) == (0, 0)


@virtual
async def test_what_is_under_way_goes_on_when_more_come_to_share() -> None:
    """But nothing more begins until there is room in the smaller part."""
    sharers, begun = WorkerShare(), list[float]()
    gate = RateLimiter(max_concurrency=4, sharers=sharers)

    async def call(seconds: float) -> None:
        await gate.enter("q")
        begun.append(clock())
        await asyncio.sleep(seconds)
        gate.leave()

    calls = [asyncio.create_task(call(seconds)) for seconds in (10, 20, 30, 40, 1)]
    await asyncio.sleep(1)
    sharers.become(2)
    await asyncio.gather(*calls)
    assert begun == [0, 0, 0, 0, 30]


@virtual
async def test_a_minutes_calls_are_divided_as_well() -> None:
    """Four a minute are two for each of two processes."""
    sharers, begun = WorkerShare(), list[float]()
    gate = RateLimiter(requests_per_minute=4, sharers=sharers)
    sharers.become(2)

    async def call() -> None:
        await gate.enter("q")
        begun.append(clock())
        gate.leave()

    await asyncio.gather(*(call() for _ in range(5)))
    assert begun == [0, 0, 60, 60, 120]


@virtual
async def test_a_call_begins_as_early_as_the_new_part_allows() -> None:
    """Whoever waited for the smaller part's minute does not wait for it any longer."""
    sharers, begun = WorkerShare(), list[float]()
    gate = RateLimiter(requests_per_minute=4, sharers=sharers)

    async def call(after: float) -> None:
        await asyncio.sleep(after)
        await gate.enter("q")
        begun.append(clock())
        gate.leave()

    calls = [asyncio.create_task(call(after)) for after in (0, 10, 20, 30, 32)]
    await asyncio.sleep(31)
    sharers.become(2)  # the next could begin at 80, when that of 20 is a minute old
    await asyncio.sleep(9)
    sharers.become(1)  # now at 60, when that of 0 is
    await asyncio.gather(*calls)
    assert begun == [0, 10, 20, 30, 60]
