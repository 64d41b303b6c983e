"""Collects metrics about the bot's work for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric

from bot.errors import Trouble
from bot.ports import Ended, QueueStats, Run, RunSpan, Surface
from bot.telemetry.metric_definitions import MetricDefinitions, intake_gauges, queue_gauges
from moa import Answered, Call, Compared, Delta, Event, Failed, Retried
from moa.types import OutcomeStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

OTHER = "other"
"""Replaces names that aren't configured any more, so that labels stay bounded."""

REPLIED: tuple[OutcomeStatus, ...] = get_args(OutcomeStatus)
OUTCOMES: tuple[Ended, ...] = (*REPLIED, "delivered_before", *get_args(Trouble))


class Metrics:
    """A `bot.ports.Observer` that collects metrics in a registry of its own.

    Args:
        pipelines: the configured pipelines; any other counts as "other".
        models: the configured models; likewise.
    """

    def __init__(self, pipelines: Collection[str], models: Collection[str]) -> None:
        self._registry = CollectorRegistry()
        self._metrics = MetricDefinitions(self._registry)
        self._pipelines = frozenset(pipelines)
        self._models = frozenset(models)
        self._last_event = time.monotonic()
        ProcessCollector(registry=self._registry)
        self._initialise_labels()
        self.set_workers(1)

    def render(
        self, queue: QueueStats | None, *, connected: bool | None = None, takes_events: bool = True
    ) -> bytes:
        """Return all metrics in the Prometheus text format.

        Args:
            queue: the run store's current figures; None if the database doesn't answer.
            connected: whether a Socket Mode session is up; None outside Socket Mode.
            takes_events: whether Slack sends requests to this process.
        """
        idle_s = time.monotonic() - self._last_event if takes_events else None
        live_metrics = [*queue_gauges(queue), *intake_gauges(connected=connected, idle_s=idle_s)]
        return generate_latest(_ProcessCollector(self._registry, live_metrics))

    def claimed(self, surface: Surface, *, new: bool) -> None:
        """Count a question that arrived, for the first time or as a duplicate."""
        self._metrics.questions.claimed.labels(surface, "new" if new else "duplicate").inc()

    def observe_ack(self, mode: Literal["http", "socket"], seconds: float, status: int) -> None:
        """Record the response to a Slack request. Slack resends it unless the status is 200."""
        outcome = "ok" if status == HTTPStatus.OK else "refused"
        if status == HTTPStatus.OK:  # a refused request may be forged
            self._last_event = time.monotonic()
        self._metrics.slack.ack.labels(mode, outcome).observe(seconds)

    def count_held_back_minute(self) -> None:
        """Count a minute in which Slack withheld events because there were too many."""
        self._metrics.slack.held_back.inc()

    def set_workers(self, count: int) -> None:
        """Set the number of processes that share the work."""
        self._metrics.questions.workers.set(count)

    def count_slack_call(self, method: str, outcome: str) -> None:
        """Count a request to Slack's Web API."""
        self._metrics.slack.calls.labels(method, outcome).inc()

    @contextmanager
    def work(self, run: Run) -> Generator[RunSpan, None, None]:
        """Observe work on a run."""
        span = _RunMetrics(self._metrics, run, self._pipeline(run.pipeline), self._models)
        with self._metrics.questions.in_work.track_inprogress():
            try:
                yield span
            finally:
                span.close()

    def _pipeline(self, name: str) -> str:
        return name if name in self._pipelines else OTHER

    def _initialise_labels(self) -> None:
        """Create label combinations at 0: otherwise their first event shows no increase."""
        for pipeline in self._pipelines:
            for outcome in OUTCOMES:
                self._metrics.questions.ended.labels(pipeline, outcome)
        for surface in get_args(Surface):
            for claim in ("new", "duplicate"):
                self._metrics.questions.claimed.labels(surface, claim)
        for attempt in ("first", "again"):
            self._metrics.questions.begun.labels(attempt)
        for model in self._models:
            self._metrics.model_calls.cost.labels(model)
            self._metrics.model_calls.without_cost.labels(model)


class _RunMetrics:
    """The `bot.ports.RunSpan` of one run."""

    def __init__(
        self, metrics: MetricDefinitions, run: Run, pipeline: str, models: Collection[str]
    ) -> None:
        self._metrics = metrics
        self._created_at = run.created_at
        self._pipeline = pipeline
        self._models = models
        self._has_first_text = False
        self._ended = False
        metrics.questions.begun.labels("again" if run.resumed else "first").inc()
        if not run.resumed:
            metrics.questions.wait.observe(self._age_s())

    def on_event(self, event: Event) -> None:
        match event:
            case Delta():
                if not self._has_first_text:
                    self._has_first_text = True
                    self._metrics.questions.first_text.labels(self._pipeline).observe(self._age_s())
            case Answered(call=call) | Failed(call=call) | Retried(call) | Compared(call=call):
                if call.attempt:  # 0 marks a recorded answer, counted by an earlier attempt
                    self._count(call)
            case _:
                pass

    def ended(self, how: Ended) -> None:
        self._ended = True
        self._metrics.questions.ended.labels(self._pipeline, how).inc()
        if how in REPLIED:
            self._metrics.questions.whole.labels(self._pipeline).observe(self._age_s())

    def close(self) -> None:
        """Count an interruption if the run didn't end."""
        if not self._ended:
            self._metrics.questions.interrupted.inc()

    def _count(self, call: Call) -> None:
        calls, model = (
            self._metrics.model_calls,
            call.model if call.model in self._models else OTHER,
        )
        calls.calls.labels(model, call.role, call.state).inc()
        calls.call.labels(model).observe(call.ended - call.started)
        if call.error_kind:
            calls.errors.labels(model, call.error_kind).inc()
        if call.first_token is not None:
            calls.first_token.labels(model).observe(call.first_token - call.started)
        if usage := call.usage:
            calls.tokens.labels(model, "input").inc(usage.input_tokens)
            calls.tokens.labels(model, "cached_input").inc(usage.cached_tokens)
            calls.tokens.labels(model, "output").inc(usage.output_tokens)
        if call.cost_usd is not None:
            calls.cost.labels(model).inc(call.cost_usd)
        elif call.usage or call.state != "failed":
            calls.without_cost.labels(model).inc()

    def _age_s(self) -> float:
        """Return the run's age in seconds, never negative if two machines' clocks disagree."""
        return max(0.0, (datetime.now(UTC) - self._created_at).total_seconds())


class _ProcessCollector:
    """A registry plus the gauges read for one scrape."""

    def __init__(self, registry: CollectorRegistry, live_metrics: Iterable[Metric]) -> None:
        self._registry = registry
        self._live_metrics = live_metrics

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            # Drop `_created` samples: this format has no use for them, and they double its size.
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric
        yield from self._live_metrics
