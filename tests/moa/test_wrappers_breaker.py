"""The circuit breaker stops calls to a model that keeps failing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from moa import (
    BreakerRules,
    ModelError,
    Plan,
    Prompt,
    RateLimited,
    Rejected,
    Sampling,
    Unavailable,
    ask,
    resilient,
)
from moa.providers.scripted import Fail, Hang, ScriptedModel, Step, Wait
from moa.resilience import DEFAULT_FAILURES, Breaker, CircuitBreakerModel
from tests.moa.provider_calls import QUESTION, SAMPLING, collect
from tests.moa.runs import clock, follows, says, slow
from tests.moa.virtual_time import virtual

RULES = BreakerRules(failures=3, rest_s=30, long_rest_s=300, silent_s=20)


def in_turn(*scripts: Sequence[Step]) -> ScriptedModel:
    """Return a model whose calls follow these scripts one after the other."""
    left = list(scripts)

    def script(_prompt: Prompt, _sampling: Sampling) -> Sequence[Step]:
        return left.pop(0)

    return follows("m", script)


class GuardedModel:
    """A model with a breaker, whose calls follow these scripts."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self.inner = in_turn(*scripts)
        self.breaker = Breaker(RULES)
        self.model = CircuitBreakerModel(self.inner, self.breaker)

    async def asked(self, times: int = 1) -> list[str | None]:
        """Call the model this often in turn, and return the error kinds."""
        collected = [await collect(self.model) for _ in range(times)]
        return [h.error.error_kind if h.error else None for h in collected]


DOWN: Sequence[Step] = [Fail(Unavailable("It is down."))]
WELL: Sequence[Step] = ["Yes."]


@virtual
async def test_consecutive_failures_open_it_for_a_while() -> None:
    """While open, it fails at once with its own kind, names the cause and makes no call."""
    guarded = GuardedModel(DOWN, DOWN, DOWN, WELL)
    assert await guarded.asked(5) == ["unavailable"] * 3 + ["breaker_open"] * 2
    assert (guarded.inner.calls, guarded.breaker.state) == (3, "open")
    error = (await collect(guarded.model)).error
    assert str(error) == "The model was not called because it kept failing: It is down."
    await asyncio.sleep(30)
    assert await guarded.asked() == [None]
    assert guarded.breaker.state == "closed"


@virtual
async def test_a_success_resets_the_count() -> None:
    """Only consecutive failures open it."""
    guarded = GuardedModel(DOWN, DOWN, WELL, DOWN, DOWN, WELL)
    await guarded.asked(6)
    assert guarded.breaker.state == "closed"


@virtual
async def test_a_single_call_probes_the_model() -> None:
    """During the probe other calls fail at once; its first token closes the breaker."""
    guarded = GuardedModel(DOWN, DOWN, DOWN, [Wait(5), "Yes", Wait(5), "."], WELL)
    await guarded.asked(3)
    await asyncio.sleep(30)
    probe = asyncio.create_task(collect(guarded.model))
    await asyncio.sleep(1)
    assert guarded.breaker.state == "half-open"
    assert await guarded.asked() == ["breaker_open"]
    await asyncio.sleep(5)
    assert await guarded.asked() == [None]
    assert (await probe).text == "Yes."


@virtual
async def test_a_failed_probe_opens_it_again() -> None:
    """One failed probe is enough."""
    guarded = GuardedModel(DOWN, DOWN, DOWN, DOWN, WELL)
    await guarded.asked(3)
    await asyncio.sleep(30)
    assert await guarded.asked(2) == ["unavailable", "breaker_open"]
    await asyncio.sleep(29)
    assert await guarded.asked() == ["breaker_open"]
    await asyncio.sleep(1)
    assert await guarded.asked() == [None]


