"""Traces: one span per question, one per model call, and no texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from bot.ports import Ended, Question, Run
from bot.telemetry.model_info import ModelInfo
from bot.telemetry.traces import Tracing, add_trace_ids
from moa import Event, Prompt, Sampling, Unavailable
from moa.pipeline.config import ModelDefinition
from moa.providers.scripted import Fail, Step, Wait
from tests.moa.runs import follows, layer, plan, play, says
from tests.models.replies import Reply, Status
from tests.stage import everywhere, on_stage

RUN = Run(
    "run-1",
    Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention"),
    "balanced",
    7,
    "running",
    datetime.now(UTC),
)
FACTS = {
    "red": ModelInfo("openai", "red-1", "models.example", 8443),
    "writer": ModelInfo("local", "smollm2"),
}


class RecordedSpans:
    """The spans that an exporter receives."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    @property
    def root(self) -> ReadableSpan:
        """Return the root span."""
        (root,) = [span for span in self.spans if span.parent is None]
        return root

    def calls(self, model: str) -> list[ReadableSpan]:
        """Return the spans of model calls, in the order of their ends."""
        return [s for s in self.spans if (s.attributes or {}).get("moa_bot.model") == model]


@pytest.fixture
def recorded() -> RecordedSpans:
    return RecordedSpans()


def report(
    recorded: RecordedSpans, events: Sequence[Event], how: Ended | None = "complete"
) -> None:
    """Trace a run as the service does."""
    with Tracing(FACTS, recorded.provider).work(RUN) as watch:
        for event in events:
            watch.on_event(event)
        if how:
            watch.ended(how)


def about(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


async def test_a_question_is_one_trace_with_a_span_for_each_call(
    tmp_path: Path, recorded: RecordedSpans
) -> None:
    """Every call is within the question's span and named by the conventions."""
    async with on_stage(tmp_path, tracer_provider=recorded.provider) as stage:
        await stage.replied(await stage.ask("What is a tangerine?"))
        await stage.bot.jobs.drain(20)
    root = recorded.root
    assert root.name == "invoke_workflow balanced"
    assert root.kind is SpanKind.INTERNAL
    calls = [span for span in recorded.spans if span is not root]
    names = sorted(span.name for span in calls)
    assert names == ["chat blue-1", "chat green-1", "chat red-1", "chat writer-1"]
    assert root.context
    for span in calls:
        assert span.context
        assert span.context.trace_id == root.context.trace_id
        assert span.parent == root.context
        times = [t or 0 for t in (root.start_time, span.start_time, span.end_time, root.end_time)]
        assert times == sorted(times)
        assert span.kind is SpanKind.CLIENT
        assert span.status.status_code is StatusCode.UNSET


async def test_the_attributes_are_those_of_the_conventions(
    tmp_path: Path, recorded: RecordedSpans
) -> None:
    """Model, provider, server, tokens, first token and outcome have their agreed names."""
    async with on_stage(tmp_path, tracer_provider=recorded.provider) as stage:
        await stage.replied(await stage.ask("Why?"))
        await stage.bot.jobs.drain(20)
        (port,) = {int(stage.models.openai_url.split(":")[2].split("/")[0])}
    root, (call,) = about(recorded.root), recorded.calls("blue")
    assert root["gen_ai.operation.name"] == "invoke_workflow"
    assert root["gen_ai.workflow.name"] == "balanced"
    assert root["moa_bot.outcome"] == "complete"
    told = about(call)
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "blue-1",
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ("stop",),
        "server.address": "127.0.0.1",
        "server.port": port,
        "moa_bot.model": "blue",
        "moa_bot.role": "proposer",
        "moa_bot.layer": 1,
        "moa_bot.position": 3,
        "moa_bot.attempt": 1,
        "moa_bot.state": "used",
    }
    assert {key: told[key] for key in expected} == expected
    measured = {
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.response.time_to_first_chunk",
        "moa_bot.cost_usd",
    }
    assert measured | set(expected) == set(told)


async def test_a_trace_contains_no_text(tmp_path: Path, recorded: RecordedSpans) -> None:
    """It has no question, answer, person or channel; the run id leads to them."""
    async with on_stage(tmp_path, tracer_provider=recorded.provider) as stage:
        await stage.replied(await stage.ask("What is a tangerine?"))
        await stage.bot.jobs.drain(20)
        ids = (stage.ana.id, stage.general.id, stage.slack.team_id)
    everything = "".join(span.to_json() for span in recorded.spans)
    assert "moa_bot.run.id" in everything
    for secret in ("tangerine", "The answer of", *ids):
        assert secret not in everything


async def test_a_failed_question_has_an_error_in_its_trace(
    tmp_path: Path, recorded: RecordedSpans
) -> None:
    """The spans of the question and its failed calls are errors, with their kind."""
    models = everywhere(Reply(fault=Status(401)))
    async with on_stage(tmp_path, models=models, tracer_provider=recorded.provider) as stage:
        ts = await stage.ask("Why?")
        await stage.slack.wait_for(lambda: len(stage.slack.messages(stage.general, ts)) > 1)
        await stage.bot.jobs.drain(20)
    assert recorded.root.status.status_code is StatusCode.ERROR
    assert about(recorded.root)["error.type"] == "no_answer"
    for call in recorded.calls("red"):
        assert call.status.status_code is StatusCode.ERROR
        assert about(call)["error.type"] == "auth"
        assert about(call)["gen_ai.response.finish_reasons"] == ("error",)
    assert not any(span.events for span in recorded.spans), "an exception's words"


