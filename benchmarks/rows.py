"""The rows of the table: each has a measurement, its ideal value, and our limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from benchmarks import work
from benchmarks.processes import Bench
from benchmarks.work import Work

MICRO = 1e6
MILLI = 1e3
KILOBYTE = 1e3

Figures = dict[str, float]
"""By a row's title."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `bar` is the limit for our engine; None if there is none."""

    title: str
    unit: Literal["x", "ms", "us", "kB", "calls"]
    bar: float | None = None
    note: str = ""


ROWS = (
    Row("A: seconds / critical path 1.40", "x", 1.01),
    Row("B: seconds / critical path 2.30", "x", 1.01),
    Row("first token / ideal (A)", "x", 1.015),
    Row("100 x A at once: median / critical path", "x", 1.20),
    Row("100 x A at once: CPU per question", "ms", 8.0),
    Row("100 x A at once, cold: median / critical path", "x", 1.30),
    Row("CPU per streamed token", "us", 130.0),
    Row("CPU per token, eight per slice", "us"),
    Row("memory of a waiting question", "kB", 120.0),
    Row("one proposer hangs: seconds / (0.6 + grace 2 + 0.5)", "x", 1.02),
    Row("one proposer is dead (500): / survivors' path 1.40", "x", 1.02),
    Row("one proposer is dead (500): extra calls", "calls", 1.0),
    Row("one proposer breaks off: / survivors' path 1.40", "x", 1.02),
    Row("one proposer breaks off: extra calls", "calls", 1.0),
    Row("ten in a row with a dead one: slowest of the first two / 0.50", "x"),
    Row("ten in a row with a dead one: slowest of the other eight / 0.50", "x", 1.02),
    Row("ten in a row with a dead one: calls to it", "calls", 4.0),
)

GRACE_S = 2.0
_HANG_PATH_S = 0.6 + GRACE_S + 0.5
AT_ONCE = 100
WAITING = 200
IN_A_ROW = 10

Measurement = Callable[[Bench, str, str], Figures]
"""The arguments are the bench, a candidate and a tag unique within the run."""


def _alone(bench: Bench, name: str, _mark: str) -> Figures:
    figures = bench.worker(name).measure("alone", work.A)
    return {
        "A: seconds / critical path 1.40": figures["seconds"] / work.A.path_s,
        "first token / ideal (A)": figures["first_token"] / work.A.first_token_s,
    }


def _two_layers(bench: Bench, name: str, _mark: str) -> Figures:
    figures = bench.worker(name).measure("alone", work.B)
    return {"B: seconds / critical path 2.30": figures["seconds"] / work.B.path_s}


def _at_once(bench: Bench, name: str, _mark: str) -> Figures:
    figures = bench.worker(name).measure("at_once", work.A, AT_ONCE)
    return {
        "100 x A at once: median / critical path": figures["median"] / work.A.path_s,
        "100 x A at once: CPU per question": figures["cpu"] * MILLI,
    }


def _at_once_cold(bench: Bench, name: str, _mark: str) -> Figures:
    with bench.fresh(name) as worker:
        figures = worker.measure("at_once_cold", work.A, AT_ONCE)
    return {"100 x A at once, cold: median / critical path": figures["median"] / work.A.path_s}


def _streamed(title: str, stream: Work, bench: Bench, name: str, _mark: str) -> Figures:
    figures = bench.worker(name).measure("streamed", stream, work.LONG_TOKENS)
    return {title: figures["cpu"] * MICRO}


def _waiting(bench: Bench, name: str, _mark: str) -> Figures:
    with bench.fresh(name) as worker:
        figures = worker.measure("waiting", work.WAITING, WAITING)
    return {"memory of a waiting question": figures["bytes"] / KILOBYTE}


def _hangs(bench: Bench, name: str, _mark: str) -> Figures:
    figures = bench.worker(name).measure("alone", work.HANGS)
    title = "one proposer hangs: seconds / (0.6 + grace 2 + 0.5)"
    return {title: figures["seconds"] / _HANG_PATH_S}


def _broken(fault: str, title: str, bench: Bench, name: str, mark: str) -> Figures:
    workload = work.with_broken(fault, mark)
    figures = bench.worker(name).measure("alone", workload)
    return {
        f"{title}: / survivors' path 1.40": figures["seconds"] / workload.path_s,
        f"{title}: extra calls": bench.server.calls(workload.layers[0][1]) - 1.0,
    }


def _in_a_row(bench: Bench, name: str, mark: str) -> Figures:
    workload = work.quick_with_dead(mark)
    figures = bench.worker(name).measure("in_a_row", workload, IN_A_ROW)
    head = "ten in a row with a dead one"
    return {
        f"{head}: slowest of the first two / 0.50": figures["first_two"] / workload.path_s,
        f"{head}: slowest of the other eight / 0.50": figures["later"] / workload.path_s,
        f"{head}: calls to it": float(bench.server.calls(workload.layers[0][1])),
    }


MEASUREMENTS: dict[str, Measurement] = {
    "alone": _alone,
    "two-layers": _two_layers,
    "at-once": _at_once,
    "at-once-cold": _at_once_cold,
    "streamed": partial(_streamed, "CPU per streamed token", work.STREAM),
    "slices": partial(_streamed, "CPU per token, eight per slice", work.SLICES),
    "waiting": _waiting,
    "hangs": _hangs,
    "dead": partial(_broken, "dead", "one proposer is dead (500)"),
    "cut": partial(_broken, "cut", "one proposer breaks off"),
    "in-a-row": _in_a_row,
}
