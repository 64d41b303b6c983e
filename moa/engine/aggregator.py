"""Streams the reply from the first aggregator that responds, or falls back to a draft."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from moa.engine import disagreement
from moa.engine.answer_request import AnswerRequest, AnswerSpec
from moa.engine.engine_state import EngineState
from moa.engine.in_flight_call import CallSlot
from moa.events import AggregatorStarted, Event, Finished
from moa.pipeline.strategies import borda_scores
from moa.ports import Model

FIRST_TOKEN_SHARE = 0.25
"""Share of the deadline an aggregator has for its first token before the next one is tried."""


async def aggregate(state: EngineState) -> AsyncGenerator[Event, None]:
    """Stream the reply, then yield `Finished` with the outcome.

    Raises:
        NotEnoughAnswers: no aggregator replied and there is no draft to fall back on.
    """
    number = len(state.plan.layers) + 1
    aggregators = list(enumerate(state.plan.aggregators, 1))
    recorded = [(p, model) for p, model in aggregators if state.recorded.find(number, p)]
    deadline = state.pool.now() + state.plan.aggregator_deadline_s
    analyst = None if recorded else _start_analyst(state, deadline)
    candidates = recorded[:1] or aggregators
    for tried, (position, model) in enumerate(candidates):
        successors = len(candidates) - tried - 1
        attempt = _try_aggregator(state, model, position, deadline, successors=successors)
        async with aclosing(attempt) as events:
            async for event in events:
                yield event
        if state.record.reply:
            _accept(state, position)
            break
    async with aclosing(_finish(state, analyst)) as events:
        async for event in events:
            yield event


async def _try_aggregator(
    state: EngineState, model: Model, position: int, deadline: float, *, successors: int
) -> AsyncGenerator[Event, None]:
    """Run one aggregator until its calls have ended or its time for a first token is up."""
    number = len(state.plan.layers) + 1
    if known := state.recorded.find(number, position):
        yield AggregatorStarted(model.profile.name, position)
        yield state.restore(*known)
        for event in state.append_reply(known[0].text):
            yield event
        return
    state.discard_blank_text()
    slot = CallSlot("aggregator", number, position)
    request = state.start_request(AnswerSpec(model, slot, deadline, may_retry=not successors))
    yield AggregatorStarted(model.profile.name, position)
    first_token_deadline = _first_token_deadline(state, deadline, successors)
    while not request.settled:
        pool_event = await state.pool.next_event(
            until=None if state.record.reply else first_token_deadline
        )
        if pool_event is None:
            request.stop("timeout")
            first_token_deadline = None
            continue
        for event in state.handle(pool_event):
            yield event


def _first_token_deadline(state: EngineState, deadline: float, successors: int) -> float | None:
    """Return the loop time by which the first token must arrive; None for the last aggregator.

    The remaining time is shared so that every successor gets a try.
    """
    if not successors:
        return None
    now = state.pool.now()
    share = state.plan.aggregator_deadline_s * FIRST_TOKEN_SHARE
    return now + min(share, (deadline - now) / (successors + 1))


def _accept(state: EngineState, position: int) -> None:
    """Record the aggregator in this position as the author of the reply."""
    answer = state.record.answers[len(state.plan.layers) + 1, position]
    state.record.aggregator = answer
    if answer.status == "cut":
        state.record.status = "partial"
    elif not state.all_proposers_failed:
        state.record.status = "complete"


def _start_analyst(state: EngineState, deadline: float) -> AnswerRequest | None:
    """Start comparing the answers alongside the aggregator, if the plan asks for it."""
    model = state.plan.analyst
    if model is None or len(state.carryover.answers) < disagreement.MIN_ANSWERS:
        return None
    slot = CallSlot("analyst", len(state.plan.layers) + 2, 1)
    return state.start_request(AnswerSpec(model, slot, deadline, may_retry=False))


async def _finish(state: EngineState, analyst: AnswerRequest | None) -> AsyncGenerator[Event, None]:
    """Stop the remaining calls, use a draft if there is no reply, and yield the outcome."""
    pool, record = state.pool, state.record
    for call in pool.running():
        if call.slot.role != "analyst":
            call.cancel("cancelled")
    if analyst and not record.reply:
        analyst.stop("cancelled")
    analyst_deadline = pool.now() + disagreement.GRACE_S if analyst else None
    while pool.running():
        pool_event = await pool.next_event(until=analyst_deadline)
        if pool_event is None:
            assert analyst is not None
            analyst.stop("cancelled")
            analyst_deadline = None
            continue
        for event in state.handle(pool_event):
            yield event
    if not record.reply:
        scores = borda_scores(state.carryover.rankings, state.carryover.answers)
        yield state.emit(record.draft(scores))
    seconds = pool.now() - pool.started_at
    yield Finished(record.outcome(state.plan.name, len(state.plan.layers), seconds))
