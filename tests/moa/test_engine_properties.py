"""Properties of every run, whatever its plan, latencies and failures."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moa import (
    Answer,
    Answered,
    Failed,
    Finished,
    Hedge,
    Layer,
    LayerClosed,
    NotEnoughAnswers,
    Overflow,
    Plan,
    Profile,
    RateLimited,
    Rejected,
    Unavailable,
    run,
)
from moa.pipeline.plan import Seat
from moa.providers.scripted import Fail, Finish, Hang, ScriptedModel, Step, Wait
from tests.moa.runs import QUESTION, SEED, Played, clock, play
from tests.moa.virtual_time import in_virtual_time

EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

faults = st.sampled_from(
    [
        Unavailable(),
        Unavailable(kind="overloaded"),
        Unavailable(kind="garbled"),
        RateLimited(retry_after=3.0),
        RateLimited(retry_after=500.0),
        Rejected(),
        Rejected(kind="quota"),
        Overflow(),
    ]
)
moments = st.sampled_from([0.0, 0.1, 1.0, 2.5, 7.0, 20.0, 44.0, 50.0, 400.0])
words = st.sampled_from(["One. ", "Two. ", " \n", "=== END OF ANSWERS ===\n"])
ends = st.one_of(
    st.builds(Fail, faults),
    st.just(Hang()),
    st.builds(Finish, st.sampled_from(["end", "length", "refusal"])),
)


@st.composite
def scripts(draw: st.DrawFn) -> list[Step]:
    """Pauses and text, then any kind of end."""
    said = draw(st.lists(st.one_of(st.builds(Wait, moments), words), max_size=4))
    return [*said, draw(ends)]


@dataclass
class Staged:
    """A plan, and all its models by name."""

    plan: Plan
    models: dict[str, ScriptedModel]

    @property
    def limit(self) -> float:
        """Return the sum of all deadlines in seconds."""
        return sum(layer.deadline_s for layer in self.plan.layers) + self.plan.aggregator_deadline_s

    def names_at(self, answer: Answer) -> set[str]:
        """Return the models that may answer in a slot."""
        places = [[s.model for s in layer.seats] for layer in self.plan.layers]
        model = [*places, list(self.plan.aggregators)][answer.layer - 1][answer.position - 1]
        hedge = model.profile.hedge
        return {model.profile.name} | ({hedge.model.profile.name} if hedge else set())

    def assert_nothing_runs(self) -> None:
        """Assert that no model has a running call."""
        assert {name: m.running for name, m in self.models.items() if m.running} == {}


@st.composite
def staged(draw: st.DrawFn) -> Staged:
    """Plans of up to three layers and three aggregators, some hedged."""
    models: dict[str, ScriptedModel] = {}

    def model() -> ScriptedModel:
        name = f"m{len(models)}"
        hedge = None
        if draw(st.integers(0, 4)) == 0:
            spare = ScriptedModel(Profile(f"{name}-spare"), draw(scripts()))
            models[spare.profile.name] = spare
            hedge = Hedge(spare, after_s=draw(moments))
        profile = Profile(name, hedge=hedge, max_attempts=draw(st.integers(1, 3)))
        models[name] = ScriptedModel(profile, draw(scripts()))
        return models[name]

    def layer() -> Layer:
        seats = [Seat(model(), draw(st.booleans())) for _ in range(draw(st.integers(1, 4)))]
        return Layer(
            tuple(seats),
            quorum=draw(st.sampled_from([None, None, 1, 2])),
            grace_s=draw(st.sampled_from([None, None, 0.0, 5.0])),
            deadline_s=draw(st.sampled_from([1.0, 10.0, 45.0])),
        )

    layers = tuple(layer() for _ in range(draw(st.integers(0, 3))))
    aggregators = tuple(model() for _ in range(draw(st.integers(1, 3))))
    return Staged(Plan(layers, aggregators, aggregator_deadline_s=60.0), models)


async def ending(stage: Staged) -> Played | NotEnoughAnswers:
    """Run to the end, and check what must hold for any run."""
    try:
        return await play(stage.plan)
    except NotEnoughAnswers as error:
        return error
    finally:
        stage.assert_nothing_runs()
        assert clock() <= stage.limit + 1e-6


@EXAMPLES
@given(staged())
def test_a_run_ends_in_time_with_one_outcome_or_one_error(stage: Staged) -> None:
    """Within the sum of the deadlines it yields one Finished, as the last event, or raises."""
    ended = in_virtual_time(ending(stage))
    if isinstance(ended, Played):
        assert [e for e in ended.events if isinstance(e, Finished)] == [ended.events[-1]]
        assert ended.outcome.reply.strip()
        assert ended.text == ended.outcome.reply
    else:
        assert all(a.error or a.status == "cut" for a in ended.answers)
        assert {a.layer for a in ended.answers} <= set(range(1, len(stage.plan.layers) + 2))


@EXAMPLES
@given(staged())
def test_every_call_is_logged_once(stage: Staged) -> None:
    """The log has one entry per call made, and each is reported once."""
    ended = in_virtual_time(ending(stage))
    if isinstance(ended, NotEnoughAnswers):
        return
    lines = ended.outcome.calls
    assert sorted(map(repr, ended.lines)) == sorted(map(repr, lines))
    for name, model in stage.models.items():
        begun = [call for call in lines if call.model == name]
        # A call cancelled before its task ran is logged but never reached the model.
        unasked = [call for call in begun if call.error_kind in {"cancelled", "hedged", "timeout"}]
        assert len(begun) - len(unasked) <= model.calls <= len(begun)
    places = [(call.layer, call.position, call.attempt) for call in lines]
    assert len(places) == len(set(places))
    assert all(0 <= call.started <= call.ended <= stage.limit + 1e-6 for call in lines)


@EXAMPLES
@given(staged())
def test_no_answer_appears_twice_or_under_another_label(stage: Staged) -> None:
    """Each slot has one answer by its own model; each layer's labels are A, B, … once each."""
    ended = in_virtual_time(ending(stage))
    if isinstance(ended, NotEnoughAnswers):
        return
    told = [e.answer for e in ended.events if isinstance(e, Answered | Failed)]
    places = [(a.layer, a.position) for a in told]
    assert len(places) == len(set(places))
    assert all(a.model in stage.names_at(a) for a in told)
    proposers = {
        (n, p)
        for n, layer in enumerate(stage.plan.layers, 1)
        for p in range(1, len(layer.seats) + 1)
    }
    assert {(a.layer, a.position) for a in ended.outcome.answers} == proposers
    for closed in ended.of(LayerClosed):
        assert [a.label for a in closed.answers] == list("ABCD"[: len(closed.answers)])
        given_ = {
            (a.layer, a.position): a for a in ended.outcome.answers if a.layer == closed.layer
        }
        read = {(a.layer, a.position): a for a in closed.answers}
        assert {k: a for k, a in given_.items() if a.readable} == read
        assert all(not a.label for k, a in given_.items() if k not in read)


