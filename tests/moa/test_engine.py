"""A run from its first event to its last."""

from __future__ import annotations

import asyncio

import pytest

from moa import (
    AggregatorStarted,
    Answered,
    Delta,
    Failed,
    Finished,
    LayerClosed,
    LayerStarted,
    Message,
    NotEnoughAnswers,
    PipelineError,
    Plan,
    Prompt,
    Rejected,
    Unavailable,
    Usage,
    ask,
    run,
)
from moa.pipeline import prompts
from moa.pipeline.plan import Layer
from moa.providers.scripted import Fail, Finish, Wait
from tests.moa.runs import QUESTION, SEED, layer, plan, play, says, slow
from tests.moa.virtual_time import virtual


@virtual
async def test_events_come_in_order() -> None:
    """Layers start, answer and close; then the reply is streamed and the outcome comes last."""
    writer = says("writer", "The ", "reply.")
    played = await play(plan(layer(slow("b", 2), slow("a", 1)), by=writer))
    kinds = [type(event) for event in played.events]
    assert kinds == [
        LayerStarted,
        Answered,
        Answered,
        LayerClosed,
        AggregatorStarted,
        Delta,
        Delta,
        Answered,
        Finished,
    ]
    assert [e.answer.model for e in played.of(Answered)] == ["a", "b", "writer"]
    outcome = played.outcome
    assert (outcome.reply, outcome.status) == ("The reply.", "complete")
    assert [(a.model, a.position, a.status) for a in outcome.answers] == [
        ("b", 1, "used"),
        ("a", 2, "used"),
    ]
    assert outcome.aggregator is not None
    assert outcome.aggregator.text == "The reply."
    assert (outcome.seconds, outcome.first_token_seconds) == (2.0, 2.0)


@virtual
async def test_the_models_of_a_layer_are_called_concurrently() -> None:
    """A layer takes as long as its slowest model, not as the sum of all."""
    played = await play(plan(layer(*(slow(name, 3) for name in "abcdef")), by=says("writer")))
    assert played.outcome.seconds == 3.0


@virtual
async def test_a_slow_consumer_does_not_delay_the_calls() -> None:
    """All calls start before their event is yielded."""
    a, writer = says("a"), says("writer")
    async for event in run(plan(layer(a), by=writer), QUESTION, seed=SEED):
        if isinstance(event, LayerStarted | AggregatorStarted):
            await asyncio.sleep(0)
            assert (a if isinstance(event, LayerStarted) else writer).calls == 1


@virtual
async def test_each_layer_reads_the_answers_of_the_one_before() -> None:
    """The first layer sees only the thread; later layers and the aggregator see answers."""
    first, second, writer = says("first", "Rayleigh."), says("second", "Tyndall."), says("writer")
    await play(plan(layer(first), layer(second), by=writer))
    asked = [model.prompts[0][0].messages[-1].content for model in (first, second, writer)]
    assert asked[0] == QUESTION.messages[-1].content
    assert "Rayleigh." in asked[1]
    assert "Tyndall." in asked[2]
    assert "Rayleigh." not in asked[2]


@virtual
async def test_a_proposers_error_does_not_end_the_run() -> None:
    """One failure is reported, and its error text enters no prompt."""
    bad, writer = says("bad", Fail(Rejected("No such key."))), says("writer")
    played = await play(plan(layer(bad, says("good")), by=writer))
    (failed,) = played.of(Failed)
    assert (failed.answer.error, failed.answer.error_kind) == ("No such key.", "rejected")
    assert played.read_models() == {"good"}
    assert "No such key." not in str(writer.prompts)
    assert played.outcome.status == "complete"


@pytest.mark.parametrize(
    ("steps", "status", "kind"),
    [
        (["Half."], "used", None),
        (["Half.", Finish("length")], "truncated", None),
        (["I will not.", Finish("refusal")], "cut", "refused"),
        ([Finish("refusal")], "failed", "refused"),
        ([" \n "], "failed", "empty"),
        (["Half.", Fail(Unavailable(kind="cut"))], "cut", "cut"),
        ([Fail(Unavailable())], "failed", "unavailable"),
    ],
)
@virtual
async def test_every_answer_has_a_status(
    steps: list[object], status: str, kind: str | None
) -> None:
    """Only used and truncated answers are read; all others have an error kind and a message."""
    model = says("m", *steps, max_attempts=1)
    played = await play(plan(layer(model, says("good")), by=says("writer")))
    answer = played.answer("m")
    assert (answer.status, answer.error_kind) == (status, kind)
    assert (answer.error is None) == (kind is None)
    assert ("m" in played.read_models()) == answer.readable == (kind is None)


