"""A model that keeps failing is given a rest: it costs the next questions nothing."""

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
from moa.resilience import FAILURES, Breaker, CircuitBreakerModel
from tests.moa.provider_calls import QUESTION, SAMPLING, hear
from tests.moa.runs import clock, follows, says, slow
from tests.moa.virtual_time import virtual

RULES = BreakerRules(failures=3, rest_s=30, long_rest_s=300, silent_s=20)


def in_turn(*scripts: Sequence[Step]) -> ScriptedModel:
    """A model whose next calls follow these scripts, one after the other."""
    left = list(scripts)

    def script(_prompt: Prompt, _sampling: Sampling) -> Sequence[Step]:
        return left.pop(0)

    return follows("m", script)


class Patient:
    """A model whose next calls follow these scripts; its breaker stands around it."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self.inner = in_turn(*scripts)
        self.breaker = Breaker(RULES)
        self.model = CircuitBreakerModel(self.inner, self.breaker)

    async def asked(self, times: int = 1) -> list[str | None]:
        """Ask so often, one after the other; the kinds of the errors."""
        heard = [await hear(self.model) for _ in range(times)]
        return [h.error.error_kind if h.error else None for h in heard]


DOWN: Sequence[Step] = [Fail(Unavailable("It is down."))]
WELL: Sequence[Step] = ["Yes."]


@virtual
async def test_failures_in_a_row_open_it_for_a_while() -> None:
    """Open, it fails at once with a kind of its own, names the cause, and asks nobody."""
    patient = Patient(DOWN, DOWN, DOWN, WELL)
    assert await patient.asked(5) == ["unavailable"] * 3 + ["breaker_open"] * 2
    assert (patient.inner.calls, patient.breaker.state) == (3, "open")
    error = (await hear(patient.model)).error
    assert str(error) == "The model was not asked, since it kept failing: It is down."
    await asyncio.sleep(30)
    assert await patient.asked() == [None]
    assert patient.breaker.state == "closed"


@virtual
async def test_a_success_between_failures_counts_from_the_beginning() -> None:
    """Only failures in a row say that a model is down."""
    patient = Patient(DOWN, DOWN, WELL, DOWN, DOWN, WELL)
    await patient.asked(6)
    assert patient.breaker.state == "closed"


@virtual
async def test_a_single_call_tries_whether_it_is_well_again() -> None:
    """While it is on its way the others fail at once; when it begins to answer, all may ask."""
    patient = Patient(DOWN, DOWN, DOWN, [Wait(5), "Yes", Wait(5), "."], WELL)
    await patient.asked(3)
    await asyncio.sleep(30)
    probe = asyncio.create_task(hear(patient.model))
    await asyncio.sleep(1)
    assert patient.breaker.state == "half-open"
    assert await patient.asked() == ["breaker_open"]
    await asyncio.sleep(5)
    assert await patient.asked() == [None]
    assert (await probe).text == "Yes."


@virtual
async def test_a_try_that_fails_is_another_rest() -> None:
    """One failure is enough then."""
    patient = Patient(DOWN, DOWN, DOWN, DOWN, WELL)
    await patient.asked(3)
    await asyncio.sleep(30)
    assert await patient.asked(2) == ["unavailable", "breaker_open"]
    await asyncio.sleep(29)
    assert await patient.asked() == ["breaker_open"]
    await asyncio.sleep(1)
    assert await patient.asked() == [None]


@virtual
async def test_a_try_without_a_verdict_leaves_the_next_one_to_try() -> None:
    """A cancelled try, or one that was told to wait, is no proof of anything."""
    patient = Patient(DOWN, DOWN, DOWN, [Hang()], [Fail(RateLimited())], WELL)
    await patient.asked(3)
    await asyncio.sleep(30)
    probe = asyncio.create_task(hear(patient.model))
    await asyncio.sleep(1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert await patient.asked(2) == ["rate_limited", None]


@pytest.mark.parametrize("kind", ["auth", "quota", "not_found"])
@virtual
async def test_what_will_not_heal_opens_it_at_once_for_long(kind: str) -> None:
    """Every question would meet the refused key again: one call finds out."""
    patient = Patient([Fail(Rejected(kind=kind))], WELL)
    assert await patient.asked(2) == [kind, "breaker_open"]
    await asyncio.sleep(299)
    assert await patient.asked() == ["breaker_open"]
    await asyncio.sleep(1)
    assert await patient.asked() == [None]


@virtual
async def test_a_try_after_a_long_rest_that_fails_is_another_rest() -> None:
    """Whatever opened it, one failure of the single call keeps it open."""
    patient = Patient([Fail(Rejected(kind="quota"))], DOWN, WELL)
    await patient.asked()
    await asyncio.sleep(300)
    assert await patient.asked(2) == ["unavailable", "breaker_open"]


@pytest.mark.parametrize("error", [Rejected(), RateLimited()])
@virtual
async def test_errors_that_are_not_the_models_health_leave_it_closed(error: ModelError) -> None:
    """A request that was refused for its content, or a full minute, says nothing of the next."""
    patient = Patient(*([[Fail(error)]] * 9))
    await patient.asked(9)
    assert patient.breaker.state == "closed"


@virtual
async def test_a_model_that_always_breaks_off_is_down() -> None:
    """Beginning an answer is no success until its end."""
    patient = Patient(*([["Half", Fail(Unavailable(kind="cut"))]] * 3))
    assert await patient.asked(4) == ["cut"] * 3 + ["breaker_open"]


@virtual
async def test_a_model_that_hangs_is_down() -> None:
    """A call that was stopped after long silence is a failure, though nobody was told why."""
    patient = Patient(*([[Hang()]] * 3))
    for _ in range(3):
        task = asyncio.create_task(hear(patient.model))
        await asyncio.sleep(20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert patient.breaker.state == "open"


@virtual
async def test_a_model_that_is_stopped_early_is_not_down() -> None:
    """An answer that was not needed any more is no failure; one that spoke is a success."""
    patient = Patient(DOWN, DOWN, *([[Hang()]] * 5), ["Half", Hang()], DOWN, DOWN)
    await patient.asked(2)
    for _ in range(6):
        task = asyncio.create_task(hear(patient.model))
        await asyncio.sleep(19)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await patient.asked(2)
    assert patient.breaker.state == "closed"


@virtual
async def test_closing_a_stream_is_no_failure() -> None:
    """Whoever stops listening closes the model's own stream."""
    model = says("m", "Half", Hang())
    breaker = Breaker(RULES)
    async with aclosing(CircuitBreakerModel(model, breaker).stream(QUESTION, SAMPLING)) as stream:
        await anext(stream)
    assert (model.running, breaker.state) == (0, "closed")


