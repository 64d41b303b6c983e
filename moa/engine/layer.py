"""A layer: all its models are asked at the same time, until it closes."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from moa.engine import layer_result
from moa.engine.answer_request import AnswerSpec
from moa.engine.engine_state import EngineState
from moa.engine.in_flight_call import CallSlot
from moa.events import Event, LayerClosed, LayerStarted
from moa.pipeline.plan import Layer


async def run_layer(state: EngineState, number: int, layer: Layer) -> AsyncGenerator[Event, None]:
    """Ask a layer's models, and wait for their answers as long as its rules say."""
    if len(state.standing.answers) < layer.task.least:
        return
    started = state.crew.now()
    # All calls are on their way before anybody is told: who listens may take time over it.
    restored = _open(state, number, layer, started)
    models = tuple(seat.model.profile.name for seat in layer.seats)
    yield LayerStarted(number, models, layer.task.brings)
    for event in restored:
        yield event
    quorum_at: float | None = None
    while pending := state.pending(number):
        readable = len(state.account.readable(number))
        if quorum_at is None and readable >= layer.needed(len(pending) + readable):
            quorum_at = state.crew.now()
        closes = None
        if quorum_at is not None and not any(layer.seats[p - 1].required for p in pending):
            # A model that has failed once is not waited for: its retry must cost nobody time.
            hopeful = any(not asking.is_mending for asking in pending.values())
            grace = layer.grace(quorum_at - started) if hopeful else 0.0
            closes = quorum_at + grace
        report = await state.crew.next(until=closes)
        if report is None:
            break
        for event in state.settle(report):
            yield event
    for event in state.give_up_pauses(number):
        yield event
    yield _close(state, number, layer)


def _open(state: EngineState, number: int, layer: Layer, started: float) -> list[Event]:
    """Ask whom a layer has, and give what is recorded of it."""
    restored: list[Event] = []
    for position, seat in enumerate(layer.seats, 1):
        if known := state.recorded.of(number, position):
            restored.append(state.restore(*known))
        elif not state.recorded.is_over(number):
            role = "ranker" if layer.task.brings == "rankings" else "proposer"
            place = CallSlot(role, number, position)
            state.ask(AnswerSpec(seat.model, place, started + layer.deadline_s))
    return restored


def _close(state: EngineState, number: int, layer: Layer) -> LayerClosed:
    """Label what came for the next layer; where nothing came, the layer before stands."""
    came = state.account.readable(number)
    closed = layer_result.closed(
        state.standing,
        came,
        layer.task,
        seed=state.seed,
        layer=number,
    )
    state.account.keep(*closed.changed)
    if came or not state.recorded.is_over(number):
        state.account.note(*closed.notes)
    state.closed = number
    state.standing = closed.standing
    waiting = state.pending(number)
    if layer.task.brings == "rankings":  # a ranking that comes late is of use to nobody
        for asking in waiting.values():
            asking.stop("cancelled")
    names = tuple(layer.seats[p - 1].model.profile.name for p in waiting)
    brought_nothing = layer.task.brings == "answers" and not came
    return LayerClosed(number, () if brought_nothing else closed.standing.answers, names)
