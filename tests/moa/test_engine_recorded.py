"""A resumed run does not pay twice for recorded answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moa import Answered, Failed, Hedge, LayerClosed, Rejected
from moa.providers.scripted import Fail
from tests.moa.runs import layer, plan, play, says, slow
from tests.moa.virtual_time import virtual


@virtual
async def test_recorded_answers_are_reused() -> None:
    """They are used as if they had just arrived, at no cost."""
    a, b, writer = says("a"), says("b"), says("writer")
    first = await play(plan(layer(a, b), by=writer))
    again = await play(plan(layer(a, b), by=writer), recorded=first.outcome.answers)
    assert (a.calls, b.calls, writer.calls) == (1, 1, 2)
    assert again.outcome.answers == first.outcome.answers
    assert writer.prompts[0] == writer.prompts[1]
    lines = {call.model: call for call in again.outcome.calls}
    assert (lines["a"].attempt, lines["writer"].attempt) == (0, 1)
    assert lines["a"].usage == first.calls("a")[0].usage


@virtual
async def test_failed_answers_are_retried() -> None:
    """Only complete answers are kept if their layer was still open."""
    bad = says("b", Fail(Rejected()))
    first = await play(plan(layer(says("a"), bad), by=says("writer")))
    a, b = says("a"), says("b")
    again = await play(plan(layer(a, b), by=says("writer")), recorded=first.outcome.answers)
    assert (a.calls, b.calls) == (0, 1)
    assert again.read_models() == {"a", "b"}


@virtual
async def test_a_late_answer_is_in_time_for_the_next_attempt() -> None:
    """Its layer is open again, so it is used."""
    late = layer(slow("a", 1), slow("b", 5), quorum=1)
    first = await play(plan(late, by=slow("writer", 10)))
    assert first.answer("b").status == "late"
    again = await play(plan(late, by=says("writer")), recorded=first.outcome.answers)
    assert again.answer("b").status == "used"
    assert again.read_models() == {"a", "b"}


@virtual
async def test_a_closed_layer_stays_as_it_was() -> None:
    """If a later layer has answered, earlier failures and late answers stay as they are."""
    failing = says("b", Fail(Rejected()))
    one = layer(slow("a", 1), failing, slow("c", 9), quorum=1)
    two = layer(slow("d", 1), slow("e", 8), quorum=1)
    first = await play(plan(one, two, by=slow("writer", 10)))
    recorded = [a for a in first.outcome.answers if a.model != "e"]
    e = says("e")
    again = await play(plan(one, layer(slow("d", 1), e), by=says("writer")), recorded=recorded)
    assert failing.calls == 1
    assert (again.read_models(1), again.read_models(2)) == ({"a"}, {"d", "e"})
    assert [a.status for a in again.outcome.answers[:3]] == ["used", "failed", "late"]
    assert [e.answer.model for e in again.of(Failed)] == ["b"]
    assert again.of(LayerClosed)[0].answers == first.of(LayerClosed)[0].answers


@virtual
async def test_a_recorded_reply_ends_the_run_without_any_call() -> None:
    """After a crash between reply and delivery, only the delivery remains."""
    a, bad, writer = says("a"), says("b", Fail(Rejected())), says("writer", "The reply.")
    broken = says("broken", Fail(Rejected()))
    whole = plan(layer(a, bad), by=[broken, writer])
    first = await play(whole)
    assert first.outcome.aggregator is not None
    recorded = [*first.outcome.answers, first.outcome.aggregator]
    again = await play(whole, recorded=recorded)
    assert (a.calls, bad.calls, writer.calls, broken.calls) == (1, 1, 1, 1)
    assert (again.text, again.outcome.reply, again.outcome.status) == (
        "The reply.",
        "The reply.",
        "complete",
    )
    assert again.outcome.answers == first.outcome.answers
    assert again.outcome.aggregator == first.outcome.aggregator


@virtual
async def test_a_cut_reply_is_written_again() -> None:
    """A cut reply is not complete, so the aggregator is called again."""
    cut = plan(layer(says("a")), by=says("writer", "Half", Fail(Rejected())))
    first = await play(cut)
    assert first.outcome.aggregator is not None
    recorded = [*first.outcome.answers, first.outcome.aggregator]
    again = await play(plan(layer(says("a")), by=says("writer", "Whole.")), recorded=recorded)
    assert again.outcome.reply == "Whole."


@pytest.mark.parametrize(
    "change", [{"model": "other"}, {"layer": 9}, {"position": 9}, {"layer": 0}]
)
@virtual
async def test_a_recorded_answer_that_does_not_fit_the_plan_is_ignored(
    change: dict[str, object],
) -> None:
    """After a plan change, no answer lands in another model's slot."""
    first = await play(plan(layer(says("a")), by=says("writer")))
    recorded = [replace(first.answer("a"), **change)]
    a = says("a")
    again = await play(plan(layer(a), by=says("writer")), recorded=recorded)
    assert a.calls == 1
    assert [e.answer.model for e in again.of(Answered)] == ["a", "writer"]


@virtual
async def test_a_recorded_answer_of_the_alternate_is_reused() -> None:
    """A hedged call's recorded answer may be the alternate's."""
    hedged = slow("a", 30, hedge=Hedge(says("spare"), after_s=1))
    first = await play(plan(layer(hedged), by=says("writer")))
    assert first.outcome.answers[0].model == "spare"
    again = await play(plan(layer(hedged), by=says("writer")), recorded=first.outcome.answers)
    assert hedged.calls == 1
    assert again.outcome.answers == first.outcome.answers
