"""Defines every metric of `/metrics`: name, help text and labels.

Label values come from the configuration or from fixed lists: never ids, never people's words.
Metrics that describe all processes together, and must not be summed, say so in their help.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from bot.ports import QueueStats

SHARED = "The same in every process of one database: take the maximum, never the sum."

ACK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
"""Seconds; Slack waits for 3 (https://docs.slack.dev/apis/events-api)."""

WAIT_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
TOKEN_BUCKETS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60)
WHOLE_BUCKETS = (0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 900)


class _Definitions:
    """Creates metrics in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(f"moa_bot_{name}", help_, labels, registry=self._registry)

    def gauge(self, name: str, help_: str) -> Gauge:
        return Gauge(f"moa_bot_{name}", help_, registry=self._registry)

    def seconds(self, name: str, help_: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(
            f"moa_bot_{name}_seconds", help_, labels, registry=self._registry, buckets=buckets
        )


class QuestionMetrics:
    """Questions and replies."""

    def __init__(self, define: _Definitions) -> None:
        self.claimed = define.counter(
            "questions_claimed",
            "Questions received by this process. claim: new, or duplicate (Slack resends events it "
            "believes were lost).",
            *("surface", "claim"),
        )
        self.begun = define.counter(
            "questions_begun",
            "Attempts to answer a question started by this process. attempt: first, or again after "
            "an interrupted attempt.",
            "attempt",
        )
        self.ended = define.counter(
            "questions_ended",
            "Questions ended by this process. outcome: the reply's status (complete, partial, "
            "unsynthesised), delivered earlier (delivered_before), or why there is no reply.",
            *("pipeline", "outcome"),
        )
        self.interrupted = define.counter(
            "questions_interrupted",
            "Attempts interrupted in this process and left for another attempt.",
        )
        self.in_work = define.gauge(
            "questions_in_work",
            "Questions in progress in this process. Sum over processes.",
        )
        self.workers = define.gauge(
            "workers",
            f"Processes that answer questions, as seen by this one. {SHARED}",
        )
        self.wait = define.seconds(
            "question_wait",
            "Seconds from receiving a question to the start of its first attempt.",
            WAIT_BUCKETS,
        )
        self.first_text = define.seconds(
            "question_first_text",
            "Seconds from receiving a question to the first text of its reply.",
            WHOLE_BUCKETS,
            "pipeline",
        )
        self.whole = define.seconds(
            "question",
            "Seconds from receiving a question to its complete reply in Slack.",
            WHOLE_BUCKETS,
            "pipeline",
        )


class ModelCallMetrics:
    """Calls to models."""

    def __init__(self, define: _Definitions) -> None:
        self.calls = define.counter(
            "model_calls",
            "Model calls that ended. model: the configured name. state: used, truncated (reached "
            "its token limit), late, cut (stopped early) or failed.",
            *("model", "role", "state"),
        )
        self.errors = define.counter(
            "model_call_errors",
            "Model calls without a complete answer, by kind of error; timeout, cancelled and "
            "hedged calls were stopped by the bot.",
            *("model", "kind"),
        )
        self.first_token = define.seconds(
            "model_first_token",
            "Seconds from the start of a model call to its first token.",
            TOKEN_BUCKETS,
            "model",
        )
        self.call = define.seconds(
            "model_call",
            "Seconds from the start of a model call to its end, successful or not.",
            WHOLE_BUCKETS,
            "model",
        )
        self.tokens = define.counter(
            "model_tokens",
            "Tokens as reported by the providers. kind: input, output, or cached_input (part of "
            "input).",
            *("model", "kind"),
        )
        self.cost = define.counter("model_cost_usd", "Cost in US dollars, if known.", "model")
        self.without_cost = define.counter(
            "model_calls_without_cost",
            "Calls with unknown price or usage, which the cost leaves out.",
            "model",
        )


class SlackMetrics:
    """Requests from and to Slack."""

    def __init__(self, define: _Definitions) -> None:
        self.calls = define.counter(
            "slack_calls",
            "Requests to Slack's Web API, counting each try. outcome: ok, rate_limited, no_answer "
            "(effect unknown), or the class of Slack's error.",
            *("method", "outcome"),
        )
        self.held_back = define.counter(
            "slack_events_held_back_minutes",
            "Minutes in which Slack withheld events because a workspace sent too many "
            "(app_rate_limited).",
        )
        self.ack = define.seconds(
            "slack_ack",
            "Seconds from a Slack request to its acknowledgement, with the question stored. mode: "
            "http or socket. outcome: ok, or refused (Slack resends it).",
            ACK_BUCKETS,
            *("mode", "outcome"),
        )


class MetricDefinitions:
    """The metrics of one process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        define = _Definitions(registry)
        self.questions = QuestionMetrics(define)
        self.model_calls = ModelCallMetrics(define)
        self.slack = SlackMetrics(define)


def intake_gauges(*, connected: bool | None, idle_s: float | None) -> Iterator[Metric]:
    """Yield the gauges of the connection to Slack.

    Args:
        connected: whether a Socket Mode session is up; None outside Socket Mode.
        idle_s: seconds since Slack's last request; None in a worker, which gets none.
    """
    if connected is not None:
        yield GaugeMetricFamily(
            "moa_bot_slack_connected",
            "Whether a Socket Mode session is up. Only in Socket Mode.",
            value=float(connected),
        )
    if idle_s is not None:
        yield GaugeMetricFamily(
            "moa_bot_slack_last_event_seconds",
            "Seconds since Slack's last request to this process, or since its start.",
            value=idle_s,
        )


def queue_gauges(queue: QueueStats | None) -> Iterator[Metric]:
    """Yield the gauges read from the run store at each scrape; None if it doesn't answer."""
    up = GaugeMetricFamily("moa_bot_database_up", "Whether the database answered this process.")
    up.add_metric([], float(queue is not None))
    yield up
    if queue is None:
        return
    depth = GaugeMetricFamily(
        "moa_bot_queue_questions",
        f"Unfinished questions by state: waiting or running. {SHARED}",
        labels=["state"],
    )
    age = GaugeMetricFamily(
        "moa_bot_queue_oldest_seconds",
        f"Age in seconds of the oldest unfinished question by state, or 0. {SHARED}",
        labels=["state"],
    )
    depth.add_metric(["waiting"], queue.waiting)
    depth.add_metric(["running"], queue.running)
    age.add_metric(["waiting"], queue.oldest_waiting_s)
    age.add_metric(["running"], queue.oldest_running_s)
    yield depth
    yield age
