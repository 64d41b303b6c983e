"""The state of one run, and how each pool event changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from moa.engine import disagreement, model_request
from moa.engine.answer_request import AnswerRequest, AnswerSpec, Requests
from moa.engine.call_pool import CallEnded, CallPool, PoolEvent, TextReceived, Timer
from moa.engine.cut_prompt import cut_prompt_note
from moa.engine.in_flight_call import CallSlot, InFlightCall
from moa.engine.layer_result import Carryover
from moa.engine.recorded_answers import COMPLETE_STATUSES, RecordedAnswers, answer_event
from moa.engine.request_builder import RequestBuilder
from moa.engine.run_record import RunRecord
from moa.events import Compared, Delta, Event, Retracted, Retried
from moa.pipeline import prompts
from moa.pipeline.plan import Plan
from moa.ports import Model
from moa.types import Answer, Call, Prompt


class EngineState:
    """Everything one run knows; runs share nothing.

    Attributes:
        plan: the layers and aggregators to run.
        seed: decides labels, order and boundaries.
        recorded: answers of an earlier attempt at this run.
        pool: the running calls.
        record: the results so far.
        carryover: the answers and rankings for the next layer.
        last_closed: the number of the last closed layer, 0 at the start.
    """

    def __init__(self, plan: Plan, thread: Prompt, seed: int, recorded: Sequence[Answer]) -> None:
        self.plan = plan
        self.seed = seed
        self.recorded = RecordedAnswers(plan, recorded)
        self.pool = CallPool()
        self.record = RunRecord(plan.ranking_layers)
        self.carryover = Carryover()
        self.last_closed = 0
        self._request_builder = RequestBuilder(plan, thread, seed)
        self._requests = Requests()
        self._blank_text = ""

    @property
    def all_proposers_failed(self) -> bool:
        """Whether the plan has proposers and none of them answered."""
        return bool(self.plan.layers) and not self.carryover.answers

    def start_request(self, spec: AnswerSpec) -> AnswerRequest:
        """Start the calls for one answer."""
        request = AnswerRequest(self.pool, spec, partial(self._build_request, spec.slot))
        self._requests[spec.slot.layer, spec.slot.position] = request
        return request

    async def stop(self, on_stopped: Callable[[Call], object] | None) -> None:
        """Stop all calls; `on_stopped` gets each one that appeared in no event."""
        await self._requests.stop(self.pool, on_stopped)

    def pending(self, layer: int) -> dict[int, AnswerRequest]:
        """Return the unsettled requests of a layer, by position."""
        return {p: r for (n, p), r in self._requests.items() if n == layer and not r.settled}

    def restore(self, answer: Answer, call: Call) -> Event:
        """Record an answer of an earlier attempt, and return its event."""
        self.record.add(answer)
        self.record.calls.append(call)
        return answer_event(answer, call)

    def handle(self, event: PoolEvent) -> Iterator[Event]:
        """Update the state for a pool event, and yield the run's events."""
        match event:
            case TextReceived(call, text, retract):
                accepted = self._request_for(call).accept_text(call)
                if accepted and call.slot.role == "aggregator":
                    if retract:
                        yield from self.retract_reply()
                    yield from self.append_reply(text)
            case Timer():
                if not event.cancelled:
                    event.callback()
                    yield from self._requests.started_retries()
            case CallEnded(call):
                yield from self._ended(call)

    def cancel_retries(self, layer: int) -> Iterator[Event]:
        """Cancel a closing layer's scheduled retries; their failures become final."""
        for request in self.pending(layer).values():
            request.close()
            if request.pending_failure:
                answer, call = request.pending_failure
                request.pending_failure, request.settled = None, True
                self.record.add(answer)
                yield answer_event(answer, call)

    def append_reply(self, text: str) -> Iterator[Delta]:
        """Add aggregator text to the reply. Leading blank text is held back until words follow."""
        if self.record.reply:
            yield self.emit(text)
            return
        self._blank_text += text
        if self._blank_text.strip():
            note = f"{prompts.ALONE_AFTER_FAILURES}\n\n" if self.all_proposers_failed else ""
            yield self.emit(note + self._blank_text)

    def retract_reply(self) -> Iterator[Retracted]:
        """Empty the reply, because its text so far was the aggregator's thought."""
        self._blank_text = ""
        if self.record.reply:
            self.record.reply = ""
            yield Retracted()

    def discard_blank_text(self) -> None:
        """Drop blank text held back from the previous aggregator."""
        self._blank_text = ""

    def emit(self, text: str) -> Delta:
        """Add text to the reply and return its event."""
        if self.record.first_token is None:
            self.record.first_token = self.pool.now() - self.pool.started_at
        self.record.reply += text
        return Delta(text)

    def _build_request(
        self, slot: CallSlot, model: Model, share: float
    ) -> model_request.ModelRequest:
        request = self._request_builder.build(self.carryover, slot, model, share)
        if slot.role != "analyst":
            # Name the model: others with larger windows may have read everything.
            self.record.add_notes(*(f"{model.profile.name}: {note}" for note in request.notes))
            self.record.add_reading(request.messages_read, request.messages)
            if request.images_omitted:
                self.record.without_images[model.profile.name] = None
        return request

    def _ended(self, call: InFlightCall) -> Iterator[Event]:
        """Log an ended call, and record its answer unless another call may replace it."""
        late = call.slot.layer <= self.last_closed
        answer, logged = call.result(run_started=self.pool.started_at, late=late)
        is_analyst = call.slot.role == "analyst"
        if is_analyst:
            found, logged = disagreement.parse_answer(answer, logged, self.carryover.answers)
            self.record.disagreement = found
        elif note := cut_prompt_note(call):
            self.record.add_notes(note)
        self.record.calls.append(logged)
        self.record.bug = self.record.bug or call.bug
        request = self._request_for(call)
        succeeded = answer.status in COMPLETE_STATUSES
        if request.continue_after(call, succeeded=succeeded, late=late):
            if request.settled or request.has_running_call:
                yield Retried(logged)
            else:
                request.pending_failure = (answer, logged)
            return
        request.settled = True
        if is_analyst:
            yield Compared(self.record.disagreement, logged)
            return
        self.record.add(answer)
        yield answer_event(answer, logged)

    def _request_for(self, call: InFlightCall) -> AnswerRequest:
        return self._requests[call.slot.layer, call.slot.position]