@EXAMPLES
@given(staged(), st.integers(0, 30))
def test_cancelling_at_any_event_leaves_nothing_behind(stage: Staged, stop_after: int) -> None:
    """Closing the generator stops every call; no task and no stream is left."""

    async def main() -> None:
        seen = 0
        try:
            async with aclosing(run(stage.plan, QUESTION, seed=SEED)) as events:
                async for _ in events:
                    seen += 1
                    if seen > stop_after:
                        break
        except NotEnoughAnswers:
            pass
        stage.assert_nothing_runs()

    in_virtual_time(main())


@EXAMPLES
@given(staged(), st.integers(0, 12))
def test_a_run_can_be_resumed_from_any_event(stage: Staged, stop_after: int) -> None:
    """The events before a crash suffice to resume, without repeating complete calls."""

    async def main() -> None:
        recorded: dict[tuple[int, int], Answer] = {}
        try:
            async with aclosing(run(stage.plan, QUESTION, seed=SEED)) as events:
                async for event in events:
                    if isinstance(event, Answered | Failed):
                        recorded[event.answer.layer, event.answer.position] = event.answer
                    if len(recorded) > stop_after:
                        break
            again = await play(stage.plan, recorded=tuple(recorded.values()))
        except NotEnoughAnswers:
            return
        whole = {
            place for place, a in recorded.items() if a.status in {"used", "truncated", "late"}
        }
        reached = max((n for n, _ in whole), default=0)
        for line in again.outcome.calls:
            place = (line.layer, line.position)
            assert (line.attempt == 0) == (
                place in whole or (line.layer < reached and place in recorded)
            )
        for place in whole:
            known = next((a for a in again.outcome.answers if (a.layer, a.position) == place), None)
            if known:
                assert replace(known, label="", status="used").text == recorded[place].text
        stage.assert_nothing_runs()

    in_virtual_time(main())


@EXAMPLES
@given(staged(), st.sampled_from([0.0, 0.5, 1.0, 3.0, 10.0, 45.0, 60.0]))
def test_cancelling_at_any_time_leaves_nothing_behind(stage: Staged, when: float) -> None:
    """Cancelling a task that waits for a run stops every call too."""

    async def main() -> None:
        with suppress(TimeoutError, NotEnoughAnswers):
            async with asyncio.timeout(when):
                await play(stage.plan)
        stage.assert_nothing_runs()

    in_virtual_time(main())
