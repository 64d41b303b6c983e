"""How a run handles thoughts, empty answers, missing usage and stopped calls."""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing
from typing import Any

import pytest

from moa import Call, Delta, Plan, Price, Profile, Rejected, Retracted, Usage, resilient, run
from moa.pipeline import prompts
from moa.pipeline.token_budget import prompt_tokens
from moa.providers.scripted import Fail, Finish, Hang, ScriptedModel, Wait
from tests.moa.runs import QUESTION, SEED, layer, plan, play, says
from tests.moa.virtual_time import virtual

DOLLAR = Price(1_000_000, 1_000_000).of
"""One US dollar per token."""


def once(name: str, first: tuple[Any, ...], *then: Any, **profile: Any) -> ScriptedModel:
    """Return a model with one script for its first call and another for later calls."""
    scripts = iter([first])
    return ScriptedModel(Profile(name, **profile), lambda _p, _s: next(scripts, then))


@virtual
async def test_thoughts_reach_neither_the_reply_nor_another_model() -> None:
    """Answers, prompts and the streamed reply contain no thoughts."""
    writer = says("writer", "<thi", "nk>Hm", ".</think>", "\n\nThe ", "reply.<|im_end|>")
    played = await play(Plan.of([says("a", "Secret.\n</think>\nBlue.")], aggregator=writer))
    assert played.text == played.outcome.reply == "The reply."
    assert played.answer("a").text == "Blue."
    assert "Secret" not in str(writer.prompts)


@virtual
async def test_a_thought_opened_by_the_template_is_retracted() -> None:
    """It was shown before its closing tag arrived. The final reply is the answer alone."""
    writer = says("writer", "Let me", " think.", "</think>", "\n\nThe reply.")
    played = await play(Plan.of([says("a")], aggregator=writer))
    kinds = [e for e in played.events if isinstance(e, Delta | Retracted)]
    after = kinds[kinds.index(Retracted()) + 1 :]
    assert "".join(e.text for e in after if isinstance(e, Delta)) == "The reply."
    assert (played.outcome.reply, played.outcome.status) == ("The reply.", "complete")


@virtual
@pytest.mark.parametrize(
    ("said", "kind"), [("", "empty"), (" \n", "empty"), ("<think>a</think>", "only_thoughts")]
)
async def test_an_empty_answer_is_retried_once(said: str, kind: str) -> None:
    """Both calls are logged."""
    played = await play(Plan.of([once("a", (said,), "Blue.")], aggregator=says("w")))
    assert [(c.error_kind, c.state) for c in played.calls("a")] == [
        (kind, "failed"),
        (None, "used"),
    ]
    twice = await play(Plan.of([says("a", said), says("b")], aggregator=says("w")))
    assert len(twice.calls("a")) == 2
    assert twice.answer("a").error_kind == kind


@virtual
async def test_an_empty_reply_is_retried_once() -> None:
    """The second call's text is the reply, although the first one sent blank text."""
    played = await play(Plan.of([says("a")], aggregator=once("w", ("\n", " "), "The reply.")))
    assert (played.text.strip(), played.outcome.status) == ("The reply.", "complete")


@virtual
@pytest.mark.parametrize(
    "steps", [(Finish("length"),), (Finish("refusal"),), (Wait(30), " ")], ids=str
)
async def test_hopeless_empty_answers_are_not_retried(steps: tuple[Any, ...]) -> None:
    """At the length limit, after a refusal, or without enough time, there is no retry."""
    model = says("a", *steps)
    await play(plan(layer(model, says("b"), deadline_s=45, grace_s=40), by=says("w")))
    assert model.calls == 1


@virtual
@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (("",), "the aggregator's answer was empty"),
        (("<think>a</think>",), "the aggregator wrote its thoughts but no reply"),
        ((Finish("refusal"),), "the aggregator declined to answer"),
    ],
)
async def test_an_empty_reply_is_not_reported_as_unreachable(
    steps: tuple[Any, ...], why: str
) -> None:
    """The line above the draft and a note say what went wrong."""
    played = await play(Plan.of([says("a")], aggregator=says("w", *steps)))
    head, _, draft = played.outcome.reply.partition("\n\n")
    assert (why in head, draft) == (True, "The answer of a.")
    assert any(note.startswith("w did not write the reply: ") for note in played.outcome.notes)


