"""The state of one run: what is asked, what has come, and what each report of a call means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from moa.engine import disagreement, model_request
from moa.engine.answer_request import AnswerRequest, AnswerSpec
from moa.engine.call_pool import CallEnded, CallPool, Report, TextReceived, Timer
from moa.engine.in_flight_call import CallSlot, InFlightCall
from moa.engine.layer_result import Carryover
from moa.engine.recorded_answers import WHOLE, RecordedAnswers, told
from moa.engine.request_builder import RequestBuilder
from moa.engine.run_record import RunRecord
from moa.events import Compared, Delta, Event, Retracted, Retried
from moa.pipeline import prompts
from moa.pipeline.plan import Plan
from moa.ports import Model
from moa.types import Answer, Call, Prompt


class EngineState:
    """Nothing of it is shared with another run.

    Attributes:
        plan: who is asked.
        seed: of labels, order and boundaries.
        recorded: answers of an earlier attempt.
        crew: the calls that are under way.
        account: what has been brought.
        standing: what the next layer reads.
        closed: the number of the last layer that has closed.
    """

    def __init__(self, plan: Plan, thread: Prompt, seed: int, recorded: Sequence[Answer]) -> None:
        self.plan = plan
        self.seed = seed
        self.recorded = RecordedAnswers(plan, recorded)
        self.crew = CallPool()
        self.account = RunRecord(
            n for n, layer in enumerate(plan.layers, 1) if layer.task.brings == "rankings"
        )
        self.standing = Carryover()
        self.closed = 0
        self._briefing = RequestBuilder(plan, thread, seed)
        self._askings: dict[tuple[int, int], AnswerRequest] = {}
        self._blank = ""

    @property
    def alone(self) -> bool:
        """Whether proposers were asked and none of them brought an answer."""
        return bool(self.plan.layers) and not self.standing.answers

    def ask(self, wanted: AnswerSpec) -> AnswerRequest:
        """Begin to ask for an answer."""
        asking = AnswerRequest(self.crew, wanted, partial(self._request, wanted.place))
        self._askings[wanted.place.layer, wanted.place.position] = asking
        return asking

    async def stop(self, on_stopped: Callable[[Call], object] | None = None) -> None:
        """Stop the calls that run, and let go of all: they hold the state, which holds them.

        `on_stopped` is given the line of each call that no event has told of.
        """
        unheard = await self.crew.stop()
        if on_stopped:
            for held in [asking.held for asking in self._askings.values() if asking.held]:
                on_stopped(held[1])
            for call in unheard:
                on_stopped(call.closed(began=self.crew.began, late=False)[1])
        self._askings.clear()

    def pending(self, number: int) -> dict[int, AnswerRequest]:
        """What may still come in a layer, by position."""
        return {p: a for (n, p), a in self._askings.items() if n == number and not a.settled}

    def restore(self, answer: Answer, line: Call) -> Event:
        """Put a recorded answer in its place."""
        self.account.keep(answer)
        self.account.calls.append(line)
        return told(answer, line)

    def settle(self, report: Report) -> Iterator[Event]:
        """What a report of the crew means for the run."""
        match report:
            case TextReceived(call, text, anew):
                counts = self._asking_of(call).heard(call)
                if counts and call.place.role == "aggregator":
                    yield from self.retract() if anew else ()
                    yield from self.write(text)
            case Timer():
                if not report.cancelled:
                    report.act()
                    yield from self._resumed()
            case CallEnded(call):
                yield from self._done(call)

    def give_up_pauses(self, number: int) -> Iterator[Event]:
        """A layer that closes begins nothing more: a fault that was to be retried stands."""
        for asking in self.pending(number).values():
            asking.drop()
            if asking.held:
                answer, line = asking.held
                asking.held, asking.settled = None, True
                self.account.keep(answer)
                yield told(answer, line)

    def write(self, text: str) -> Iterator[Delta]:
        """Hand on the aggregator's text. What is blank is no beginning: it waits for words."""
        if self.account.reply:
            yield self.delta(text)
            return
        self._blank += text
        if self._blank.strip():
            above = f"{prompts.ALONE_AFTER_FAILURES}\n\n" if self.alone else ""
            yield self.delta(above + self._blank)

    def retract(self) -> Iterator[Retracted]:
        """What was written was a thought: the reply begins anew."""
        self._blank = ""
        if self.account.reply:
            self.account.reply = ""
            yield Retracted()

    def forget_blank(self) -> None:
        """Let go of blank text that an aggregator left behind."""
        self._blank = ""

    def delta(self, text: str) -> Delta:
        """The next piece of the reply."""
        if self.account.first_token is None:
            self.account.first_token = self.crew.now() - self.crew.began
        self.account.reply += text
        return Delta(text)

    def _request(self, place: CallSlot, model: Model, share: float) -> model_request.ModelRequest:
        request = self._briefing.request(self.standing, place, model, share)
        if place.role != "analyst":
            # By name: models with larger windows may have read it all.
            self.account.note(*(f"{model.profile.name}: {note}" for note in request.notes))
            if request.blind:
                self.account.blind[model.profile.name] = None
        return request

    def _done(self, call: InFlightCall) -> Iterator[Event]:
        """A call has ended: its line in the ledger, and its answer unless another is awaited."""
        late = call.place.layer <= self.closed
        answer, line = call.closed(began=self.crew.began, late=late)
        analyst = call.place.role == "analyst"
        if analyst:
            found, line = disagreement.judged(answer, line, self.standing.answers)
            self.account.disagreement = found
        self.account.calls.append(line)
        self.account.bug = self.account.bug or call.bug
        asking = self._asking_of(call)
        if asking.goes_on(call, brought=answer.status in WHOLE, late=late):
            if asking.settled or asking.under_way:
                yield Retried(line)
            else:
                asking.held = (answer, line)
            return
        asking.settled = True
        if analyst:
            yield Compared(self.account.disagreement, line)
            return
        self.account.keep(answer)
        yield told(answer, line)

    def _resumed(self) -> Iterator[Event]:
        """Tell of calls whose place another call has taken after a pause."""
        for asking in self._askings.values():
            if asking.held and asking.under_way:
                _, line = asking.held
                asking.held = None
                yield Retried(line)

    def _asking_of(self, call: InFlightCall) -> AnswerRequest:
        return self._askings[call.place.layer, call.place.position]
