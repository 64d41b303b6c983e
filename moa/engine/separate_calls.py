"""Makes independent calls, with the retries and hedges of a run."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from moa.engine.answer_request import AnswerRequest, AnswerSpec, Requests
from moa.engine.call_pool import CallEnded, CallPool, PoolEvent, TextReceived, Timer
from moa.engine.in_flight_call import CallSlot
from moa.engine.model_request import ModelRequest, build_request
from moa.engine.recorded_answers import COMPLETE_STATUSES, answer_event
from moa.events import Answered, Failed, Retried
from moa.pipeline.strategies import PromptContext
from moa.ports import Model, Profile
from moa.types import Answer, Call, Prompt, Role

SeparateEvent = Answered | Failed | Retried


@dataclass(frozen=True, slots=True)
class CallTask:
    """One call to make.

    Attributes:
        model: the model to call. Its own persona is not used.
        prompt: complete; its turns are shortened if the model's context window is too small.
        layer, position: name the call in the call log, and are unique among the tasks.
        role: as the call log names it.
        temperature: for models whose configuration sets none; None for the role's default.
        output_tokens: the output cap for models whose configuration sets none.
    """

    model: Model
    prompt: Prompt
    layer: int
    position: int
    role: Role = "proposer"
    temperature: float | None = None
    output_tokens: int | None = None

    def request(self, model: Model, window_share: float) -> ModelRequest:
        """Build the request for this model or its hedge."""
        profile = self.profile(model)
        context = PromptContext(self.prompt)
        return build_request(_thread, context, profile, self.role, window_share=window_share)

    def profile(self, model: Model) -> Profile:
        """Return the model's profile with this task's defaults."""
        own = model.profile
        temperature = self.temperature if own.temperature is None else own.temperature
        cap = own.max_output_tokens or self.output_tokens
        return replace(own, persona="", temperature=temperature, max_output_tokens=cap)


def _thread(context: PromptContext) -> Prompt:
    return context.thread


async def run_calls(
    tasks: Sequence[CallTask],
    *,
    at_once: int,
    deadline_s: float,
    on_stopped: Callable[[Call], object] | None = None,
) -> AsyncGenerator[SeparateEvent, None]:
    """Make the calls and yield an event for each as it ends, in any order.

    Close the generator to stop every call and close its connection.

    Args:
        tasks: what to call.
        at_once: tasks in progress at the same time.
        deadline_s: seconds for one task, from its first call on, retries included.
        on_stopped: called with each call that no event reported, if the generator is closed early.
    """
    calls = _SeparateCalls(tasks, deadline_s)
    try:
        while calls.start_next(at_once):
            for event in calls.handle(await calls.pool.next_event()):
                yield event
    finally:
        await calls.stop(on_stopped)


class _SeparateCalls:
    """The state of all calls."""

    def __init__(self, tasks: Sequence[CallTask], deadline_s: float) -> None:
        self.pool = CallPool()
        self._waiting = deque(tasks)
        self._deadline_s = deadline_s
        self._requests = Requests()
        self._in_progress = 0

    def start_next(self, at_once: int) -> bool:
        """Start as many tasks as are allowed; return whether any is in progress."""
        while self._waiting and self._in_progress < max(at_once, 1):
            task = self._waiting.popleft()
            slot = CallSlot(task.role, task.layer, task.position)
            spec = AnswerSpec(task.model, slot, self.pool.now() + self._deadline_s)
            request = AnswerRequest(self.pool, spec, task.request)
            self._requests[slot.layer, slot.position] = request
            self._in_progress += 1
        # A call that lost to its hedge may end after the answer is settled.
        return bool(self._in_progress or self.pool.running())

    def handle(self, event: PoolEvent | None) -> Iterator[SeparateEvent]:
        """Yield what a pool event means."""
        match event:
            case TextReceived(call):
                self._requests[call.slot.layer, call.slot.position].accept_text(call)
            case Timer(cancelled=False):
                event.callback()
                yield from self._requests.started_retries()
            case CallEnded(call):
                answer, logged = call.result(run_started=self.pool.started_at, late=False)
                yield from self._ended(event, answer, logged)
            case _:
                pass

    async def stop(self, on_stopped: Callable[[Call], object] | None) -> None:
        """Stop all calls; `on_stopped` gets each one that appeared in no event."""
        await self._requests.stop(self.pool, on_stopped)

    def _ended(self, event: CallEnded, answer: Answer, logged: Call) -> Iterator[SeparateEvent]:
        request = self._requests[answer.layer, answer.position]
        succeeded = answer.status in COMPLETE_STATUSES
        if not request.continue_after(event.call, succeeded=succeeded, late=False):
            request.settled = True
            self._in_progress -= 1
            yield answer_event(answer, logged)
        elif request.settled or request.has_running_call:
            yield Retried(logged)
        else:
            request.pending_failure = (answer, logged)


async def one_call(
    task: CallTask, *, deadline_s: float, on_call: Callable[[Call], object] | None = None
) -> Answer | None:
    """Make one call and return its answer, or None if it failed.

    Args:
        task: what to call.
        deadline_s: seconds for it, retries included.
        on_call: gets every call for the call log, even if this is cancelled.
    """
    answer: Answer | None = None
    calls = run_calls([task], at_once=1, deadline_s=deadline_s, on_stopped=on_call)
    async with aclosing(calls) as events:
        async for event in events:
            if on_call:
                on_call(event.call)
            if isinstance(event, Answered):
                answer = event.answer
    return answer
