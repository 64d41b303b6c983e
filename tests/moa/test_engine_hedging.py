"""If a model stays silent, its alternate is called too, and the first to respond wins."""

from __future__ import annotations

import pytest

from moa import Answered, Failed, Hedge, Model, Plan, Rejected, Retried, Unavailable
from moa.providers.scripted import Fail, Hang, ScriptedModel, Wait
from tests.moa.runs import layer, plan, play, says, slow
from tests.moa.virtual_time import virtual


def hedged(name: str, *steps: object, by: Model, after_s: float = 5) -> ScriptedModel:
    return says(name, *steps, hedge=Hedge(by, after_s))


@virtual
async def test_a_model_that_starts_in_time_is_not_hedged() -> None:
    """The alternate is not called, however long the answer takes."""
    spare = says("spare")
    model = hedged("a", Wait(4), "Begun", Wait(30), " and done.", by=spare)
    played = await play(plan(layer(model), by=says("w")))
    assert (played.read_models(), spare.calls) == ({"a"}, 0)


@virtual
async def test_a_silent_model_loses_to_its_alternate() -> None:
    """The alternate's answer takes the slot, and both calls are logged."""
    spare = slow("spare", 2)
    model = hedged("a", Wait(20), "Late.", by=spare)
    played = await play(plan(layer(model), by=says("w")))
    assert played.outcome.seconds == 7.0
    (answer,) = played.outcome.answers
    assert (answer.model, answer.text, answer.position) == ("spare", "The answer of spare.", 1)
    lines = [(c.model, c.attempt, c.state, c.error_kind, c.ended) for c in played.outcome.calls[:2]]
    assert sorted(lines) == [("a", 1, "cut", "hedged", 7.0), ("spare", 2, "used", None, 7.0)]
    assert [type(e) for e in played.events if isinstance(e, Answered | Failed | Retried)].count(
        Retried
    ) == 1
    assert (model.running, spare.running) == (0, 0)


@virtual
async def test_a_silent_model_may_still_win() -> None:
    """The first to respond is used, and the other call is closed."""
    spare = slow("spare", 10)
    model = hedged("a", Wait(8), "In time.", Wait(1), by=spare)
    played = await play(plan(layer(model), by=says("w")))
    assert (played.read_models(), played.outcome.seconds) == ({"a"}, 9.0)
    (line,) = played.calls("spare")
    assert (line.state, line.error_kind, line.started, line.ended) == ("cut", "hedged", 5.0, 8.0)


@virtual
async def test_an_aggregator_is_hedged_without_mixing_texts() -> None:
    """The whole reply comes from one model."""
    spare = says("spare", Wait(1), "The ", "spare's.")
    writer = hedged("w", Wait(6), "The ", "writer's.", by=spare)
    played = await play(plan(layer(says("a")), by=writer))
    assert played.outcome.reply == played.text
    assert played.outcome.reply in {"The spare's.", "The writer's."}
    assert played.outcome.aggregator is not None
    assert played.outcome.aggregator.text == played.outcome.reply
    # Both ended at the same time: the loser is paid for but not used.
    states = [(call.state, call.error_kind) for call in played.outcome.calls[1:]]
    assert sorted(states) == [("cut", "hedged"), ("used", None)]
    assert played.outcome.status == "complete"


@virtual
async def test_a_model_that_failed_permanently_is_replaced_at_once() -> None:
    """The alternate is called without waiting for the hedge delay."""
    spare = slow("spare", 1)
    model = hedged("a", Fail(Rejected(kind="quota")), by=spare, after_s=20)
    played = await play(plan(layer(model), by=says("w")))
    assert (played.read_models(), played.outcome.seconds) == ({"spare"}, 1.0)


@virtual
async def test_the_alternate_continues_when_the_first_one_fails() -> None:
    """If one of two calls fails, the other continues."""
    spare = slow("spare", 10)
    model = hedged("a", Wait(7), Fail(Unavailable()), by=spare)
    played = await play(plan(layer(model), by=says("w")))
    assert (played.read_models(), played.outcome.seconds, model.calls) == ({"spare"}, 15.0, 1)
    failing = says("spare", Wait(1), Fail(Rejected()))
    model = hedged("a", Wait(7), "At last.", by=failing)
    assert (await play(plan(layer(model), by=says("w")))).read_models() == {"a"}


@virtual
async def test_the_alternate_can_answer_during_a_retry_delay() -> None:
    """An alternate can answer while a retry waits for its delay."""
    spare = slow("spare", 1)
    model = hedged("a", Fail(Unavailable(retry_after=20.0)), by=spare)
    played = await play(plan(layer(model), by=says("w")))
    assert (played.read_models(), played.outcome.seconds, model.calls) == ({"spare"}, 6.0, 1)


@virtual
async def test_when_both_fail_one_failure_is_reported() -> None:
    """The slot has one Failed event, and each call a log entry."""
    spare = says("spare", Wait(1), Fail(Rejected("No such model.")))
    model = hedged("a", Wait(7), Fail(Rejected("No such key.")), by=spare)
    played = await play(plan(layer(model, says("b")), by=says("w")))
    (failed,) = played.of(Failed)
    assert failed.answer.error == "No such key."
    assert [call.model for call in played.outcome.calls[:3]] == ["b", "spare", "a"]


@virtual
async def test_when_both_hang_both_end_by_the_deadline() -> None:
    """A hedge never extends a layer."""
    spare = says("spare", Hang())
    model = hedged("a", Hang(), by=spare)
    played = await play(plan(layer(model, deadline_s=10), by=says("w")))
    kinds = [(call.model, call.error_kind) for call in played.outcome.calls[:2]]
    assert sorted(kinds) == [("a", "timeout"), ("spare", "timeout")]
    assert (model.running, spare.running) == (0, 0)


@virtual
async def test_a_late_answer_is_not_hedged() -> None:
    """After the layer has closed, no alternate is called."""
    spare = says("spare")
    late = hedged("late", Wait(40), "Late.", by=spare, after_s=10)
    played = await play(plan(layer(says("a"), says("b"), late), by=slow("w", 60)))
    assert (spare.calls, played.answer("late").status) == (0, "late")


@pytest.mark.parametrize("required", [[], ["a"]])
@virtual
async def test_an_alternates_answer_counts_for_the_quorum(required: list[str]) -> None:
    """It also counts as the required model's answer."""
    model = hedged("a", Hang(), by=says("spare"))
    both = layer(model, slow("b", 30), required=required, quorum=1)
    played = await play(plan(both, by=says("w")))
    assert (played.read_models(), played.outcome.seconds) == ({"spare"}, 7.0)


@virtual
async def test_a_single_model_can_be_hedged() -> None:
    """A pipeline without layers can be hedged too."""
    played = await play(Plan.of(aggregator=hedged("w", Hang(), by=says("spare", "Yes."))))
    assert (played.outcome.reply, played.outcome.seconds) == ("Yes.", 5.0)
