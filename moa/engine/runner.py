"""Runs a plan: layer after layer of proposers, then one aggregator that writes the reply.

Start reading at `run`. Each call is its own task and reports to one queue; the generator reads the
queue and yields events. No task or connection outlives the generator.
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
    """Run a thread through a plan and yield events as they happen.

    A run takes at most the sum of its layers' deadlines and the aggregators' deadline.

    Args:
        plan: the layers and aggregators; see `moa.bind` and `moa.Plan.of`.
        thread: a question, or a conversation whose last turn is a user's and not empty.
        seed: decides labels, order and boundaries; None for a random one. Keep it secret from
            anyone who can write into the thread.
        recorded: answers of an earlier attempt at the same run (same plan, thread and seed).
            Complete ones are reused instead of calling the model again.
        on_stopped: called with each call that appeared in no event, when the run is closed before
            its end. Such a call may have cost something.

    Yields:
        Events, the last of them `Finished`. Close the generator to cancel the run
        (`contextlib.aclosing`): every call is stopped and its connection closed.

    Raises:
        PipelineError: the thread does not end with a user's turn that contains text.
        NotEnoughAnswers: no model answered.
    """
    if isinstance(thread, str):
        thread = Prompt.of(thread)
    if not thread.messages or thread.messages[-1].role != "user":
        raise PipelineError("The last turn of a thread must be the user's.")
    if not thread.messages[-1].content.strip():
        raise PipelineError("The question is empty.")
    state = EngineState(plan, thread, secrets.randbits(63) if seed is None else seed, recorded)
    try:
        for stage in _stages(state):
            async with aclosing(stage) as events:
                async for event in events:
                    yield event
    finally:
        await state.stop(on_stopped)


def _stages(state: EngineState) -> Iterator[AsyncGenerator[Event, None]]:
    """Yield the stages of a run, each started only after the previous one has ended."""
    for number, layer in enumerate(state.plan.layers, 1):
        yield run_layer(state, number, layer)
    yield aggregate(state)
