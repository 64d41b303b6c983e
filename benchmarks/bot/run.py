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
from benchmarks.bot.world import Watch, World, p, world
from benchmarks.cores import foremost
from benchmarks.processes import serving
from bot import loop

Figures = Mapping[str, float]

WARM_S = 5
"""Seconds at a held rate before it is measured."""


async def lone(there: World) -> Figures:
    """Ask one after another, and return how much longer than the critical path it takes."""
    taken: list[float] = []
    for _ in range(8):
        watch = Watch(there)
        await watch.ask()
        await watch.until(1, 20)
        taken += watch.seconds()
    return {"over the path, ms (median)": (p(taken, 50) - A.path_s) * 1000}


async def at_once(there: World, count: int = 100) -> Figures:
    """Send a hundred mentions at the same moment."""
    watch, cpu = Watch(there), there.cpu_s()
    await asyncio.gather(*(watch.ask() for _ in range(count)))
    await watch.until(count, 120)
    await asyncio.sleep(0.5)
    taken, acks = watch.seconds(), _acks(there, count)
    return {
        "answered": len(taken),
        "p50 / path": p(taken, 50) / A.path_s,
        "p99 / path": p(taken, 99) / A.path_s,
        "CPU a question, ms": (there.cpu_s() - cpu) / count * 1000,
        "ack p99, ms": p(acks, 99) * 1000,
    }


async def events(there: World, rate: int = 50, seconds: int = 5) -> Figures:
    """Send mentions at an even rate, above Slack's own: only acknowledgements count.

    Our bot stores each question, runs some at a time and tells the others their queue position.
    """
    count, cpu, watch = rate * seconds, there.cpu_s(), Watch(there)
    began = time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        await watch.ask()
    await asyncio.sleep(1)
    acks = _acks(there, count)
    figures = {"ack p50, ms": p(acks, 50) * 1000, "ack p99, ms": p(acks, 99) * 1000}
    return figures | {"CPU an event, ms": (there.cpu_s() - cpu) / count * 1000}


async def held(there: World, rate: int, seconds: int) -> Figures:
    """Send this many mentions a second for this long: is the tail stable, does the queue grow?

    Questions in the first `WARM_S` seconds don't count: query plans are made and connections opened
    then, once.
    """
    warming = Watch(there)
    await _ask(warming, rate, WARM_S)
    watch, cpu, count = Watch(there), there.cpu_s(), rate * seconds
    began = time.perf_counter()
    await _ask(watch, rate, seconds)
    asked_s = time.perf_counter() - began
    await watch.until(count, 60)
    taken = watch.seconds()
    late = taken[len(taken) * 3 // 4 :]
    return {
        "answered": len(taken) / count,
        "asked a second": count / asked_s,
        "p50 / path": p(taken, 50) / A.path_s,
        "p99 / path": p(taken, 99) / A.path_s,
        "p50 / path, last quarter": p(late, 50) / A.path_s,
        "CPU a question, ms": (there.cpu_s() - cpu) / count * 1000,
    }


async def idle(there: World, seconds: int = 30) -> Figures:
    """Send nothing, and return the share of a core that the bot uses meanwhile."""
    await asyncio.sleep(WARM_S)
    cpu = there.cpu_s()
    await asyncio.sleep(seconds)
    return {"of a core, %": (there.cpu_s() - cpu) / seconds * 100}


async def _ask(watch: Watch, rate: int, seconds: int) -> None:
    began = time.perf_counter()
    for number in range(rate * seconds):
        while (left := began + number / rate - time.perf_counter()) > 0:
            watch.look()
            await asyncio.sleep(min(left, 0.01))
        await watch.ask()


def _acks(there: World, count: int) -> list[float]:
    return [delivery.seconds[0] for delivery in there.slack.deliveries[-count:]]


Scenario = Callable[[World], Awaitable[Figures]]

FEW = 5
"""Questions that run at a time while acknowledgements are measured: their answers use the same
core. In the other scenarios all run at a time (500)."""


def _scenarios(
    options: argparse.Namespace,
) -> Mapping[str, tuple[Scenario, tuple[str, ...], int]]:
    """Return the scenarios: the measurement, its bot, and how many questions run at a time."""
    return {
        "lone": (lone, ("minimal", "ours"), 500),
        "at-once": (at_once, ("minimal", "ours"), 500),
        "events": (events, ("empty", "ours"), FEW),
        "idle": (idle, ("minimal", "ours"), 500),
        "held": (
            lambda there: held(there, options.rate, options.seconds),
            ("minimal", "ours"),
            500,
        ),
    }


async def main(options: argparse.Namespace) -> None:
    """Measure alternately, and print medians; after several rounds, also minimum and maximum."""
    foremost()
    with serving("uvloop", {}) as bench:
        for name, (scenario, kinds, at_once) in _scenarios(options).items():
            if options.only and name not in options.only:
                continue
            found: dict[str, list[Figures]] = {kind: [] for kind in kinds}
            for _ in range(options.times):
                for kind in kinds:
                    figures = await _measured(
                        scenario, kind, at_once, bench.server.address, options
                    )
                    found[kind].append(figures)
            for kind, rounds in found.items():
                print(f"{name:<10} {kind:<8} {_told(rounds)}", flush=True)
    print(f"load average {os.getloadavg()[0]:.1f}", file=sys.stderr)


async def _measured(
    scenario: Scenario, kind: str, at_once: int, models: str, options: argparse.Namespace
) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        async with world(
            Path(folder),
            models,
            kind,
            database=options.database or f"sqlite:///{folder}/bot.db",
            workers=options.workers if kind == "ours" else 0,
            at_once=at_once,
        ) as there:
            if kind != "empty":
                watch = Watch(there)
                await asyncio.gather(*(watch.ask() for _ in range(5)))
                await watch.until(5, 30)
            with _uncollected():
                return await scenario(there)


@contextmanager
def _uncollected() -> Generator[None, None, None]:
    """Turn off the local Slack's garbage collection, which would scan all messages ever posted."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _told(rounds: Sequence[Figures]) -> str:
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
    parser.add_argument("--database", help="of an empty Postgres database; SQLite by default")
    parser.add_argument("--workers", type=int, default=0, help="beside the one that is connected")
    parser.add_argument("--times", type=int, default=1, help="of each; medians are told")
    parser.add_argument("--rate", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args()
    if chosen.database and (chosen.times > 1 or len(chosen.only or ()) != 1):
        # It would mistake the questions of a second measurement for those of the first.
        parser.error("--database is measured once, by one of --only, and must be empty before")
    loop.run(main(chosen))
