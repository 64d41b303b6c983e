"""The bot's benchmarks: `python -m benchmarks.bot.run [--only NAME …] [--database URL]`.

Everything is measured side by side in one run: an empty Bolt app, a minimal bot that keeps
nothing, and ours. Slack and the models are on one core, the measured process on the other.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from benchmarks.bot.pipeline import A
from benchmarks.bot.world import Watch, World, p, world
from benchmarks.processes import serving

Figures = Mapping[str, float]


async def lone(there: World) -> Figures:
    """Questions one after another: how much longer than the critical path."""
    taken: list[float] = []
    for _ in range(8):
        watch = Watch(there)
        await watch.ask()
        await watch.until(1, 20)
        taken += watch.seconds()
    return {"over the path, ms (median)": (p(taken, 50) - A.path_s) * 1000}


async def at_once(there: World, count: int = 100) -> Figures:
    """A hundred mentions at the same moment."""
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


async def events(there: World, rate: int = 200, seconds: int = 5) -> Figures:
    """Mentions at an even rate, of which only the acknowledgement is looked at."""
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
    """So many mentions a second for so long: does the tail stay, does the queue grow?"""
    watch, cpu, count = Watch(there), there.cpu_s(), rate * seconds
    began = time.perf_counter()
    for number in range(count):
        while (left := began + number / rate - time.perf_counter()) > 0:
            watch.look()
            await asyncio.sleep(min(left, 0.01))
        await watch.ask()
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


def _acks(there: World, count: int) -> list[float]:
    return [delivery.seconds[0] for delivery in there.slack.deliveries[-count:]]


Scenario = Callable[[World], Awaitable[Figures]]


def _scenarios(options: argparse.Namespace) -> Mapping[str, tuple[Scenario, tuple[str, ...]]]:
    return {
        "lone": (lone, ("minimal", "ours")),
        "at-once": (at_once, ("minimal", "ours")),
        "events": (events, ("empty",)),
        "burst-after-events": (_claimed_only, ("ours",)),
        "held": (lambda there: held(there, options.rate, options.seconds), ("minimal", "ours")),
    }


async def _claimed_only(there: World) -> Figures:
    """The same rate of events, for which ours stores every question and answers it as well."""
    return await events(there, rate=200, seconds=2)


async def main(options: argparse.Namespace) -> None:
    """Run what was asked for, and print one line a figure."""
    with serving("uvloop", {}) as bench:
        for name, (scenario, kinds) in _scenarios(options).items():
            if options.only and name not in options.only:
                continue
            for kind in kinds:
                with tempfile.TemporaryDirectory() as folder:
                    database = options.database or f"sqlite:///{folder}/bot.db"
                    workers = options.workers if kind == "ours" else 0
                    async with world(
                        Path(folder), bench.server.address, kind, database=database, workers=workers
                    ) as there:
                        watch = Watch(there)
                        if kind != "empty":
                            await asyncio.gather(*(watch.ask() for _ in range(5)))
                            await watch.until(5, 30)
                        figures = await scenario(there)
                told = "  ".join(f"{key} {value:.3g}" for key, value in figures.items())
                print(f"{name:<20} {kind:<8} {told}", flush=True)
    print(f"load average {os.getloadavg()[0]:.1f}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--database", help="a Postgres URL; SQLite by default")
    parser.add_argument("--workers", type=int, default=0, help="beside the one that is connected")
    parser.add_argument("--rate", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    asyncio.run(main(parser.parse_args()))