@virtual
async def test_copied_boundary_lines_never_reach_the_reply() -> None:
    """The prompt's secret nonce must not be shown."""
    nonce = prompts.boundary_nonce(SEED, 2)
    writer = says("w", f"=== ANSWER A {nonce} ===", "\nBlue.\n", f"=== END OF ANSWERS {nonce} ===")
    played = await play(Plan.of([says("a")], aggregator=writer))
    assert played.outcome.reply.strip() == "Blue."


IMPOSSIBLE = [
    Usage(-1, 5),
    Usage(5, 2**31),
    Usage(2**63, 1),
    Usage(0, 0),
    Usage(5, "7"),  # pyright: ignore[reportArgumentType]
    Usage(math.nan, 1),  # pyright: ignore[reportArgumentType]
    Usage(1, 1, -3),
]


@virtual
@pytest.mark.parametrize("usage", [*IMPOSSIBLE, None], ids=str)
async def test_impossible_usage_is_replaced_by_an_estimate(usage: Usage | None) -> None:
    """The estimate covers the text sent and received and is marked; the call is never free."""
    model = says("a", "x" * 350, Finish(usage=usage or Usage(0, 0)), cost=DOLLAR)
    played = await play(Plan.of([model], aggregator=says("w")))
    [call] = played.calls("a")
    sent = prompt_tokens(model.prompts[0][0])
    assert call.usage == Usage(sent, 100, estimated=True)
    assert call.cost_usd == sent + 100
    assert played.outcome.cost_is_estimate


@virtual
async def test_far_too_few_tokens_are_replaced_by_an_estimate() -> None:
    """No model writes thousands of characters in a few tokens, whatever its server says."""
    for output, counted in ((1, 1_000), (34, 1_000), (35, 35), (900, 900)):
        model = says("a", "x" * 3_500, Finish(usage=Usage(5, output)), cost=DOLLAR)
        played = await play(Plan.of([model], aggregator=says("w")))
        assert played.calls("a")[0].cost_usd == 5 + counted


@virtual
async def test_the_cost_reported_by_the_server_counts() -> None:
    """The server knows its discounts. An impossible amount is ignored."""
    reported = says("a", "x", Finish(usage=Usage(5, 1, cost_usd=0.25)), cost=DOLLAR)
    impossible = says("b", "x", Finish(usage=Usage(5, 1, cost_usd=math.inf)), cost=DOLLAR)
    played = await play(Plan.of([reported, impossible], aggregator=says("w")))
    assert [played.calls(name)[0].cost_usd for name in "ab"] == [0.25, 6.0]


@virtual
async def test_calls_stopped_with_the_run_are_charged() -> None:
    """They have an estimated cost, because providers bill them too."""
    started = says("a", "x" * 35, Hang(), cost=DOLLAR)
    silent = says("b", Hang(), cost=DOLLAR)
    limited = resilient(says("c", Hang(), cost=DOLLAR), max_concurrency=1)
    stopped: list[Call] = []
    chosen_plan = plan(layer(started, silent, limited, limited), by=says("w"))
    async with aclosing(run(chosen_plan, QUESTION, seed=SEED, on_stopped=stopped.append)) as events:
        await anext(events)
        await asyncio.sleep(1)
    sent = prompt_tokens(started.prompts[0][0])
    costs = [(call.model, call.cost_usd, call.state) for call in stopped]
    assert costs == [
        ("a", sent + 10, "cut"),
        ("b", sent, "cut"),
        ("c", sent, "cut"),
        ("c", None, "cut"),
    ]
    assert [call.usage and call.usage.estimated for call in stopped] == [True, True, True, None]


@virtual
async def test_a_call_that_fails_at_once_costs_nothing() -> None:
    """No text arrived, and no server bills an error."""
    bad = says("a", Fail(Rejected()), cost=DOLLAR)
    played = await play(Plan.of([bad, says("b")], aggregator=says("w")))
    assert [(c.usage, c.cost_usd) for c in played.calls("a")] == [(None, None)]


@virtual
async def test_a_reply_at_its_length_limit_is_cut_at_limit() -> None:
    """An interface can then say that the reply is incomplete."""
    cut = await play(Plan.of([says("a")], aggregator=says("w", "Long.", Finish("length"))))
    assert cut.outcome.cut_at_limit
    assert not (await play(Plan.of([says("a")], aggregator=says("w")))).outcome.cut_at_limit
