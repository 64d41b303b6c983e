"""A finished run leaves nothing in memory."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress

import pytest

from moa import Hedge, NotEnoughAnswers, Unavailable, run
from moa.providers.scripted import Fail, ScriptedModel
from tests.garbage import uncollected
from tests.moa.runs import QUESTION, SEED, layer, plan, play, says, slow
from tests.moa.virtual_time import virtual


def dead(name: str) -> ScriptedModel:
    """Return a model whose server is down."""
    return says(name, Fail(Unavailable("Down.")))


PLANS = {
    "all answer": plan(layer(says("a"), says("b")), by=says("writer")),
    "one hangs": plan(layer(says("a"), says("b"), slow("c", 900)), by=says("writer")),
    "one is asked again": plan(layer(says("a"), dead("b")), by=says("writer")),
    "one is hedged": plan(
        layer(slow("a", 900, hedge=Hedge(says("spare"), 1)), says("b")), by=says("writer")
    ),
    "an aggregator fails": plan(layer(says("a"), says("b")), by=[dead("writer"), says("next")]),
    "nobody answers": plan(layer(dead("a")), by=dead("writer")),
}


@pytest.mark.parametrize("name", PLANS)
@virtual
async def test_a_finished_run_leaves_no_garbage(name: str) -> None:
    """It leaves no reference cycles, which would cause garbage collector pauses."""
    with uncollected("moa.") as left:
        with suppress(NotEnoughAnswers):
            await play(PLANS[name])
        await asyncio.sleep(1)
    assert left == []


@virtual
async def test_a_closed_run_leaves_no_garbage() -> None:
    """Closing the generator releases the calls it stops."""
    with uncollected("moa.") as left:
        async with aclosing(run(PLANS["one hangs"], QUESTION, seed=SEED)) as events:
            await anext(events)
        del events
        await asyncio.sleep(1)
    assert left == []
