"""Rate limits: how many calls run at once and start per minute, and whose turn is next."""

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
from tests.moa.provider_calls import collect
from tests.moa.runs import clock, says, slow
from tests.moa.virtual_time import in_virtual_time, virtual


async def pass_through(
    limiter: RateLimiter, question: object, seconds: float, log: list[str], name: str
) -> None:
    await limiter.acquire(question)
    log.append(name)
    try:
        await asyncio.sleep(seconds)
    finally:
        limiter.release()


@virtual
async def test_no_more_calls_run_at_once_than_allowed() -> None:
    """The others wait, and all are answered."""
    model = slow("m", 1)
    limited = RateLimitedModel(model, RateLimiter(max_concurrency=3))
    calls = [asyncio.create_task(collect(limited)) for _ in range(8)]
    await asyncio.sleep(0.5)
    assert (model.calls, model.running) == (3, 3)
    assert all(collected.error is None for collected in await asyncio.gather(*calls))
    assert (clock(), model.calls) == (3.0, 8)


@virtual
async def test_questions_take_turns() -> None:
    """A question with many calls does not block one with a single call."""
    limiter, log = RateLimiter(max_concurrency=1), list[str]()
    names = ["a1", "a2", "a3", "a4", "b1", "c1", "b2"]
    await asyncio.gather(*(pass_through(limiter, name[0], 1, log, name) for name in names))
    assert log == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]
    assert (limiter.waiting, limiter.running) == (0, 0)


@virtual
async def test_no_more_calls_start_per_minute_than_allowed() -> None:
    """Of ten calls three start now, and the others when the minute allows them."""
    limiter, begun = RateLimiter(requests_per_minute=3), list[float]()

    async def call() -> None:
        await limiter.acquire("q")
        begun.append(clock())
        limiter.release()

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
def test_limits_hold_under_any_arrivals_and_cancellations(
    calls: Sequence[tuple[int, int, int]], at_once: int, a_minute: int
) -> None:
    """Calls arrive, end and are cancelled at any time; the limits hold and no call is lost."""
    limiter = RateLimiter(max_concurrency=at_once, requests_per_minute=a_minute)
    begun: list[float] = []
    most = 0

    async def call(after: int, question: int, seconds: int) -> None:
        nonlocal most
        await asyncio.sleep(after)
        await limiter.acquire(question)
        begun.append(clock())
        most = max(most, limiter.running)
        try:
            await asyncio.sleep(seconds)
        finally:
            limiter.release()

    async def main() -> None:
        tasks = [asyncio.create_task(call(*each)) for each in calls]
        await asyncio.sleep(30)
        for task in tasks[::3]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() or task.exception() is None for task in tasks)

    in_virtual_time(main())
    assert (limiter.waiting, limiter.running) == (0, 0)
    assert most <= at_once
    assert all(b - a >= 60 for a, b in zip(begun, begun[a_minute:], strict=False))


@virtual
async def test_a_call_cancelled_in_the_queue_leaves_it() -> None:
    """Those behind it move up, even if it had just been admitted."""
    limiter, log = RateLimiter(max_concurrency=1), list[str]()
    tasks = [asyncio.create_task(pass_through(limiter, n, 1, log, n)) for n in ("a", "b", "c")]
    await asyncio.sleep(0.5)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (log, clock()) == (["a", "c"], 2.0)
    await limiter.acquire("d")
    waiting = asyncio.create_task(limiter.acquire("e"))
    await asyncio.sleep(0)
    limiter.release()  # e is admitted, and cancelled before it runs
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (limiter.waiting, limiter.running) == (0, 0)


@virtual
async def test_a_stopped_call_releases_its_slot() -> None:
    """A call cancelled while streaming releases its slot."""
    limited = RateLimitedModel(says("m", "Half", Hang()), RateLimiter(max_concurrency=1))
    for _ in range(3):
        task = asyncio.create_task(collect(limited))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert clock() == 3.0


