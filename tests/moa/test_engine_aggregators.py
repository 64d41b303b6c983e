"""Aggregators are tried in order, with a draft as the last resort."""

from __future__ import annotations

import pytest

from moa import AggregatorStarted, Delta, Failed, Plan, Rejected, Unavailable
from moa.pipeline import prompts
from moa.providers.scripted import Fail, Finish, Hang, Wait
from tests.moa.runs import layer, plan, play, says, slow
from tests.moa.virtual_time import virtual


@pytest.mark.parametrize(
    "steps",
    [
        [Fail(Rejected())],
        [Fail(Unavailable())],
        [Finish("refusal")],
        [],
        [" \n", Fail(Unavailable())],
        ["\n\n"],
    ],
    ids=["rejected", "unavailable", "refused", "silent", "blank, then cut", "blank"],
)
@virtual
async def test_the_next_aggregator_takes_over_before_the_first_word(
    steps: list[object],
) -> None:
    """Blank text does not count as a start: the reader sees one whole reply."""
    first = says("first", *(steps or [Finish()]))
    played = await play(plan(layer(says("a")), by=[first, says("second", "The reply.")]))
    assert (played.text, played.outcome.reply) == ("The reply.", "The reply.")
    assert played.outcome.status == "complete"
    assert [(e.model, e.attempt) for e in played.of(AggregatorStarted)] == [
        ("first", 1),
        ("second", 2),
    ]
    assert played.outcome.aggregator is not None
    assert played.outcome.aggregator.model == "second"
    assert first.calls == 1


@virtual
async def test_a_failed_aggregator_is_not_retried_if_another_follows() -> None:
    """The next aggregator is faster than a retry. Only the last one is retried."""
    busy = says("busy", Fail(Unavailable()))
    played = await play(plan(layer(says("a")), by=[busy, says("second")]))
    assert (busy.calls, played.outcome.seconds) == (1, 0.0)
    last = says("last", Fail(Unavailable()))
    await play(plan(layer(says("a")), by=[last]))
    assert last.calls == 2


@virtual
async def test_a_silent_aggregator_is_replaced() -> None:
    """After a quarter of the deadline the call is closed and the next aggregator is called."""
    hanging = says("first", Hang())
    played = await play(
        plan(layer(says("a")), by=[hanging, slow("second", 1)], aggregator_deadline_s=100)
    )
    assert (played.outcome.status, played.outcome.seconds) == ("complete", 26.0)
    assert played.of(Failed)[0].answer.error_kind == "timeout"
    assert hanging.running == 0


@virtual
async def test_the_last_aggregator_has_all_remaining_time() -> None:
    """A last model that thinks for long may use the whole deadline."""
    thinker = slow("thinker", 99)
    alone = await play(plan(layer(says("a")), by=thinker, aggregator_deadline_s=100))
    assert (alone.outcome.status, alone.outcome.seconds) == ("complete", 99.0)
    second = plan(
        layer(says("a")), by=[says("x", Hang()), slow("y", 70)], aggregator_deadline_s=100
    )
    assert (await play(second)).outcome.seconds == 95.0


@virtual
async def test_all_aggregators_share_one_deadline() -> None:
    """Five hanging aggregators each get a fair share, and the run ends in time with a draft."""
    hanging = [says(name, Hang()) for name in "vwxyz"]
    played = await play(plan(layer(says("a")), by=hanging, aggregator_deadline_s=100))
    assert (played.outcome.status, played.outcome.seconds) == ("unsynthesised", 100.0)
    assert [call.ended - call.started for call in played.outcome.calls[1:]] == [20.0] * 5


@pytest.mark.parametrize("end", [Fail(Unavailable(kind="cut")), Hang()], ids=["cut", "stalls"])
@virtual
async def test_an_interrupted_reply_is_kept_and_marked(end: object) -> None:
    """After the first word no other aggregator is called: the text shown is kept."""
    second = says("second")
    played = await play(plan(layer(says("a")), by=[says("first", "Half a re", end), second]))
    assert (played.text, played.outcome.status) == ("Half a re", "partial")
    assert played.outcome.aggregator is not None
    assert played.outcome.aggregator.status == "cut"
    assert second.calls == 0


@virtual
async def test_a_reply_at_its_token_limit_is_complete_but_marked() -> None:
    """The reply is complete, and its answer is marked as truncated."""
    played = await play(Plan.of([says("a")], aggregator=says("w", "Long.", Finish("length"))))
    assert played.outcome.status == "complete"
    assert played.outcome.aggregator is not None
    assert played.outcome.aggregator.status == "truncated"


@virtual
async def test_without_an_aggregator_the_best_draft_is_the_reply() -> None:
    """The longest complete answer of the last layer is used, marked as not synthesised."""
    bad = says("bad", Fail(Rejected()))
    answers = layer(
        says("a", "Short."), says("b", "A longer one."), says("c", "x" * 99, Fail(Rejected()))
    )
    played = await play(plan(layer(says("z", "z" * 500)), answers, by=[bad, bad]))
    assert played.text == played.outcome.reply == f"{prompts.NOT_SYNTHESISED}\n\nA longer one."
    assert (played.outcome.status, played.outcome.aggregator) == ("unsynthesised", None)
    assert len(played.of(Delta)) == 1


@virtual
async def test_a_complete_earlier_draft_is_better_than_a_cut_later_one() -> None:
    """A cut answer is used only if there is no complete one."""
    bad = says("bad", Fail(Rejected()))
    half = says("half", "Half an", Fail(Unavailable(kind="cut")))
    played = await play(plan(layer(says("a", "Whole.")), layer(half), by=bad))
    assert played.outcome.reply.endswith("\n\nWhole.")
    only = await play(plan(layer(half), by=bad))
    assert only.outcome.reply.endswith("\n\nHalf an")


@virtual
async def test_an_aggregator_without_answers_answers_alone() -> None:
    """The reply then starts with a line that says so."""
    writer = says("writer", "\n", "My own.")
    played = await play(plan(layer(says("bad", Fail(Rejected()))), by=writer))
    assert played.outcome.reply == f"{prompts.ALONE_AFTER_FAILURES}\n\n\nMy own."
    assert played.outcome.status == "unsynthesised"
    assert played.outcome.aggregator is not None
    assert prompts.ALONE in writer.prompts[0][0].system


@virtual
async def test_the_time_of_the_first_word_is_the_replys() -> None:
    """Proposers' text and blank text do not count."""
    writer = says("writer", Wait(1), "\n", Wait(1), "Now.")
    played = await play(plan(layer(slow("a", 3)), by=writer))
    assert played.outcome.first_token_seconds == 5.0
