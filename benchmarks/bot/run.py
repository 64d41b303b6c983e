"""The bot's benchmarks: `python -m benchmarks.bot.run [--only NAME …] [--times N]`.

One run measures everything side by side: an empty Bolt app, a minimal bot that stores nothing,
and our bot. Slack and the models are on one core, the measured process on the other. Several
measured processes use both cores, and Slack and the models have priority.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bot.pipeline import A
from benchmarks.bot.testbed import ReplyWatch, Testbed, percentile, running_testbed
from benchmarks.cores import raise_priority
from benchmarks.processes import running_bench
from bot import loop

Figures = Mapping[str, float]

WARM_S = 5
"""Seconds at a steady rate before measuring starts."""


async def one_by_one(testbed: Testbed) -> Figures:
    """Ask one question after another; return how much longer than the critical path each takes."""
    taken: list[float] = []
    for _ in range(8):
        watch = ReplyWatch(testbed)
        await watch.ask()
        await watch.wait_for(1, 20)
        taken += watch.seconds()
    return {"over the path, ms (median)": (percentile(taken, 50) - A.path_s) * 1000}


async def at_once(testbed: Testbed, count: int = 100) -> Figures:
    """Send a hundred mentions at the same moment."""
    watch, cpu = ReplyWatch(testbed), testbed.cpu_s()
    await asyncio.gather(*(watch.ask() for _ in range(count)))
    await watch.wait_for(count, 120)
    await asyncio.sleep(0.5)
    taken, acks = watch.seconds(), _acks(testbed, count)
    return {
        "answered": len(taken),
        "p50 / path": percentile(taken, 50) / A.path_s,
        "p99 / path": percentile(taken, 99) / A.path_s,
        "CPU per question, ms": (testbed.cpu_s() - cpu) / count * 1000,
        "ack p99, ms": percentile(acks, 99) * 1000,
    }


async def events(testbed: Testbed, rate: int = 50, seconds: int = 5) -> Figures:
    """Send mentions at a steady rate, higher than Slack's: only acknowledgements count.

    Our bot stores each question, runs some at a time and shows the others their queue position.
    """
    count, cpu, watch = rate * seconds, testbed.cpu_s(), ReplyWatch(testbed)
    began = time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        await watch.ask()
    await asyncio.sleep(1)
    acks = _acks(testbed, count)
    figures = {
        "ack p50, ms": percentile(acks, 50) * 1000,
        "ack p99, ms": percentile(acks, 99) * 1000,
    }
    return figures | {"CPU per event, ms": (testbed.cpu_s() - cpu) / count * 1000}


async def steady(testbed: Testbed, rate: int, seconds: int) -> Figures:
    """Send this many mentions a second for this long: is the tail stable, does the queue grow?

    Questions in the first `WARM_S` seconds don't count, since query plans are made and connections
    opened then.
    """
    warming = ReplyWatch(testbed)
    await _ask(warming, rate, WARM_S)
    watch, cpu, count = ReplyWatch(testbed), testbed.cpu_s(), rate * seconds
    began = time.perf_counter()
    await _ask(watch, rate, seconds)
    asked_s = time.perf_counter() - began
    await watch.wait_for(count, 60)
    taken = watch.seconds()
    late = taken[len(taken) * 3 // 4 :]
    return {
        "answered": len(taken) / count,
        "questions per second": count / asked_s,
        "p50 / path": percentile(taken, 50) / A.path_s,
        "p99 / path": percentile(taken, 99) / A.path_s,
        "p50 / path, last quarter": percentile(late, 50) / A.path_s,
        "CPU per question, ms": (testbed.cpu_s() - cpu) / count * 1000,
    }


async def idle(testbed: Testbed, seconds: int = 30) -> Figures:
    """Send nothing, and return the share of a core that the idle bot uses."""
    await asyncio.sleep(WARM_S)
    cpu = testbed.cpu_s()
    await asyncio.sleep(seconds)
    return {"of a core, %": (testbed.cpu_s() - cpu) / seconds * 100}


async def _ask(watch: ReplyWatch, rate: int, seconds: int) -> None:
    began = time.perf_counter()
    for number in range(rate * seconds):
        while (left := began + number / rate - time.perf_counter()) > 0:
            watch.record_finished()
            await asyncio.sleep(min(left, 0.01))
        await watch.ask()


def _acks(testbed: Testbed, count: int) -> list[float]:
    return [delivery.seconds[0] for delivery in testbed.slack.deliveries[-count:]]


Scenario = Callable[[Testbed], Awaitable[Figures]]

FEW = 5
"""Questions that run at the same time while acknowledgements are measured, since their answers use
the same core. In the other scenarios all questions run at the same time (500)."""


def _scenarios(
    options: argparse.Namespace,
) -> Mapping[str, tuple[Scenario, tuple[str, ...], int]]:
    """Return the scenarios: the measurement, its bot, and how many questions run at a time."""
    return {
        "one-by-one": (one_by_one, ("minimal", "ours"), 500),
        "at-once": (at_once, ("minimal", "ours"), 500),
        "events": (events, ("empty", "ours"), FEW),
        "idle": (idle, ("minimal", "ours"), 500),
        "steady": (
            lambda testbed: steady(testbed, options.rate, options.seconds),
            ("minimal", "ours"),
            500,
        ),
    }


async def main(options: argparse.Namespace) -> None:
    """Measure alternately, and print medians; after several rounds, also minimum and maximum."""
    raise_priority()
    with running_bench("uvloop", {}) as bench:
        for name, (scenario, kinds, at_once) in _scenarios(options).items():
            if options.only and name not in options.only:
                continue
            found: dict[str, list[Figures]] = {kind: [] for kind in kinds}
            for _ in range(options.times):
                for kind in kinds:
                    figures = await _measure(scenario, kind, at_once, bench.server.address, options)
                    found[kind].append(figures)
            for kind, rounds in found.items():
                print(f"{name:<10} {kind:<8} {_formatted(rounds)}", flush=True)
    print(f"load average {os.getloadavg()[0]:.1f}", file=sys.stderr)


async def _measure(
    scenario: Scenario, kind: str, at_once: int, models: str, options: argparse.Namespace
) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        async with running_testbed(
            Path(folder),
            models,
            kind,
            database=options.database or f"sqlite:///{folder}/bot.db",
            workers=options.workers if kind == "ours" else 0,
            at_once=at_once,
        ) as testbed:
            if kind != "empty":
                watch = ReplyWatch(testbed)
                await asyncio.gather(*(watch.ask() for _ in range(5)))
                await watch.wait_for(5, 30)
            with _without_gc():
                return await scenario(testbed)


@contextmanager
def _without_gc() -> Generator[None, None, None]:
    """Turn off the local Slack's garbage collection, which would scan all messages ever posted."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _formatted(rounds: Sequence[Figures]) -> str:
    parts: list[str] = []
    for key in rounds[0]:
        values = [figures[key] for figures in rounds]
        told = f"{key} {statistics.median(values):.3g}"
        if len(values) > 1:
            told += f" ({min(values):.3g} to {max(values):.3g})"
        parts.append(told)
    return "  ".join(parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--database", help="URL of an empty Postgres database; SQLite by default")
    parser.add_argument("--workers", type=int, default=0, help="additional worker processes")
    parser.add_argument("--times", type=int, default=1, help="rounds of each; prints medians")
    parser.add_argument("--rate", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args()
    if chosen.database and (chosen.times > 1 or len(chosen.only or ()) != 1):
        # It would mistake the questions of a second measurement for those of the first.
        parser.error("--database takes one scenario (--only) and one round, and must be empty")
    loop.run(main(chosen))
