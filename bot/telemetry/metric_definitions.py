"""Every series that `/metrics` holds, by name, with the words that explain it and its labels.

Labels take values from the configuration or from fixed lists only: never an id, never anybody's
words. What is said of all processes together, and must not be added up, says so in its help.
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


class MetricDefinitions:
    """The series of one process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, help_: str, *labels: str) -> Counter:
            return Counter(f"moa_bot_{name}", help_, labels, registry=registry)

        def seconds(name: str, help_: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(
                f"moa_bot_{name}_seconds", help_, labels, registry=registry, buckets=buckets
            )

        self.claimed = counter(
            "questions_claimed",
            "Questions that reached this process. claim: new, or duplicate for what was claimed "
            "before (Slack sends again what it takes for lost).",
            *("surface", "claim"),
        )
        self.begun = counter(
            "questions_begun",
            "Times that work on a question began here. attempt: first, or again after an earlier "
            "attempt was broken off.",
            "attempt",
        )
        self.ended = counter(
            "questions_ended",
            "Questions that ended here. outcome: how the reply came about (complete, partial, "
            "unsynthesised), that it was there already (delivered_before), or why there is none.",
            *("pipeline", "outcome"),
        )
        self.interrupted = counter(
            "questions_interrupted",
            "Times that work on a question was left unfinished here, for another attempt to end.",
        )
        self.in_work = Gauge(
            "moa_bot_questions_in_work",
            "Questions that this process is working on. Each process has its own: add them up.",
            registry=registry,
        )
        self.workers = Gauge(
            "moa_bot_workers",
            f"Processes that work on questions, this one included, as it sees them. {SHARED}",
            registry=registry,
        )
        self.wait = seconds(
            "question_wait",
            "From the claim of a question to the beginning of its first attempt.",
            WAIT_BUCKETS,
        )
        self.first_text = seconds(
            "question_first_text",
            "From the claim of a question to the first text of its reply.",
            WHOLE_BUCKETS,
            "pipeline",
        )
        self.whole = seconds(
            "question",
            "From the claim of a question to its whole reply in Slack.",
            WHOLE_BUCKETS,
            "pipeline",
        )
        self.calls = counter(
            "model_calls",
            "Calls of models that have ended. model: the name in the configuration. state: used, "
            "truncated (met its token limit), late, cut (stopped before its end) or failed.",
            *("model", "role", "state"),
        )
        self.errors = counter(
            "model_call_errors",
            "Calls that brought no whole answer, by what went wrong; timeout, cancelled and hedged "
            "were stopped by us.",
            *("model", "kind"),
        )
        self.first_token = seconds(
            "model_first_token",
            "From the start of a model's call to its first token.",
            TOKEN_BUCKETS,
            "model",
        )
        self.call = seconds(
            "model_call",
            "From the start of a model's call to its end, whatever came of it.",
            WHOLE_BUCKETS,
            "model",
        )
        self.tokens = counter(
            "model_tokens",
            "Tokens as the providers counted them. kind: input, output, and cached_input, which is "
            "a part of input.",
            *("model", "kind"),
        )
        self.cost = counter("model_cost_usd", "US dollars, where the cost is known.", "model")
        self.without_cost = counter(
            "model_calls_without_cost",
            "Calls whose price or usage is not known. They are missing in the cost.",
            "model",
        )
        self.slack = counter(
            "slack_calls",
            "Requests to Slack's Web API, each try by itself. outcome: ok, rate_limited, no_answer "
            "(its effect is unknown), or the class of Slack's error.",
            *("method", "outcome"),
        )
        self.held_back = counter(
            "slack_events_held_back_minutes",
            "Minutes in which Slack held events back, because a workspace had too many of them "
            "(app_rate_limited).",
        )
        self.ack = seconds(
            "slack_ack",
            "From a request of Slack's to our acknowledgement, the question stored by then. mode: "
            "http or socket. outcome: ok, or refused, after which Slack sends it again.",
            ACK_BUCKETS,
            *("mode", "outcome"),
        )


def of_intake(*, connected: bool | None, silent_s: float | None) -> Iterator[Metric]:
    """The gauges of how Slack's requests reach this process.

    Args:
        connected: whether a websocket session to Slack is up; None outside Socket Mode.
        silent_s: seconds since the last request of Slack's; None in a worker, which gets none.
    """
    if connected is not None:
        yield GaugeMetricFamily(
            "moa_bot_slack_connected",
            "Whether a Socket Mode session to Slack is up. Only in Socket Mode.",
            value=float(connected),
        )
    if silent_s is not None:
        yield GaugeMetricFamily(
            "moa_bot_slack_last_event_seconds",
            "Since Slack last sent this process anything, or since its start.",
            value=silent_s,
        )


def of_queue(queue: QueueStats | None) -> Iterator[Metric]:
    """The gauges that are read from the journal at each scrape; None: it does not answer."""
    up = GaugeMetricFamily("moa_bot_database_up", "Whether the database answered this process.")
    up.add_metric([], float(queue is not None))
    yield up
    if queue is None:
        return
    depth = GaugeMetricFamily(
        "moa_bot_queue_questions",
        f"Questions that have not ended, by state: waiting or running. {SHARED}",
        labels=["state"],
    )
    age = GaugeMetricFamily(
        "moa_bot_queue_oldest_seconds",
        f"Since the oldest of them was asked, by state; 0 when there is none. {SHARED}",
        labels=["state"],
    )
    depth.add_metric(["waiting"], queue.waiting)
    depth.add_metric(["running"], queue.running)
    age.add_metric(["waiting"], queue.oldest_waiting_s)
    age.add_metric(["running"], queue.oldest_running_s)
    yield depth
    yield age
