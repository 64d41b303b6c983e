"""When a layer closes: quorum, grace period, required answers, deadline and late answers."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from moa import Answered, Failed, LayerClosed, Rejected, run
from moa.pipeline.plan import Layer, Seat
from moa.providers.scripted import Fail, Hang, Wait
from tests.moa.runs import QUESTION, SEED, layer, plan, play, says, slow
from tests.moa.virtual_time import virtual


@pytest.mark.parametrize(
    ("seats", "quorum", "alive", "needed"),
    [
        (1, None, 1, 1),
        (2, None, 2, 2),
        (3, None, 3, 2),
        (4, None, 4, 3),
        (6, None, 6, 4),
        (6, None, 2, 2),
        (3, 1, 3, 1),
        (3, 3, 2, 2),
        (3, 2, 0, 1),
    ],
)
def test_the_quorum_is_two_thirds_of_those_who_can_answer(
    seats: int, quorum: int | None, alive: int, needed: int
) -> None:
    """Two thirds, rounded up, unless set; between one and the proposers that have not failed."""
    model = says("m")
    assert Layer(tuple(Seat(model) for _ in range(seats)), quorum).quorum_of(alive) == needed


@pytest.mark.parametrize(
    ("grace_s", "elapsed", "grace"), [(None, 1.0, 2.0), (None, 20.0, 5.0), (0.0, 20.0, 0.0)]
)
def test_the_grace_grows_with_the_time_elapsed(
    grace_s: float | None, elapsed: float, grace: float
) -> None:
    """Two seconds or a quarter of the time elapsed, unless set."""
    assert Layer((Seat(says("m")),), grace_s=grace_s).grace(elapsed) == grace


@virtual
async def test_a_slow_model_has_the_grace_period() -> None:
    """An answer within the grace period after the quorum is used."""
    models = [slow("a", 1), slow("b", 10), slow("c", 12.4)]
    played = await play(plan(layer(*models), by=says("writer")))
    assert played.read_models() == {"a", "b", "c"}
    assert played.outcome.seconds == pytest.approx(12.4)


@virtual
async def test_a_layer_does_not_wait_beyond_the_grace_period() -> None:
    """The layer closes without the missing answer, says so, and the reply is earlier."""
    models = [slow("a", 1), slow("b", 10), slow("c", 40)]
    played = await play(plan(layer(*models), by=slow("writer", 1)))
    (closed,) = played.of(LayerClosed)
    assert (played.read_models(), closed.waiting) == ({"a", "b"}, ("c",))
    assert played.outcome.seconds == 13.5


@virtual
async def test_a_hanging_model_costs_no_more_than_the_grace_period() -> None:
    """A model that never answers is stopped with the run and logged as stopped."""
    hanging = says("c", Hang())
    played = await play(plan(layer(slow("a", 1), slow("b", 2), hanging), by=slow("writer", 1)))
    assert played.outcome.seconds == 5.0
    assert (played.answer("c").status, played.answer("c").error_kind) == ("cut", "cancelled")
    assert hanging.running == 0


@virtual
async def test_a_failure_lowers_the_quorum() -> None:
    """The layer does not wait for models that have failed."""
    models = [slow("a", 1), says("b", Wait(2), Fail(Rejected())), says("c", Fail(Rejected()))]
    played = await play(plan(layer(*models), by=says("writer")))
    assert (played.read_models(), played.outcome.seconds) == ({"a"}, 2.0)


@virtual
async def test_without_a_quorum_the_deadline_closes_the_layer() -> None:
    """Hanging models time out, and the answers received are used."""
    models = [slow("a", 1), says("b", Hang()), says("c", "Half", Hang())]
    played = await play(plan(layer(*models, deadline_s=30), by=says("writer")))
    assert (played.read_models(), played.outcome.seconds) == ({"a"}, 30.0)
    assert {a.answer.model: a.answer.status for a in played.of(Failed)} == {
        "b": "failed",
        "c": "cut",
    }
    assert {a.answer.error_kind for a in played.of(Failed)} == {"timeout"}
    assert played.answer("c").text == "Half"


@virtual
async def test_a_required_answer_is_waited_for_until_the_deadline() -> None:
    """The quorum does not close a layer that misses a required answer."""
    models = [slow("a", 1), slow("b", 1), slow("c", 20), slow("d", 21)]
    needs_c = layer(*models, required=["c"], quorum=2)
    played = await play(plan(needs_c, by=says("writer")))
    assert (played.read_models(), played.outcome.seconds) == ({"a", "b", "c"}, 20.0)
    hanging = layer(slow("a", 1), says("c", Hang()), required=["c"], deadline_s=30)
    assert (await play(plan(hanging, by=says("writer")))).outcome.seconds == 30.0


@virtual
async def test_a_required_model_that_failed_is_not_waited_for() -> None:
    """After a failure there is nothing left to wait for."""
    models = [slow("a", 1), slow("b", 30), says("c", Fail(Rejected()))]
    played = await play(plan(layer(*models, required=["c"], quorum=1), by=says("writer")))
    assert (played.read_models(), played.outcome.seconds) == ({"a"}, 3.0)


@virtual
async def test_a_late_answer_is_kept_and_paid_for_but_not_used() -> None:
    """A late call continues while the reply is written, and the outcome lists it as late."""
    writer = slow("writer", 10)
    models = [slow("a", 1), slow("b", 1), slow("c", 6)]
    played = await play(plan(layer(*models), by=writer))
    late = played.answer("c")
    assert (late.status, late.text, late.label) == ("late", "The answer of c.", "")
    (line,) = played.calls("c")
    assert (line.state, line.ended) == ("late", 6.0)
    assert line.usage is not None
    assert "answer of c" not in writer.prompts[0][0].messages[-1].content
    assert played.outcome.seconds == 13.0


@virtual
async def test_a_late_answer_does_not_outlast_the_deadline_of_its_layer() -> None:
    """A late call ends at its own layer's deadline, however long the reply takes."""
    late = layer(slow("a", 1), slow("b", 60), quorum=1, deadline_s=20)
    played = await play(plan(late, by=slow("writer", 100)))
    assert played.answer("b").error_kind == "timeout"
    assert played.calls("b")[0].ended == 20.0


@virtual
async def test_late_answers_never_delay_the_reply() -> None:
    """The run ends with the reply and stops all remaining calls."""
    late = layer(slow("a", 1), slow("b", 44), quorum=1)
    played = await play(plan(late, by=slow("writer", 1)))
    assert played.outcome.seconds == 4.0
    assert played.of(Failed)[0].answer.error_kind == "cancelled"


@virtual
async def test_a_slow_consumer_makes_no_answer_late() -> None:
    """All answers that have arrived are used, however slowly the events are consumed."""
    models = [slow("a", 1), slow("b", 1), slow("c", 2)]
    read: set[str] = set()
    async with aclosing(run(plan(layer(*models), by=says("w")), QUESTION, seed=SEED)) as events:
        async for event in events:
            if isinstance(event, Answered):
                await asyncio.sleep(10)
            if isinstance(event, LayerClosed):
                read = {answer.model for answer in event.answers}
    assert read == {"a", "b", "c"}