@virtual
async def test_a_pipeline_without_layers_calls_one_model() -> None:
    """The aggregator answers alone, and the reply is complete and mentions no failure."""
    writer = says("writer", "Alone.")
    played = await play(Plan.of(aggregator=writer))
    assert (played.outcome.reply, played.outcome.status) == ("Alone.", "complete")
    assert played.outcome.answers == ()
    assert prompts.ALONE in writer.prompts[0][0].system


@virtual
async def test_ask_returns_the_outcome_of_a_run() -> None:
    """`ask` accepts a question or a whole thread."""
    writer = says("writer", "Yes.")
    of_words = await ask(Plan.of([says("a")], aggregator=writer), "Really?", seed=1)
    of_thread = await ask(Plan.of([says("a")], aggregator=writer), Prompt.of("Really?"), seed=1)
    assert of_words.reply == of_thread.reply == "Yes."
    assert writer.prompts[0] == writer.prompts[1]


@virtual
async def test_if_no_model_answers_one_error_lists_the_causes() -> None:
    """The run raises it."""
    bad = says("bad", Fail(Rejected("No such key.")))
    worse = says("worse", Fail(Rejected("No quota.", kind="quota")))
    with pytest.raises(NotEnoughAnswers) as raised:
        await play(plan(layer(bad, worse), by=bad))
    assert [a.error_kind for a in raised.value.answers] == ["rejected", "quota", "rejected"]
    assert "bad: No such key.; worse: No quota.; bad: No such key." in str(raised.value)


@pytest.mark.parametrize(
    ("thread", "words"),
    [
        (Prompt(()), "must be the user's"),
        (Prompt((Message("user", "Hi"), Message("assistant", "Hi"))), "must be the user's"),
        (Prompt.of(" \n"), "empty"),
    ],
)
@virtual
async def test_a_thread_must_end_in_a_question(thread: Prompt, words: str) -> None:
    """A thread without a question is rejected before any call."""
    model = says("m")
    with pytest.raises(PipelineError, match=words):
        await play(Plan.of([model], aggregator=model), thread)
    assert model.calls == 0


@virtual
async def test_every_call_is_logged_once_with_its_times_and_cost() -> None:
    """One entry per call, used or not; totals add up, and unknown costs stay unknown."""

    def cents(usage: Usage) -> float:
        return usage.output_tokens / 100

    a = says("a", Wait(1), "A.", Wait(2), Finish(usage=Usage(10, 2, 4)), cost=cents)
    b = says("b", Wait(1), Fail(Rejected()))
    writer = says("writer", "W.", Finish(usage=Usage(20, 3)), cost=cents)
    played = await play(plan(layer(a, b), by=writer))
    outcome = played.outcome
    lines = {call.model: call for call in outcome.calls}
    assert len(outcome.calls) == len(lines) == 3
    assert played.lines == list(outcome.calls)
    assert (lines["a"].started, lines["a"].first_token, lines["a"].ended) == (0, 1, 3)
    assert (lines["a"].usage, lines["a"].cost_usd) == (Usage(10, 2, 4), 0.02)
    assert (lines["b"].state, lines["b"].error_kind, lines["b"].ended) == ("failed", "rejected", 1)
    assert (lines["writer"].role, lines["writer"].layer) == ("aggregator", 2)
    assert outcome.usage == Usage(30, 5, 4)
    assert outcome.cost_usd == pytest.approx(0.05)
    unknown = await play(plan(layer(says("a")), by=writer))
    assert unknown.outcome.cost_usd is None


@virtual
async def test_the_same_seed_gives_the_same_prompts() -> None:
    """The seed decides labels, order and boundaries, whatever order answers arrive in."""

    async def prompts_of(seed: int, delays: tuple[int, int, int]) -> Prompt:
        models = [slow(name, delay) for name, delay in zip("abc", delays, strict=True)]
        writer = says("writer")
        await play(plan(Layer(layer(*models).seats, grace_s=60), by=writer), seed=seed)
        return writer.prompts[0][0]

    first = await prompts_of(1, (1, 2, 3))
    assert await prompts_of(1, (3, 2, 1)) == first
    assert await prompts_of(2, (1, 2, 3)) != first


@virtual
async def test_an_empty_layer_leaves_the_previous_answers() -> None:
    """The aggregator reads the previous layer's answers, and a note says so."""
    writer = says("writer")
    bad = says("bad", Fail(Rejected()))
    played = await play(plan(layer(says("a", "Rayleigh.")), layer(bad), by=writer))
    assert "Rayleigh." in writer.prompts[0][0].messages[-1].content
    assert played.outcome.status == "complete"
    assert played.outcome.notes == ("Layer 2 returned no answer; the previous answers were used.",)
