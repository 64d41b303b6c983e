"""Calls are retried only where that can help, and never past the layer's deadline."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from moa import (
    Failed,
    LayerClosed,
    ModelError,
    NotEnoughAnswers,
    Overflow,
    Plan,
    Prompt,
    RateLimited,
    Rejected,
    Retried,
    Sampling,
    Unavailable,
)
from moa.engine.answer_request import (
    FIRST_RETRY_DELAY_S,
    MAX_RETRY_DELAY_S,
    is_retryable,
    retry_delay,
)
from moa.providers.scripted import Fail, Hang, ScriptedModel, Step, Wait
from tests.moa.runs import follows, layer, plan, play, says, slow
from tests.moa.virtual_time import virtual


def recovering(name: str, *errors: ModelError, **profile: int) -> ScriptedModel:
    """Return a model whose first calls fail like this and whose next one succeeds."""
    left = list(errors)

    def script(_prompt: Prompt, _sampling: Sampling) -> Iterable[Step]:
        return [Fail(left.pop(0))] if left else [f"The answer of {name}."]

    return follows(name, script, **profile)


@pytest.mark.parametrize(
    ("error", "helps"),
    [
        (RateLimited(), True),
        (Unavailable(), True),
        (Unavailable(kind="overloaded"), True),
        (Unavailable(kind="connection"), True),
        (Unavailable(kind="timeout"), True),
        (Unavailable(kind="cut"), True),
        (Unavailable(kind="garbled"), False),
        (Unavailable(kind="breaker_open"), False),
        (Rejected(), False),
        (Rejected(kind="auth"), False),
        (Rejected(kind="quota"), False),
        (Overflow(), False),
        (ValueError(), False),
        (None, False),
    ],
)
def test_only_faults_that_may_pass_are_retried(error: BaseException | None, *, helps: bool) -> None:
    """Busy and broken servers are retried; rejected keys, used-up quotas and garbage are not."""
    assert is_retryable(error) == helps


def test_retry_delays_grow_and_are_never_shorter_than_the_server_asks() -> None:
    """They double up to a maximum, half of each is random, and Retry-After takes precedence."""
    for tried, longest in [
        (1, FIRST_RETRY_DELAY_S),
        (2, 2 * FIRST_RETRY_DELAY_S),
        (10, MAX_RETRY_DELAY_S),
    ]:
        pauses = {retry_delay(tried, Unavailable()) for _ in range(50)}
        assert len(pauses) > 1
        assert all(longest / 2 <= seconds <= longest for seconds in pauses)
    assert retry_delay(1, RateLimited(retry_after=7.0)) == 7.0
    assert retry_delay(1, RateLimited(retry_after=0.0)) >= FIRST_RETRY_DELAY_S / 2


@virtual
async def test_a_temporary_fault_is_retried_and_logged() -> None:
    """The second call's answer is used; the first call is reported and logged."""
    model = recovering("a", Unavailable(status=500))
    played = await play(plan(layer(model), by=says("w")))
    assert (played.read_models(), played.of(Failed)) == ({"a"}, [])
    (retried,) = played.of(Retried)
    first, second = played.calls("a")
    assert retried.call == first
    assert [(c.attempt, c.state, c.error_kind) for c in (first, second)] == [
        (1, "failed", "unavailable"),
        (2, "used", None),
    ]
    assert FIRST_RETRY_DELAY_S / 2 <= second.started - first.ended <= FIRST_RETRY_DELAY_S


@virtual
async def test_retry_after_is_respected_within_the_deadline() -> None:
    """The retry starts when the server asked for it."""
    model = recovering("a", RateLimited(retry_after=9.0))
    played = await play(plan(layer(model), by=says("w")))
    assert [call.started for call in played.calls("a")] == [0.0, 9.0]


@virtual
async def test_a_retry_after_past_the_deadline_fails_at_once() -> None:
    """The layer does not wait for a retry that would be too late."""
    model = recovering("a", RateLimited(retry_after=45.0))
    played = await play(plan(layer(model, says("b"), deadline_s=45), by=says("w")))
    assert (played.answer("a").error_kind, model.calls) == ("rate_limited", 1)
    assert played.outcome.seconds == 0.0


@pytest.mark.parametrize(
    "error",
    [Rejected(), Rejected(kind="quota"), Rejected(kind="auth"), Unavailable(kind="garbled")],
)
@virtual
async def test_permanent_faults_are_not_retried(error: ModelError) -> None:
    """A used-up quota or a rejected key costs one call."""
    model = recovering("a", error)
    played = await play(plan(layer(model, says("b")), by=says("w")))
    assert (model.calls, played.answer("a").error_kind) == (1, error.error_kind)


@virtual
async def test_nothing_is_retried_after_the_first_token() -> None:
    """An answer cut off midway is kept as it is."""
    model = says("a", "Half", Fail(Unavailable(kind="cut")))
    played = await play(plan(layer(model, says("b")), by=says("w")))
    assert (model.calls, played.answer("a").text) == (1, "Half")


@pytest.mark.parametrize("attempts", [1, 2, 3])
@virtual
async def test_max_attempts_limits_the_tries(attempts: int) -> None:
    """It counts all calls, and the last failure is reported."""
    dead = says("a", Fail(Unavailable(status=500)), max_attempts=attempts)
    played = await play(plan(layer(dead, says("b")), by=says("w")))
    assert dead.calls == attempts
    assert [call.attempt for call in played.calls("a")] == list(range(1, attempts + 1))
    assert len(played.of(Failed)) == 1