@virtual
async def test_an_empty_answer_is_an_answer() -> None:
    """The server is there, whatever it says."""
    patient = Patient(DOWN, DOWN, [], DOWN, DOWN)
    await patient.asked(5)
    assert patient.breaker.state == "closed"


@virtual
async def test_to_wait_for_a_turn_is_no_silence() -> None:
    """A queue before a model does not open its breaker."""
    inner = slow("m", 10)
    busy = resilient(inner, max_concurrency=1, breaker=BreakerRules(failures=1, silent_s=5))
    first = asyncio.create_task(hear(busy))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(hear(busy)) for _ in range(3)]
    await asyncio.sleep(9)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (await first).error is None
    assert (await hear(busy)).error is None
    assert inner.calls == 2


@virtual
async def test_an_open_breaker_takes_no_place_in_the_queue() -> None:
    """Where calls wait for their turn, a resting model fails at once all the same."""
    busy = resilient(in_turn([Fail(Rejected(kind="quota"))]), requests_per_minute=1)
    assert (await hear(busy)).kind == ("Rejected", "quota")
    assert (await hear(busy)).kind == ("BreakerOpen", "breaker_open")
    assert clock() == 0.0


@pytest.mark.parametrize(
    "script",
    [[Fail(Unavailable(status=500))], ["Half", Fail(Unavailable(kind="cut"))], [Hang()]],
    ids=["500", "cut", "hang"],
)
@virtual
async def test_ten_questions_in_a_row_meet_an_open_breaker(script: Sequence[Step]) -> None:
    """A dead proposer is found out, and from then on it costs neither a call nor any time."""
    dead = says("dead", *script)
    alive: list[ScriptedModel] = [slow("a", 1), slow("b", 2)]
    rested = resilient(dead, breaker=BreakerRules(rest_s=600))
    plan = Plan.of([rested, *alive], aggregator=slow("w", 20))
    outcomes = [await ask(plan, "Why?", seed=n) for n in range(10)]
    assert all(outcome.status == "complete" for outcome in outcomes)
    last = outcomes[-1]
    assert last.answers[0].error_kind == "breaker_open"
    assert last.seconds == 22.0
    assert dead.calls == FAILURES
    (line,) = [call for call in last.calls if call.model == "dead"]
    assert (line.started, line.ended) == (0.0, 0.0)
