"""Creates one trace per attempt at a question, with a span for each model call.

Names follow OpenTelemetry's GenAI semantic conventions, which are still in development
(https://github.com/open-telemetry/semantic-conventions-genai, "Client Inference" and "Invoke
workflow span"). Attributes they don't define start with `moa_bot.`. Spans never contain the text of
a question or an answer. Without an OpenTelemetry SDK, none of this does anything.
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
"""Used for a model that is no longer configured."""

CANCELLED_KINDS = frozenset({"cancelled", "hedged"})
"""Kinds of calls that we stopped as unneeded: they aren't failures."""

FAILURES: tuple[Ended, ...] = (
    "no_answer",
    "output_limit",
    "internal",
    "pipeline_gone",
    "missing_scope",
)
"""Outcomes that need an operator's attention. Others, such as a stopped question or a deleted
thread, only appear in `moa_bot.outcome`."""

FINISH_REASONS = {"used": "stop", "truncated": "length"}

Attributes = Mapping[str, AttributeValue]


class Tracing:
    """A `bot.ports.Observer` that creates spans.

    Args:
        models: the configured models, by name.
        provider: the tracer provider; by default the process's own.
    """

    def __init__(
        self, models: Mapping[str, ModelInfo], provider: TracerProvider | None = None
    ) -> None:
        self._models = models
        self._tracer = (provider or trace.get_tracer_provider()).get_tracer(SCOPE)

    def claimed(self, surface: Surface, *, new: bool) -> None:
        """Do nothing: `Metrics` counts arrivals, which take only milliseconds."""

    @contextmanager
    def work(self, run: Run) -> Generator[RunSpan, None, None]:
        """Start a trace whose root span is current until exit.

        The trace is independent of the request that delivered the question: another process may do
        the work, or this one after a restart.
        """
        span = self._tracer.start_span(
            f"invoke_workflow {run.pipeline}", context=Context(), attributes=_run_attributes(run)
        )
        if not span.is_recording():
            yield _NoTrace()
            return
        run_trace = _RunTrace(self._tracer, span, self._models)
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield run_trace
        finally:
            run_trace.close()


class _NoTrace:
    """The `bot.ports.RunSpan` of an untraced run."""

    def on_event(self, event: Event) -> None:
        pass

    def ended(self, how: Ended) -> None:
        pass


class _RunTrace:
    """The `bot.ports.RunSpan` of one run.

    Reads the wall clock once and then uses the monotonic clock, so a clock change distorts no span.
    """

    def __init__(self, tracer: Tracer, span: Span, models: Mapping[str, ModelInfo]) -> None:
        self._tracer = tracer
        self._span = span
        self._models = models
        self._context = trace.set_span_in_context(span)
        self._wall_ns, self._began_ns = time.time_ns(), time.monotonic_ns()
        self._events_began_ns: int | None = None

    def on_event(self, event: Event) -> None:
        if isinstance(event, Delta):
            return
        if self._events_began_ns is None:
            # The first event arrives just after the first models were called.
            self._events_began_ns = self._now()
        match event:
            case Answered(call=call) | Failed(call=call) | Retried(call) | Compared(call=call):
                if call.attempt:  # 0 marks a recorded answer, traced by an earlier attempt
                    self._add_call_span(call, self._events_began_ns)
            case Finished(outcome):
                if outcome.cost_usd is not None:
                    self._span.set_attribute("moa_bot.cost_usd", outcome.cost_usd)
            case _:
                pass

    def ended(self, how: Ended) -> None:
        self._span.set_attribute("moa_bot.outcome", how)
        if how in FAILURES:
            _set_error(self._span, how)
        self._span.end(self._now())

    def close(self) -> None:
        """Mark the root span as interrupted if the run didn't end."""
        if self._span.is_recording():
            self._span.set_attribute("moa_bot.outcome", "interrupted")
            self._span.end(self._now())

    def _add_call_span(self, call: Call, began_ns: int) -> None:
        """Add the span of a call that ended."""
        model = self._models.get(call.model, UNKNOWN)
        span = self._tracer.start_span(
            f"chat {model.model or call.model}",
            context=self._context,
            kind=SpanKind.CLIENT if model.is_remote else SpanKind.INTERNAL,
            attributes={**_request_attributes(call, model), **_response_attributes(call)},
            start_time=began_ns + _ns(call.started),
        )
        if call.error_kind and call.error_kind not in CANCELLED_KINDS:
            _set_error(span, call.error_kind)
        span.end(began_ns + _ns(call.ended))

    def _now(self) -> int:
        """Return nanoseconds since 1970."""
        return self._wall_ns + time.monotonic_ns() - self._began_ns


def add_trace_ids(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add the current trace and span ids to a log line (a processor for `bot.logs`)."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        line["trace_id"] = trace.format_trace_id(span.trace_id)
        line["span_id"] = trace.format_span_id(span.span_id)
    return line


def _run_attributes(run: Run) -> Attributes:
    return {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": run.pipeline,
        "moa_bot.run.id": run.id,
        "moa_bot.surface": run.question.surface,
        "moa_bot.resumed": run.resumed,
    }


def _request_attributes(call: Call, model: ModelInfo) -> Attributes:
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.model or call.model,
        "gen_ai.request.stream": True,
        "moa_bot.model": call.model,
        "moa_bot.role": call.role,
        "moa_bot.layer": call.layer,
        "moa_bot.position": call.position,
        "moa_bot.attempt": call.attempt,
    }
    if model.address:
        attributes["server.address"] = model.address
        if model.port:
            attributes["server.port"] = model.port
    return attributes


def _response_attributes(call: Call) -> Attributes:
    attributes: dict[str, AttributeValue] = {"moa_bot.state": call.state}
    # The call log doesn't record why a late answer ended.
    reason = "error" if call.error_kind else FINISH_REASONS.get(call.state)
    if reason:
        attributes["gen_ai.response.finish_reasons"] = [reason]
    if call.error_kind in CANCELLED_KINDS:
        attributes["moa_bot.stopped"] = call.error_kind
    if call.first_token is not None:
        attributes["gen_ai.response.time_to_first_chunk"] = call.first_token - call.started
    if usage := call.usage:
        attributes["gen_ai.usage.input_tokens"] = usage.input_tokens
        attributes["gen_ai.usage.output_tokens"] = usage.output_tokens
        attributes["gen_ai.usage.cache_read.input_tokens"] = usage.cached_tokens
    if call.cost_usd is not None:
        attributes["moa_bot.cost_usd"] = call.cost_usd
    return attributes


def _set_error(span: Span, kind: str) -> None:
    """Mark a span as failed by error kind only: an exception's text may hold anything."""
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def _ns(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
