"""How one run is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.ports import Question, QueueStats, Run
from bot.telemetry.metrics import Metrics
from moa import Answer, Answered, Call, Delta, Failed, Retried, Usage
from tests.bot.prometheus import Scraped
from tests.moa.runs import layer, plan, play, says

EMPTY = QueueStats(0, 0, 0.0, 0.0)


def a_run(pipeline: str = "balanced", *, resumed: bool = False, age_s: float = 0.0) -> Run:
    """Return a run asked this many seconds ago."""
    question = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")
    asked = datetime.now(UTC) - timedelta(seconds=age_s)
    return Run("run-1", question, pipeline, 7, "running", asked, resumed=resumed)


def fresh() -> Metrics:
    return Metrics(["balanced"], ["red", "green", "writer"])


def read(metrics: Metrics, queue: QueueStats | None = EMPTY) -> Scraped:
    return Scraped(metrics.render(queue).decode())


async def test_a_recorded_answer_is_not_counted_again() -> None:
    """A resumed run counts only its new calls."""
    models = [says(name) for name in ("red", "green")]
    whole = plan(layer(*models), by=says("writer"))
    first = await play(whole)
    again = await play(whole, recorded=first.outcome.answers)
    metrics = fresh()
    with metrics.work(a_run(resumed=True)) as watch:
        for event in again.events:
            watch.on_event(event)
        watch.ended("complete")
    found = read(metrics)
    assert found.value("model_calls_total", model="red", role="proposer", state="used") is None
    assert found.value("model_calls_total", model="writer", role="aggregator", state="used") == 1
    assert found.value("questions_begun_total", attempt="again") == 1
    assert found.value("question_wait_seconds_count") == 0


def test_interrupted_work_is_counted_as_such() -> None:
    """A run returned to the queue at shutdown is neither ended nor in progress."""
    metrics = fresh()
    with metrics.work(a_run()) as watch:
        watch.on_event(Delta("The first half"))
        assert read(metrics).value("questions_in_work") == 1
    found = read(metrics)
    assert found.value("questions_in_work") == 0
    assert found.value("questions_interrupted_total") == 1
    assert found.value("questions_ended_total", pipeline="balanced", outcome="complete") == 0


def test_durations_are_measured_from_the_question_on() -> None:
    """The asker's wait includes the queue and is never negative if clocks disagree."""
    metrics = fresh()
    for run in (a_run(age_s=100.0), a_run(age_s=-100.0)):
        with metrics.work(run) as watch:
            watch.on_event(Delta("The "))
            watch.on_event(Delta("reply."))
            watch.ended("complete")
    found = read(metrics)
    for name in ("question_first_text_seconds", "question_seconds"):
        assert found.value(f"{name}_count", pipeline="balanced") == 2
        assert 100 <= (found.value(f"{name}_sum", pipeline="balanced") or 0) < 200


def test_names_no_longer_configured_share_one_label() -> None:
    """A removed pipeline or model creates no new series."""
    metrics = fresh()
    call = Call("gone", "proposer", 1, 1, 1, "failed", 0.0, 1.0, error_kind="unavailable")
    with metrics.work(a_run("removed")) as watch:
        watch.on_event(Failed(Answer("gone", 1, 1, "failed"), call))
        watch.ended("pipeline_gone")
    found = read(metrics)
    assert found.value("questions_ended_total", pipeline="other", outcome="pipeline_gone") == 1
    assert found.value("model_call_errors_total", model="other", kind="unavailable") == 1
    assert {"gone", "removed"}.isdisjoint(found.labels())


def test_an_unknown_cost_is_counted_as_unknown() -> None:
    """An unknown cost is never $0; a call that failed before any usage is free."""
    metrics = fresh()
    call = Call("red", "proposer", 1, 1, 1, "used", 0.0, 1.0, 0.5, usage=Usage(10, 20, 5))
    failed = Call("red", "proposer", 1, 1, 2, "failed", 0.0, 1.0, error_kind="unavailable")
    with metrics.work(a_run()) as watch:
        watch.on_event(Answered(Answer("red", 1, 1, "used"), call))
        watch.on_event(Retried(failed))
        watch.ended("complete")
    found = read(metrics)
    assert found.value("model_calls_without_cost_total", model="red") == 1
    assert found.value("model_cost_usd_total", model="red") == 0
    assert found.value("model_tokens_total", model="red", kind="cached_input") == 5


def test_two_bots_in_one_process_are_counted_separately() -> None:
    """Nothing is global: each has its registry."""
    one, other = fresh(), fresh()
    one.claimed("mention", new=True)
    labels = {"surface": "mention", "claim": "new"}
    assert read(one).value("questions_claimed_total", **labels) == 1
    assert read(other).value("questions_claimed_total", **labels) == 0
