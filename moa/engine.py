"""A run: layer after layer of proposers, then one aggregator that writes the reply.

Start reading at `run`. Each call is a task of its own, and all of them report to one inbox; the
generator reads it and yields what happened. No task and no connection outlives the generator.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from moa import compose, prompts
from moa.calls import Call, Place, Running
from moa.crew import Crew, Done, Text
from moa.errors import NotEnoughAnswers, Overflow, PipelineError
from moa.events import (
    AggregatorStarted,
    Answered,
    Delta,
    Event,
    Failed,
    Finished,
    LayerClosed,
    LayerStarted,
)
from moa.pipeline import Layer, Plan
from moa.ports import Model
from moa.strategies import Brief, direct
from moa.types import Answer, Outcome, OutcomeStatus, Prompt

WHOLE = frozenset({"used", "truncated", "late"})
"""Recorded answers of these states are not asked for again."""

DRAFT_ORDER = ("used", "late", "truncated", "cut")
"""What may stand as the reply when no aggregator answers, the best first."""

FIRST_TOKEN_SHARE = 0.25
"""An aggregator that has not begun after this share of its deadline gives way to the next."""

REFIT_SHARE = 0.5
"""How much of its window a model is given after it found a prompt too long."""


async def run(
    plan: Plan, thread: Prompt, *, seed: int, recorded: Sequence[Answer] = ()
) -> AsyncGenerator[Event, None]:
    """Put a thread through a plan, and yield what happens.

    Args:
        plan: who is asked; see `moa.bind` and `moa.Plan.of`.
        thread: the conversation; its last turn must be the user's and not empty.
        seed: decides labels, order and boundary. Whoever can write into the thread should not be
            able to guess it: `secrets.randbits(63)` is good.
        recorded: answers of an earlier attempt at the same run (same plan, thread and seed). Those
            that came whole are not asked for again.

    Yields:
        Events, the last of them `Finished`. Close the generator to cancel the run
        (`contextlib.aclosing`): every call is stopped and its connection closed.

    Raises:
        PipelineError: when the thread does not end in a user's turn with words in it.
        NotEnoughAnswers: when no model answered at all.
    """
    if not thread.messages or thread.messages[-1].role != "user":
        raise PipelineError("The last turn of a thread must be the user's.")
    if not thread.messages[-1].content.strip():
        raise PipelineError("The question is empty.")
    state = _Run(plan, thread, seed, recorded)
    try:
        for number, layer in enumerate(plan.layers, 1):
            async with aclosing(state.layer(number, layer)) as events:
                async for event in events:
                    yield event
        async with aclosing(state.aggregate()) as events:
            async for event in events:
                yield event
        async with aclosing(state.finish()) as events:
            async for event in events:
                yield event
    finally:
        await state.crew.stop()


async def ask(plan: Plan, question: str | Prompt, *, seed: int) -> Outcome:
    """Put one question through a plan and return its outcome: `run` without the events.

    Raises:
        PipelineError, NotEnoughAnswers: see `run`.
    """
    thread = Prompt.of(question) if isinstance(question, str) else question
    async with aclosing(run(plan, thread, seed=seed)) as events:
        async for event in events:
            if isinstance(event, Finished):
                return event.outcome
    raise AssertionError("a run ends with Finished, or raises")


class _Run:
    """The state of one run. Nothing of it is shared with another."""

    def __init__(self, plan: Plan, thread: Prompt, seed: int, recorded: Sequence[Answer]) -> None:
        self._plan = plan
        self._thread = thread
        self._seed = seed
        self._recorded = {(a.layer, a.position): a for a in recorded if a.status in WHOLE}
        self.crew = Crew()
        self._answers: dict[tuple[int, int], Answer] = {}
        self._closed = 0
        self._read: tuple[Answer, ...] = ()
        self._calls: list[Call] = []
        self._notes: dict[str, None] = {}
        self._reply = ""
        self._status: OutcomeStatus = "unsynthesised"
        self._first_token: float | None = None
        self._aggregator: Answer | None = None

    @property
    def _alone(self) -> bool:
        """Whether proposers were asked and none of them brought an answer."""
        return bool(self._plan.layers) and not self._read

    async def layer(self, number: int, layer: Layer) -> AsyncGenerator[Event, None]:
        """Ask a layer's proposers at the same time, until the layer closes."""
        yield LayerStarted(number, tuple(seat.model.profile.name for seat in layer.seats))
        started = self.crew.now()
        for position, seat in enumerate(layer.seats, 1):
            place = Place("proposer", number, position)
            if known := self._recorded.get((number, position)):
                yield self._restore(known)
            else:
                self._start(seat.model, place, started + layer.deadline_s)
        quorum_at: float | None = None
        while pending := self.crew.running(number):
            got = [a for a in self._answers.values() if a.layer == number]
            readable = sum(a.readable for a in got)
            if quorum_at is None and readable >= layer.needed(len(pending) + readable):
                quorum_at = self.crew.now()
            required = any(layer.seats[c.place.position - 1].required for c in pending)
            closes = None
            if quorum_at is not None and not required:
                closes = quorum_at + layer.grace(quorum_at - started)
                if self.crew.now() >= closes:
                    break
            for event in self._settle(await self.crew.next(until=closes)):
                yield event
        yield self._close(number)

    async def aggregate(self) -> AsyncGenerator[Event, None]:
        """Have the first aggregator that can write the reply; hand on its text as it comes."""
        number = len(self._plan.layers) + 1
        for attempt, model in enumerate(self._plan.aggregators, 1):
            yield AggregatorStarted(model.profile.name, attempt)
            if known := self._recorded.get((number, attempt)):
                yield self._restore(known)
                yield self._delta(self._opened(known.text))
            else:
                async with aclosing(self._attempt(model, number, attempt)) as events:
                    async for event in events:
                        yield event
            self._aggregator = self._answers[number, attempt]
            if self._reply:
                if self._aggregator.status == "cut":
                    self._status = "partial"
                elif not self._alone:
                    self._status = "complete"
                return

    async def finish(self) -> AsyncGenerator[Event, None]:
        """Stop what no longer matters, fall back on a draft if need be, and close the account."""
        for call in self.crew.running():
            call.cancel("cancelled")
        while self.crew.running():
            for event in self._settle(await self.crew.next()):
                yield event
        if not self._reply:
            yield self._delta(self._draft())
        yield Finished(self._outcome())

    async def _attempt(
        self, model: Model, number: int, attempt: int
    ) -> AsyncGenerator[Event, None]:
        deadline_s = self._plan.aggregator_deadline_s
        started = self.crew.now()
        place = Place("aggregator", number, attempt)
        call = self._start(model, place, started + deadline_s)
        gives_way = started + deadline_s * FIRST_TOKEN_SHARE
        while (number, attempt) not in self._answers:
            until = None if self._reply else gives_way
            if until is not None and self.crew.now() >= until:
                call.cancel("timeout")
                until = None
            for event in self._settle(await self.crew.next(until=until)):
                yield event

    def _start(self, model: Model, place: Place, deadline: float, share: float = 1.0) -> Running:
        final = place.role == "aggregator"
        brief = Brief(
            self._thread, self._read, prompts.nonce_of(self._seed, place.layer), final=final
        )
        strategy = direct if final and self._alone else self._plan.strategy_of(place.layer)
        request = compose.request(strategy, brief, model.profile, place.role, window_share=share)
        self._notes.update(dict.fromkeys(request.notes))
        return self.crew.start(model, place, request, deadline)

    def _settle(self, report: Text | Done | None) -> Iterator[Event]:
        """What a report of the crew means for the run."""
        match report:
            case None:
                return
            case Text(text=text):
                yield self._delta(self._opened(text))
            case Done(call):
                late = call.place.role == "proposer" and call.place.layer <= self._closed
                answer, line = call.closed(began=self.crew.began, late=late)
                self._calls.append(line)
                if isinstance(call.error, Overflow) and call.place.attempt == 1 and not late:
                    again = replace(call.place, attempt=2)
                    self._start(call.model, again, call.deadline, REFIT_SHARE)
                    return
                self._answers[answer.layer, answer.position] = answer
                brought = answer.status in WHOLE
                yield Answered(answer, line) if brought else Failed(answer, line)

    def _restore(self, known: Answer) -> Answered:
        """Put a recorded answer in its place: paid for earlier, and in time now."""
        status = "used" if known.status == "late" else known.status
        answer = replace(known, status=status, label="")
        role = "proposer" if answer.layer <= len(self._plan.layers) else "aggregator"
        line = Call(
            model=answer.model,
            role=role,
            layer=answer.layer,
            position=answer.position,
            attempt=0,
            state=status,
            started=0.0,
            ended=0.0,
            usage=answer.usage,
            cost_usd=answer.cost_usd,
        )
        self._answers[answer.layer, answer.position] = answer
        self._calls.append(line)
        return Answered(answer, line)

    def _close(self, number: int) -> LayerClosed:
        """Label what came for the next layer; where nothing came, the layer before stands."""
        came = [a for a in self._answers.values() if a.layer == number and a.readable]
        came.sort(key=lambda a: a.position)
        read = prompts.labelled(came, seed=self._seed, layer=number)
        self._answers.update({(a.layer, a.position): a for a in read})
        self._closed = number
        if read:
            self._read = read
        elif self._read:
            self._notes[f"Layer {number} brought no answer; the answers before it were used."] = (
                None
            )
        waiting = tuple(call.model.profile.name for call in self.crew.running(number))
        return LayerClosed(number, read, waiting)

    def _delta(self, text: str) -> Delta:
        if self._first_token is None:
            self._first_token = self.crew.now() - self.crew.began
        self._reply += text
        return Delta(text)

    def _opened(self, text: str) -> str:
        """The aggregator's text, with a line above its beginning where it read no answers."""
        if self._alone and not self._reply:
            return f"{prompts.ALONE_AFTER_FAILURES}\n\n{text}"
        return text

    def _draft(self) -> str:
        """The best single answer under a line that says so.

        Raises:
            NotEnoughAnswers: when there is none.
        """
        drafts = [a for a in self._answers.values() if a.text.strip() and a.status in DRAFT_ORDER]
        if not drafts:
            raise NotEnoughAnswers(self._in_order())
        best = min(drafts, key=lambda a: (-a.layer, DRAFT_ORDER.index(a.status), -len(a.text)))
        return f"{prompts.NOT_SYNTHESISED}\n\n{best.text.strip()}"

    def _in_order(self) -> tuple[Answer, ...]:
        return tuple(self._answers[key] for key in sorted(self._answers))

    def _outcome(self) -> Outcome:
        layers = len(self._plan.layers)
        return Outcome(
            reply=self._reply,
            status=self._status,
            pipeline=self._plan.name,
            answers=tuple(a for a in self._in_order() if a.layer <= layers),
            aggregator=self._aggregator,
            calls=tuple(self._calls),
            seconds=self.crew.now() - self.crew.began,
            first_token_seconds=self._first_token,
            notes=tuple(self._notes),
        )