async def test_each_try_of_a_call_has_a_span(recorded: RecordedSpans) -> None:
    """A retry has a separate span beside the failed one."""
    steps = iter([[Fail(Unavailable(kind="overloaded"))], ["An answer."]])

    def script(_prompt: Prompt, _sampling: Sampling) -> Sequence[Step]:
        return next(steps)

    flaky = follows("red", script, max_attempts=2)
    report(recorded, (await play(plan(layer(flaky), by=says("writer")))).events)
    first, second = recorded.calls("red")
    assert [about(call)["moa_bot.attempt"] for call in (first, second)] == [1, 2]
    assert about(first)["error.type"] == "overloaded"
    assert first.status.status_code is StatusCode.ERROR
    assert second.status.status_code is StatusCode.UNSET
    assert (first.end_time or 0) < (second.start_time or 0)


async def test_a_call_cancelled_as_unneeded_is_not_an_error(recorded: RecordedSpans) -> None:
    """A slow model that was cancelled doesn't look broken."""
    models = (says("red", Wait(3600)), says("green"))
    played = await play(plan(layer(*models, quorum=1, grace_s=0), by=says("writer")))
    report(recorded, played.events)
    (stopped,) = recorded.calls("red")
    assert stopped.status.status_code is StatusCode.UNSET
    assert about(stopped)["moa_bot.stopped"] == "cancelled"
    assert about(stopped)["gen_ai.response.finish_reasons"] == ("error",)
    assert "error.type" not in about(stopped)


async def test_an_embedded_model_is_an_internal_call(recorded: RecordedSpans) -> None:
    """Its span is not a client span; a removed model has only its known fields."""
    played = await play(plan(layer(says("removed")), by=says("writer")))
    report(recorded, played.events)
    (writer,), (removed,) = recorded.calls("writer"), recorded.calls("removed")
    assert writer.kind is SpanKind.INTERNAL
    assert about(writer)["gen_ai.provider.name"] == "local"
    assert "server.address" not in about(writer)
    assert removed.name == "chat removed"
    assert about(removed)["gen_ai.provider.name"] == "_OTHER"


async def test_a_resumed_run_traces_only_its_new_calls(recorded: RecordedSpans) -> None:
    """Answers of an earlier attempt are only in that attempt's trace."""
    whole = plan(layer(says("red"), says("green")), by=says("writer"))
    first = await play(whole)
    again = await play(whole, recorded=first.outcome.answers)
    report(recorded, again.events)
    assert [len(recorded.calls(model)) for model in ("red", "green", "writer")] == [0, 0, 1]


async def test_interrupted_work_ends_its_trace(recorded: RecordedSpans) -> None:
    """A trace is always closed: the next attempt has a new one."""
    played = await play(plan(layer(says("red")), by=says("writer")))
    report(recorded, played.events[:2], how=None)
    assert about(recorded.root)["moa_bot.outcome"] == "interrupted"
    assert recorded.root.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("how", ["stopped", "archived", "partial"])
def test_expected_outcomes_are_not_errors(recorded: RecordedSpans, how: Ended) -> None:
    """Pressing Stop, or asking where posting is forbidden, isn't a failure."""
    report(recorded, [], how=how)
    assert recorded.root.status.status_code is StatusCode.UNSET
    assert about(recorded.root)["moa_bot.outcome"] == how


def test_log_lines_of_a_question_name_its_trace(recorded: RecordedSpans) -> None:
    """Log lines link to traces; outside a trace nothing is added."""
    with Tracing(FACTS, recorded.provider).work(RUN):
        context = get_current_span().get_span_context()
        line = add_trace_ids(None, "info", {})
    assert line == {
        "trace_id": f"{context.trace_id:032x}",
        "span_id": f"{context.span_id:016x}",
    }
    assert add_trace_ids(None, "info", {}) == {}


def test_work_has_a_separate_trace_from_its_request(recorded: RecordedSpans) -> None:
    """The work may outlive the request that delivered the question."""
    with recorded.provider.get_tracer("a framework").start_as_current_span("POST /slack/events"):
        report(recorded, [])
    named = {span.name: span for span in recorded.spans}
    assert named["invoke_workflow balanced"].parent is None


async def test_without_opentelemetry_no_span_is_created() -> None:
    """Without an SDK there are no spans, and the work is the same."""
    played = await play(plan(layer(says("red")), by=says("writer")))
    with Tracing(FACTS).work(RUN) as watch:
        for event in played.events:
            watch.on_event(event)
        assert not get_current_span().get_span_context().is_valid
        watch.ended("complete")


@pytest.mark.parametrize(
    ("base_url", "address", "port"),
    [
        (None, None, None),
        ("https://api.example/v1", "api.example", 443),
        ("http://127.0.0.1:8080/v1", "127.0.0.1", 8080),
    ],
)
def test_a_server_is_named_if_configured(
    base_url: str | None, address: str | None, port: int | None
) -> None:
    """Two servers of one kind can be distinguished."""
    table = ModelDefinition(provider="openai", model="m", base_url=base_url)
    assert ModelInfo.from_definition(table) == ModelInfo("openai", "m", address, port)