@virtual
async def test_a_probe_without_a_result_leaves_the_next_call_to_probe() -> None:
    """A probe that is cancelled or rate limited proves nothing."""
    guarded = GuardedModel(DOWN, DOWN, DOWN, [Hang()], [Fail(RateLimited())], WELL)
    await guarded.asked(3)
    await asyncio.sleep(30)
    probe = asyncio.create_task(collect(guarded.model))
    await asyncio.sleep(1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert await guarded.asked(2) == ["rate_limited", None]


@pytest.mark.parametrize("kind", ["auth", "quota", "not_found"])
@virtual
async def test_a_permanent_error_opens_it_at_once_for_longer(kind: str) -> None:
    """One rejected key is enough, since every call would meet it."""
    guarded = GuardedModel([Fail(Rejected(kind=kind))], WELL)
    assert await guarded.asked(2) == [kind, "breaker_open"]
    await asyncio.sleep(299)
    assert await guarded.asked() == ["breaker_open"]
    await asyncio.sleep(1)
    assert await guarded.asked() == [None]


@virtual
async def test_a_failed_probe_after_a_permanent_error_opens_it_again() -> None:
    """A failed probe keeps it open, whatever opened it."""
    guarded = GuardedModel([Fail(Rejected(kind="quota"))], DOWN, WELL)
    await guarded.asked()
    await asyncio.sleep(300)
    assert await guarded.asked(2) == ["unavailable", "breaker_open"]


@pytest.mark.parametrize("error", [Rejected(), RateLimited()])
@virtual
async def test_errors_unrelated_to_health_leave_it_closed(error: ModelError) -> None:
    """A rejected prompt or a full minute says nothing about the next call."""
    guarded = GuardedModel(*([[Fail(error)]] * 9))
    await guarded.asked(9)
    assert guarded.breaker.state == "closed"


@virtual
async def test_a_model_that_always_breaks_off_counts_as_down() -> None:
    """Only a finished answer counts as a success."""
    guarded = GuardedModel(*([["Half", Fail(Unavailable(kind="cut"))]] * 3))
    assert await guarded.asked(4) == ["cut"] * 3 + ["breaker_open"]


@virtual
async def test_a_model_that_hangs_counts_as_down() -> None:
    """A call stopped after long silence counts as a failure."""
    guarded = GuardedModel(*([[Hang()]] * 3))
    for _ in range(3):
        task = asyncio.create_task(collect(guarded.model))
        await asyncio.sleep(20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert guarded.breaker.state == "open"


@virtual
async def test_a_model_that_is_stopped_early_does_not_count_as_down() -> None:
    """A call stopped early is no failure; if it was streaming, it is a success."""
    guarded = GuardedModel(DOWN, DOWN, *([[Hang()]] * 5), ["Half", Hang()], DOWN, DOWN)
    await guarded.asked(2)
    for _ in range(6):
        task = asyncio.create_task(collect(guarded.model))
        await asyncio.sleep(19)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await guarded.asked(2)
    assert guarded.breaker.state == "closed"


@virtual
async def test_closing_a_stream_is_not_a_failure() -> None:
    """Closing the wrapper's stream closes the model's stream."""
    model = says("m", "Half", Hang())
    breaker = Breaker(RULES)
    async with aclosing(CircuitBreakerModel(model, breaker).stream(QUESTION, SAMPLING)) as stream:
        await anext(stream)
    assert (model.running, breaker.state) == (0, "closed")


@virtual
async def test_an_empty_answer_counts_as_a_success() -> None:
    """An empty answer shows that the server is up."""
    guarded = GuardedModel(DOWN, DOWN, [], DOWN, DOWN)
    await guarded.asked(5)
    assert guarded.breaker.state == "closed"


@virtual
async def test_waiting_for_a_rate_limit_is_not_silence() -> None:
    """Waiting for a rate limit does not open the breaker."""
    inner = slow("m", 10)
    busy = resilient(inner, max_concurrency=1, breaker=BreakerRules(failures=1, silent_s=5))
    first = asyncio.create_task(collect(busy))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(collect(busy)) for _ in range(3)]
    await asyncio.sleep(9)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (await first).error is None
    assert (await collect(busy)).error is None
    assert inner.calls == 2


@virtual
async def test_an_open_breaker_uses_no_queue_slot() -> None:
    """With a rate limit, calls to a resting model still fail at once."""
    busy = resilient(in_turn([Fail(Rejected(kind="quota"))]), requests_per_minute=1)
    assert (await collect(busy)).kind == ("Rejected", "quota")
    assert (await collect(busy)).kind == ("BreakerOpen", "breaker_open")
    assert clock() == 0.0


@pytest.mark.parametrize(
    "script",
    [[Fail(Unavailable(status=500))], ["Half", Fail(Unavailable(kind="cut"))], [Hang()]],
    ids=["500", "cut", "hang"],
)
@virtual
async def test_ten_questions_in_a_row_with_an_open_breaker(script: Sequence[Step]) -> None:
    """After a few failures, a dead proposer costs neither calls nor time."""
    dead = says("dead", *script)
    alive: list[ScriptedModel] = [slow("a", 1), slow("b", 2)]
    rested = resilient(dead, breaker=BreakerRules(rest_s=600))
    plan = Plan.of([rested, *alive], aggregator=slow("w", 20))
    outcomes = [await ask(plan, "Why?", seed=n) for n in range(10)]
    assert all(outcome.status == "complete" for outcome in outcomes)
    last = outcomes[-1]
    assert last.answers[0].error_kind == "breaker_open"
    assert last.seconds == 22.0
    assert dead.calls == DEFAULT_FAILURES
    (line,) = [call for call in last.calls if call.model == "dead"]
    assert (line.started, line.ended) == (0.0, 0.0)
