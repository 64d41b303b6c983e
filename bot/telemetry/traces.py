"""A trace for each piece of work on a question: one span for it, one under it for each call.

Named by the GenAI semantic conventions of OpenTelemetry, which are still in development
(https://github.com/open-telemetry/semantic-conventions-genai, "Client Inference" and "Invoke
workflow span"). What they have no name for stands under `moa_bot.`. No text of a question or an
answer is ever part of a span. As long as no OpenTelemetry SDK is set up, all of this does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider
from opentelemetry.util.types import AttributeValue

from bot.ports import Ended, Run, RunSpan, Surface
from bot.telemetry.model_info import ModelInfo
from moa import Answered, Call, Compared, Delta, Event, Failed, Finished, Retried

SCOPE = "moa_bot"

UNKNOWN = ModelInfo("_OTHER", "")
"""Stands for a model that is not configured any more."""

STOPPED_BY_US = frozenset({"cancelled", "hedged"})
"""Kinds of calls that were no longer needed: they have not failed."""

FAILURES: tuple[Ended, ...] = (
    "no_answer",
    "output_limit",
    "internal",
    "pipeline_gone",
    "missing_scope",
)
"""Ends of a run that somebody has to look into. Any other is told by `moa_bot.outcome` alone: what
people stopped, may not do, or asked in a thread that is gone."""

FINISH_REASONS = {"used": "stop", "truncated": "length"}

Attributes = Mapping[str, AttributeValue]


class Tracing:
    """`bot.ports.Observer` that makes spans.

    Args:
        facts: of the configured models, by name.
        provider: OpenTelemetry's provider of tracers; by default the process's own.
    """

    def __init__(
        self, facts: Mapping[str, ModelInfo], provider: TracerProvider | None = None
    ) -> None:
        self._facts = facts
        self._tracer = (provider or trace.get_tracer_provider()).get_tracer(SCOPE)

    def claimed(self, surface: Surface, *, new: bool) -> None:
        """A claim is no span: it is over in milliseconds, and `Metrics` counts it."""

    @contextmanager
    def work(self, run: Run) -> Generator[RunSpan, None, None]:
        """One trace, and its root span current as long as this is entered.

        Work is no child of the request that brought the question: it may be done by another
        process, or after a restart.
        """
        span = self._tracer.start_span(
            f"invoke_workflow {run.pipeline}", context=Context(), attributes=_of_run(run)
        )
        if not span.is_recording():
            yield _NoTrace()
            return
        work = _RunTrace(self._tracer, span, self._facts)
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield work
        finally:
            work.left()


class _NoTrace:
    """`bot.ports.Watch` of a run that nobody traces."""

    def saw(self, event: Event) -> None:
        pass

    def ended(self, how: Ended) -> None:
        pass


class _RunTrace:
    """`bot.ports.Watch` of one run.

    Times on spans are read from the wall clock once, and from there on by the monotonic one, so
    that a clock that is set in between bends no span.
    """

    def __init__(self, tracer: Tracer, span: Span, facts: Mapping[str, ModelInfo]) -> None:
        self._tracer = tracer
        self._span = span
        self._facts = facts
        self._context = trace.set_span_in_context(span)
        self._wall_ns, self._began_ns = time.time_ns(), time.monotonic_ns()
        self._asked_ns: int | None = None

    def saw(self, event: Event) -> None:
        if isinstance(event, Delta):
            return
        if self._asked_ns is None:
            # The first event comes when the first models have just been asked.
            self._asked_ns = self._now()
        match event:
            case Answered(call=call) | Failed(call=call) | Retried(call) | Compared(call=call):
                if call.attempt:  # 0 marks a recorded answer, whose span was made when it came
                    self._trace(call, self._asked_ns)
            case Finished(outcome):
                if outcome.cost_usd is not None:
                    self._span.set_attribute("moa_bot.cost_usd", outcome.cost_usd)
            case _:
                pass

    def ended(self, how: Ended) -> None:
        self._span.set_attribute("moa_bot.outcome", how)
        if how in FAILURES:
            _fail(self._span, how)
        self._span.end(self._now())

    def left(self) -> None:
        """The work is over, or was broken off and is another attempt's to end."""
        if self._span.is_recording():
            self._span.set_attribute("moa_bot.outcome", "interrupted")
            self._span.end(self._now())

    def _trace(self, call: Call, asked_ns: int) -> None:
        """Make the span of a call that has ended."""
        facts = self._facts.get(call.model, UNKNOWN)
        span = self._tracer.start_span(
            f"chat {facts.model or call.model}",
            context=self._context,
            kind=SpanKind.CLIENT if facts.is_remote else SpanKind.INTERNAL,
            attributes={**_asked(call, facts), **_brought(call)},
            start_time=asked_ns + _ns(call.started),
        )
        if call.error_kind and call.error_kind not in STOPPED_BY_US:
            _fail(span, call.error_kind)
        span.end(asked_ns + _ns(call.ended))

    def _now(self) -> int:
        """Nanoseconds since 1970."""
        return self._wall_ns + time.monotonic_ns() - self._began_ns


def add_trace(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of `bot.logs`: the trace that a line belongs to, where there is one."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        line["trace_id"] = trace.format_trace_id(span.trace_id)
        line["span_id"] = trace.format_span_id(span.span_id)
    return line


def _of_run(run: Run) -> Attributes:
    return {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": run.pipeline,
        "moa_bot.run.id": run.id,
        "moa_bot.surface": run.question.surface,
        "moa_bot.resumed": run.resumed,
    }


def _asked(call: Call, facts: ModelInfo) -> Attributes:
    asked: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": facts.provider,
        "gen_ai.request.model": facts.model or call.model,
        "gen_ai.request.stream": True,
        "moa_bot.model": call.model,
        "moa_bot.role": call.role,
        "moa_bot.layer": call.layer,
        "moa_bot.position": call.position,
        "moa_bot.attempt": call.attempt,
    }
    if facts.address:
        asked["server.address"] = facts.address
        if facts.port:
            asked["server.port"] = facts.port
    return asked


def _brought(call: Call) -> Attributes:
    brought: dict[str, AttributeValue] = {"moa_bot.state": call.state}
    # Why a late answer ended is not in the ledger.
    reason = "error" if call.error_kind else FINISH_REASONS.get(call.state)
    if reason:
        brought["gen_ai.response.finish_reasons"] = [reason]
    if call.error_kind in STOPPED_BY_US:
        brought["moa_bot.stopped"] = call.error_kind
    if call.first_token is not None:
        brought["gen_ai.response.time_to_first_chunk"] = call.first_token - call.started
    if usage := call.usage:
        brought["gen_ai.usage.input_tokens"] = usage.input_tokens
        brought["gen_ai.usage.output_tokens"] = usage.output_tokens
        brought["gen_ai.usage.cache_read.input_tokens"] = usage.cached_tokens
    if call.cost_usd is not None:
        brought["moa_bot.cost_usd"] = call.cost_usd
    return brought


def _fail(span: Span, kind: str) -> None:
    """Say that an operation failed, by its kind: an exception's words may hold anything."""
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def _ns(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