@virtual
async def test_two_runs_share_a_models_limit_fairly() -> None:
    """The second question's only call precedes the first one's third and fourth."""
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
    """A call that is not admitted in time times out without reaching the model."""
    inner = slow("m", 50)
    busy = resilient(inner, max_concurrency=1)
    plan = Plan.of([busy, busy], aggregator=says("w"))
    outcome = await ask(plan, "Why?", seed=1)
    assert [a.error_kind for a in outcome.answers] == ["timeout", "timeout"]
    assert (outcome.seconds, inner.calls, inner.running) == (45.0, 1, 0)


@given(st.integers(1, 1000), st.integers(-1, 1000))
def test_all_workers_together_stay_within_a_limit(limit: int, workers: int) -> None:
    """Each may make at least one call, so more workers than the limit exceed it."""
    shared = WorkerShare()
    shared.set_count(workers)
    part = shared.share_of(limit)
    assert part >= 1
    assert part * max(workers, 1) <= limit or part == 1


@virtual
async def test_a_limit_is_divided_among_workers() -> None:
    """Two workers get half each; when one leaves, waiting calls start at once."""
    worker_share, log = WorkerShare(), list[str]()
    limiter = RateLimiter(max_concurrency=5, worker_share=worker_share)
    worker_share.set_count(2)
    tasks = [asyncio.create_task(pass_through(limiter, n, 10, log, n)) for n in "abcdef"]
    await asyncio.sleep(1)
    assert (log, limiter.waiting) == (["a", "b"], 4)
    worker_share.set_count(1)
    await asyncio.sleep(1)
    assert (log, limiter.waiting) == (["a", "b", "c", "d", "e"], 1)
    await asyncio.gather(*tasks)
    assert (limiter.waiting, limiter.running) == (0, 0)


@virtual
async def test_running_calls_continue_when_more_workers_join() -> None:
    """No new call starts until the smaller share allows it."""
    worker_share, begun = WorkerShare(), list[float]()
    limiter = RateLimiter(max_concurrency=4, worker_share=worker_share)

    async def call(seconds: float) -> None:
        await limiter.acquire("q")
        begun.append(clock())
        await asyncio.sleep(seconds)
        limiter.release()

    calls = [asyncio.create_task(call(seconds)) for seconds in (10, 20, 30, 40, 1)]
    await asyncio.sleep(1)
    worker_share.set_count(2)
    await asyncio.gather(*calls)
    assert begun == [0, 0, 0, 0, 30]


@virtual
async def test_the_calls_per_minute_are_divided_as_well() -> None:
    """Two workers share four a minute as two each."""
    worker_share, begun = WorkerShare(), list[float]()
    limiter = RateLimiter(requests_per_minute=4, worker_share=worker_share)
    worker_share.set_count(2)

    async def call() -> None:
        await limiter.acquire("q")
        begun.append(clock())
        limiter.release()

    await asyncio.gather(*(call() for _ in range(5)))
    assert begun == [0, 0, 60, 60, 120]


@virtual
async def test_a_call_starts_as_early_as_the_larger_share_allows() -> None:
    """A call that waits for the smaller share's minute starts as soon as the share grows."""
    worker_share, begun = WorkerShare(), list[float]()
    limiter = RateLimiter(requests_per_minute=4, worker_share=worker_share)

    async def call(after: float) -> None:
        await asyncio.sleep(after)
        await limiter.acquire("q")
        begun.append(clock())
        limiter.release()

    calls = [asyncio.create_task(call(after)) for after in (0, 10, 20, 30, 32)]
    await asyncio.sleep(31)
    worker_share.set_count(2)  # the next could start at 80, a minute after the one at 20
    await asyncio.sleep(9)
    worker_share.set_count(1)  # now at 60, a minute after the one at 0
    await asyncio.gather(*calls)
    assert begun == [0, 10, 20, 30, 60]
