"""Runs one layer: calls all its models at once and waits until it closes."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from moa.engine import layer_result
from moa.engine.answer_request import AnswerSpec
from moa.engine.engine_state import EngineState
from moa.engine.in_flight_call import CallSlot
from moa.events import Event, LayerClosed, LayerStarted
from moa.pipeline.plan import Layer


async def run_layer(state: EngineState, number: int, layer: Layer) -> AsyncGenerator[Event, None]:
    """Call a layer's models and yield their events until the layer closes.

    Skip the layer if there are fewer answers than its task needs.
    """
    if len(state.carryover.answers) < layer.task.min_answers:
        return
    started = state.pool.now()
    # Start all calls before yielding: the consumer may be slow to come back.
    restored = _start_calls(state, number, layer, started)
    models = tuple(seat.model.profile.name for seat in layer.seats)
    yield LayerStarted(number, models, layer.task.output)
    for event in restored:
        yield event
    quorum_at: float | None = None
    while pending := state.pending(number):
        answered = len(state.record.readable_answers(number))
        if quorum_at is None and answered >= layer.quorum_of(len(pending) + answered):
            quorum_at = state.pool.now()
        closes_at = None
        if quorum_at is not None and not any(layer.seats[p - 1].required for p in pending):
            # Don't wait for retries: one model's failure must not delay everyone.
            first_tries = any(not request.is_retrying for request in pending.values())
            grace = layer.grace(quorum_at - started) if first_tries else 0.0
            closes_at = quorum_at + grace
        pool_event = await state.pool.next_event(until=closes_at)
        if pool_event is None:
            break
        for event in state.handle(pool_event):
            yield event
    for event in state.cancel_retries(number):
        yield event
    yield _close(state, number, layer)


def _start_calls(state: EngineState, number: int, layer: Layer, started: float) -> list[Event]:
    """Call the layer's models, except those with a recorded answer. Return the latter's events."""
    restored: list[Event] = []
    for position, seat in enumerate(layer.seats, 1):
        if known := state.recorded.find(number, position):
            restored.append(state.restore(*known))
        elif not state.recorded.is_closed(number):
            role = "ranker" if layer.task.output == "rankings" else "proposer"
            slot = CallSlot(role, number, position)
            state.start_request(AnswerSpec(seat.model, slot, started + layer.deadline_s))
    return restored


def _close(state: EngineState, number: int, layer: Layer) -> LayerClosed:
    """Close the layer: label its answers for the next one, or keep the previous layer's."""
    answers = state.record.readable_answers(number)
    result = layer_result.close_layer(
        state.carryover,
        answers,
        layer.task,
        seed=state.seed,
        layer=number,
    )
    state.record.add(*result.answers)
    if answers or not state.recorded.is_closed(number):
        state.record.add_notes(*result.notes)
    state.last_closed = number
    state.carryover = result.carryover
    pending = state.pending(number)
    if layer.task.output == "rankings":  # a late ranking is useless, a late answer is not
        for request in pending.values():
            request.stop("cancelled")
    waiting = tuple(layer.seats[p - 1].model.profile.name for p in pending)
    no_answers = layer.task.output == "answers" and not answers
    return LayerClosed(number, () if no_answers else result.carryover.answers, waiting)
