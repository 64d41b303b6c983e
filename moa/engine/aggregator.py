"""The reply: written by the first aggregator that can, else a draft; then the run is over."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from moa.engine import disagreement
from moa.engine.answer_request import AnswerRequest, AnswerSpec
from moa.engine.engine_state import EngineState
from moa.engine.in_flight_call import CallSlot
from moa.events import AggregatorStarted, Event, Finished
from moa.pipeline.strategies import points
from moa.ports import Model

FIRST_TOKEN_SHARE = 0.25
"""An aggregator that has not begun after this share of the deadline gives way to the next."""

REPLY_TRUNCATED = "The reply ends early: the model that wrote it met its length limit."
"""A note for the reader, since a reply that was cut at a limit looks like a whole one."""


async def aggregate(state: EngineState) -> AsyncGenerator[Event, None]:
    """Have the reply written and handed on as it comes, and close the account."""
    number = len(state.plan.layers) + 1
    everybody = list(enumerate(state.plan.aggregators, 1))
    ready = [(p, m) for p, m in everybody if state.recorded.of(number, p)]
    ends = state.crew.now() + state.plan.aggregator_deadline_s
    analyst = None if ready else _compare(state, ends)
    queue = ready[:1] or everybody
    for tried, (position, model) in enumerate(queue):
        stage = _aggregator(state, model, position, ends, successors=len(queue) - tried - 1)
        async with aclosing(stage) as events:
            async for event in events:
                yield event
        if state.account.reply:
            _accept(state, position)
            break
    async with aclosing(_finish(state, analyst)) as events:
        async for event in events:
            yield event


async def _aggregator(
    state: EngineState, model: Model, position: int, ends: float, *, successors: int
) -> AsyncGenerator[Event, None]:
    """One aggregator's try: until its call has ended, or it has given way to a successor."""
    number = len(state.plan.layers) + 1
    if known := state.recorded.of(number, position):
        yield AggregatorStarted(model.profile.name, position)
        yield state.restore(*known)
        for event in state.write(known[0].text):
            yield event
        return
    state.forget_blank()
    place = CallSlot("aggregator", number, position)
    asking = state.ask(AnswerSpec(model, place, ends, patient=not successors))
    yield AggregatorStarted(model.profile.name, position)
    gives_way = _gives_way(state, ends, successors)
    while not asking.settled:
        report = await state.crew.next(until=None if state.account.reply else gives_way)
        if report is None:
            asking.stop("timeout")
            gives_way = None
            continue
        for event in state.settle(report):
            yield event


def _gives_way(state: EngineState, ends: float, successors: int) -> float | None:
    """When an aggregator must have begun, so that its successors have their turn."""
    if not successors:
        return None
    now = state.crew.now()
    share = state.plan.aggregator_deadline_s * FIRST_TOKEN_SHARE
    return now + min(share, (ends - now) / (successors + 1))


def _accept(state: EngineState, position: int) -> None:
    """The reply is that of the aggregator in this position."""
    written = state.account.answers[len(state.plan.layers) + 1, position]
    state.account.aggregator = written
    if written.status == "cut":
        state.account.status = "partial"
    elif not state.alone:
        state.account.status = "complete"
    if written.status == "truncated":
        state.account.note(REPLY_TRUNCATED)


def _compare(state: EngineState, ends: float) -> AnswerRequest | None:
    """Ask beside the aggregator where the answers differ, if the plan wants to know."""
    model = state.plan.analyst
    if model is None or len(state.standing.answers) < disagreement.LEAST_ANSWERS:
        return None
    place = CallSlot("analyst", len(state.plan.layers) + 2, 1)
    return state.ask(AnswerSpec(model, place, ends, patient=False))


async def _finish(state: EngineState, analyst: AnswerRequest | None) -> AsyncGenerator[Event, None]:
    """Stop what no longer matters, fall back on a draft if need be, and close the account."""
    crew, account = state.crew, state.account
    for call in crew.running():
        if call.place.role != "analyst":
            call.cancel("cancelled")
    if analyst and not account.reply:
        analyst.stop("cancelled")
    patience = crew.now() + disagreement.GRACE_S if analyst else None
    while crew.running():
        report = await crew.next(until=patience)
        if report is None:
            assert analyst is not None
            analyst.stop("cancelled")
            patience = None
            continue
        for event in state.settle(report):
            yield event
    if not account.reply:
        yield state.delta(account.draft(points(state.standing.rankings, state.standing.answers)))
    seconds = crew.now() - crew.began
    yield Finished(account.outcome(state.plan.name, len(state.plan.layers), seconds))
