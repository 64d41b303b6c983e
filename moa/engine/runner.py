"""A run: layer after layer of proposers, then one aggregator that writes the reply.

Start reading at `run`. Each call is a task of its own, and all of them report to one inbox; the
generator reads it and yields what happened. No task and no connection outlives the generator.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing

from moa.engine.aggregator import aggregate
from moa.engine.engine_state import EngineState
from moa.engine.layer import run_layer
from moa.errors import PipelineError
from moa.events import Event
from moa.pipeline.plan import Plan
from moa.types import Answer, Call, Prompt


async def run(
    plan: Plan,
    thread: str | Prompt,
    *,
    seed: int | None = None,
    recorded: Sequence[Answer] = (),
    on_stopped: Callable[[Call], object] | None = None,
) -> AsyncGenerator[Event, None]:
    """Put a thread through a plan, and yield what happens.

    A run ends by the sum of its layers' deadlines and the aggregators'.

    Args:
        plan: who is asked; see `moa.bind` and `moa.Plan.of`.
        thread: a question, or the conversation; its last turn must be the user's and not empty.
        seed: decides labels, order and boundary. Nobody who can write into the thread should be
            able to guess it. By default a random one is drawn.
        recorded: answers of an earlier attempt at the same run (same plan, thread and seed). Those
            that came whole are not asked for again.
        on_stopped: called with the line of each call that no event has told of, when the run is
            closed before its end: such a call may have cost something.

    Yields:
        Events, the last of them `Finished`. Close the generator to cancel the run
        (`contextlib.aclosing`): every call is stopped and its connection closed.

    Raises:
        PipelineError: when the thread does not end in a user's turn with words in it.
        NotEnoughAnswers: when no model answered at all.
    """
    if isinstance(thread, str):
        thread = Prompt.of(thread)
    if not thread.messages or thread.messages[-1].role != "user":
        raise PipelineError("The last turn of a thread must be the user's.")
    if not thread.messages[-1].content.strip():
        raise PipelineError("The question is empty.")
    drawn = secrets.randbits(63) if seed is None else seed
    state = EngineState(plan, thread, drawn, recorded)
    try:
        for stage in _stages(state):
            async with aclosing(stage) as events:
                async for event in events:
                    yield event
    finally:
        await state.stop(on_stopped)


def _stages(state: EngineState) -> Iterator[AsyncGenerator[Event, None]]:
    """What a run consists of, one after the other."""
    for number, layer in enumerate(state.plan.layers, 1):
        yield run_layer(state, number, layer)
    yield aggregate(state)