@virtual
async def test_a_dead_proposer_costs_one_more_call_and_no_time() -> None:
    """Both its calls are over long before the others answer."""
    dead = says("dead", Fail(Unavailable(status=500)))
    alive = [slow("a", 2), slow("b", 3)]
    played = await play(plan(layer(dead, *alive), by=says("w")))
    assert (dead.calls, played.outcome.seconds) == (2, 3.0)


@virtual
async def test_a_closing_layer_drops_scheduled_retries() -> None:
    """A dropped retry's failure is reported once."""
    busy = recovering("busy", RateLimited(retry_after=20.0))
    played = await play(plan(layer(says("a"), says("b"), busy), by=slow("w", 60)))
    kinds = [type(e) for e in played.events if isinstance(e, Failed | LayerClosed | Retried)]
    assert kinds == [Failed, LayerClosed]
    assert (busy.calls, played.outcome.seconds) == (1, 60.0), "not even the grace is waited for"
    assert played.answer("busy").error_kind == "rate_limited"
    assert played.of(LayerClosed)[0].waiting == ()


@virtual
async def test_a_retry_delays_nobody_after_the_quorum() -> None:
    """After the quorum, a running retry does not delay the layer."""
    left: list[list[Step]] = [[Fail(Unavailable())], [Wait(20), "Late."]]
    model = follows("a", lambda _prompt, _sampling: left.pop(0))
    played = await play(plan(layer(slow("b", 5), slow("c", 5), model), by=slow("w", 1)))
    assert played.outcome.seconds == 6.0
    assert [answer.status for answer in played.outcome.answers] == ["used", "used", "cut"]


@virtual
async def test_a_retry_is_waited_for_without_the_quorum() -> None:
    """If too few have answered, the layer waits for a retry."""
    left: list[list[Step]] = [[Fail(Unavailable())], [Wait(5), "Mended."]]
    model = follows("a", lambda _prompt, _sampling: left.pop(0))
    played = await play(plan(layer(says("b"), model), by=says("w")))
    assert played.answer("a").status == "used"


@virtual
async def test_a_late_call_is_not_retried() -> None:
    """After its layer has closed, a retry would be useless."""
    late = says("late", Wait(10), Fail(Unavailable()))
    played = await play(plan(layer(says("a"), says("b"), late), by=slow("w", 30)))
    assert (late.calls, played.answer("late").error_kind) == (1, "unavailable")


@virtual
async def test_all_tries_share_one_deadline() -> None:
    """All tries together have the time of one call."""
    left: list[list[Step]] = [[Wait(5), Fail(Unavailable())], [Hang()]]
    model = follows("a", lambda _prompt, _sampling: left.pop(0))
    played = await play(plan(layer(model, deadline_s=30), by=says("w")))
    assert [call.error_kind for call in played.calls("a")] == ["unavailable", "timeout"]
    assert played.calls("a")[1].ended == 30.0


@virtual
async def test_a_single_model_is_retried() -> None:
    """A pipeline without layers retries too; if that fails, the error names the cause."""
    healed = await play(Plan.of(aggregator=recovering("w", Unavailable(kind="overloaded"))))
    assert healed.outcome.status == "complete"
    with pytest.raises(NotEnoughAnswers, match="w: Busy"):
        await play(Plan.of(aggregator=says("w", Fail(Unavailable("Busy.", kind="overloaded")))))


@virtual
async def test_a_prompt_that_was_too_long_is_shortened_once() -> None:
    """The model is called again at once with half its window, and a note says what was left out."""
    model = recovering("a", Overflow(), context_window=4096, max_attempts=1)
    thread = Prompt.of("word " * 2000)
    played = await play(plan(layer(model), by=says("w")), thread)
    first, second = (len(prompt.messages[-1].content) for prompt, _ in model.prompts)
    assert second < first * 0.7
    assert [call.error_kind for call in played.calls("a")] == ["overflow", None]
    assert played.outcome.seconds == 0.0
    assert any("shortened" in note for note in played.outcome.notes)


@virtual
async def test_a_prompt_that_stays_too_long_is_a_failure() -> None:
    """After one shorter prompt the call fails."""
    model = says("a", Fail(Overflow()))
    played = await play(plan(layer(model, says("b")), by=says("w")))
    assert (model.calls, played.answer("a").error_kind) == (2, "overflow")


@virtual
async def test_a_shortened_call_may_still_be_retried() -> None:
    """Shortening does not count as a retry: a later failure still has its own."""
    model = recovering("a", Overflow(), Unavailable(), context_window=4096)
    played = await play(plan(layer(model), by=says("w")), Prompt.of("word " * 2000))
    assert [call.error_kind for call in played.calls("a")] == ["overflow", "unavailable", None]
    assert model.prompts[1] == model.prompts[2]


@virtual
async def test_an_aggregator_gets_a_shorter_prompt_before_it_is_replaced() -> None:
    """A window estimated too large is no reason to switch to the weaker model."""
    first, second = recovering("first", Overflow()), says("second")
    played = await play(plan(layer(says("a")), by=[first, second]))
    assert played.outcome.aggregator is not None
    assert (played.outcome.aggregator.model, second.calls) == ("first", 0)
