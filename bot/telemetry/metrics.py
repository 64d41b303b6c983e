"""What is counted and measured of the bot's work, for Prometheus to fetch."""

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
from bot.telemetry.metric_definitions import MetricDefinitions, of_intake, of_queue
from moa import Answered, Call, Compared, Delta, Event, Failed, Retried
from moa.types import OutcomeStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of the text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

OTHER = "other"
"""Stands for a name that is not configured any more, so that labels stay bounded."""

REPLIED: tuple[OutcomeStatus, ...] = get_args(OutcomeStatus)
OUTCOMES: tuple[Ended, ...] = (*REPLIED, "delivered_before", *get_args(Trouble))


class Metrics:
    """`bot.ports.Observer` that counts, in a registry of its own.

    Args:
        pipelines: the configured names; any other is counted as "other".
        models: likewise.
    """

    def __init__(self, pipelines: Collection[str], models: Collection[str]) -> None:
        self._registry = CollectorRegistry()
        self._series = MetricDefinitions(self._registry)
        self._pipelines = frozenset(pipelines)
        self._models = frozenset(models)
        self._last_event = time.monotonic()
        ProcessCollector(registry=self._registry)
        self._begin_at_zero()
        self.workers(1)

    def exposition(
        self, queue: QueueStats | None, *, connected: bool | None = None, takes_events: bool = True
    ) -> bytes:
        """All series in Prometheus' text format.

        Args:
            queue: as the journal has it now; None when the database does not answer.
            connected: whether a websocket session to Slack is up; None outside Socket Mode.
            takes_events: whether Slack sends anything to this process.
        """
        silent_s = time.monotonic() - self._last_event if takes_events else None
        now = [*of_queue(queue), *of_intake(connected=connected, silent_s=silent_s)]
        return generate_latest(_ProcessCollector(self._registry, now))

    def claimed(self, surface: Surface, *, new: bool) -> None:
        """A question has reached us, for the first time or once more."""
        self._series.claimed.labels(surface, "new" if new else "duplicate").inc()

    def acknowledged(self, mode: Literal["http", "socket"], seconds: float, status: int) -> None:
        """A request of Slack's was answered. With another status than 200 it is sent again."""
        outcome = "ok" if status == HTTPStatus.OK else "refused"
        if status == HTTPStatus.OK:  # a forged request is refused, and tells nothing about Slack
            self._last_event = time.monotonic()
        self._series.ack.labels(mode, outcome).observe(seconds)

    def held_back(self) -> None:
        """Slack held events back for a minute, since there were too many."""
        self._series.held_back.inc()

    def workers(self, count: int) -> None:
        """So many processes share the work from now on."""
        self._series.workers.set(count)

    def called(self, method: str, outcome: str) -> None:
        """A request to Slack's Web API was answered, or came to nothing."""
        self._series.slack.labels(method, outcome).inc()

    @contextmanager
    def work(self, run: Run) -> Generator[RunSpan, None, None]:
        """A run is worked on for as long as this is entered."""
        watch = _RunMetrics(self._series, run, self._pipeline(run.pipeline), self._models)
        with self._series.in_work.track_inprogress():
            try:
                yield watch
            finally:
                watch.left()

    def _pipeline(self, name: str) -> str:
        return name if name in self._pipelines else OTHER

    def _begin_at_zero(self) -> None:
        """A series that appears with its first event shows no increase for it."""
        for pipeline in self._pipelines:
            for outcome in OUTCOMES:
                self._series.ended.labels(pipeline, outcome)
        for surface in get_args(Surface):
            for claim in ("new", "duplicate"):
                self._series.claimed.labels(surface, claim)
        for attempt in ("first", "again"):
            self._series.begun.labels(attempt)
        for model in self._models:
            self._series.cost.labels(model)
            self._series.without_cost.labels(model)


class _RunMetrics:
    """`bot.ports.Watch` of one run."""

    def __init__(
        self, series: MetricDefinitions, run: Run, pipeline: str, models: Collection[str]
    ) -> None:
        self._series = series
        self._asked_at = run.created_at
        self._pipeline = pipeline
        self._models = models
        self._has_text = False
        self._is_over = False
        series.begun.labels("again" if run.resumed else "first").inc()
        if not run.resumed:
            series.wait.observe(self._since_asked())

    def saw(self, event: Event) -> None:
        match event:
            case Delta():
                if not self._has_text:
                    self._has_text = True
                    self._series.first_text.labels(self._pipeline).observe(self._since_asked())
            case Answered(call=call) | Failed(call=call) | Retried(call) | Compared(call=call):
                if call.attempt:  # 0 marks a recorded answer, which was counted when it came
                    self._count(call)
            case _:
                pass

    def ended(self, how: Ended) -> None:
        self._is_over = True
        self._series.ended.labels(self._pipeline, how).inc()
        if how in REPLIED:
            self._series.whole.labels(self._pipeline).observe(self._since_asked())

    def left(self) -> None:
        """The work is over, or was broken off."""
        if not self._is_over:
            self._series.interrupted.inc()

    def _count(self, call: Call) -> None:
        series, model = self._series, call.model if call.model in self._models else OTHER
        series.calls.labels(model, call.role, call.state).inc()
        series.call.labels(model).observe(call.ended - call.started)
        if call.error_kind:
            series.errors.labels(model, call.error_kind).inc()
        if call.first_token is not None:
            series.first_token.labels(model).observe(call.first_token - call.started)
        if usage := call.usage:
            series.tokens.labels(model, "input").inc(usage.input_tokens)
            series.tokens.labels(model, "cached_input").inc(usage.cached_tokens)
            series.tokens.labels(model, "output").inc(usage.output_tokens)
        if call.cost_usd is not None:
            series.cost.labels(model).inc(call.cost_usd)
        elif call.usage or call.state != "failed":
            series.without_cost.labels(model).inc()

    def _since_asked(self) -> float:
        """Seconds; never less than none, whatever two machines' clocks say."""
        return max(0.0, (datetime.now(UTC) - self._asked_at).total_seconds())


class _ProcessCollector:
    """The process's registry, and the gauges that are read for one scrape."""

    def __init__(self, registry: CollectorRegistry, now: Iterable[Metric]) -> None:
        self._registry = registry
        self._now = now

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            # When a series began is of no use in this format, and doubles their number.
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric
        yield from self._now
