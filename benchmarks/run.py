"""Runs all measurements in interleaved rounds and prints one table: `python -m benchmarks.run`.

Each round measures every candidate, one at a time, so noise affects all of them equally. The table
shows the median of the rounds, and our minimum and maximum.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.candidate import CANDIDATES, PEERS
from benchmarks.processes import Bench, running_bench
from benchmarks.rows import MEASUREMENTS, ROWS
from benchmarks.tables import Results, documented, missed, table
from benchmarks.worker import LOOPS

ROUNDS = 7
QUICK_ROUNDS = 2

_SPEED_ONLY = set(MEASUREMENTS) - {"alone", "two-layers", "at-once"}

NOT_FOR = {
    "plain_sdk": {"hangs"},
    "mixture_llm": {"hangs", "streamed", "slices"},
    "llama_index_pack": _SPEED_ONLY,
    "optillm_moa": _SPEED_ONLY | {"two-layers"},
    "swarms_moa": _SPEED_ONLY,
}
"""Combinations that are not measured: without a deadline per layer a candidate waits for the SDK's
timeout, without streaming there are no tokens to count, and a waiting thread cannot be cancelled.
optillm has no layers."""


def main() -> int:
    """Measure and print; return 1 if our engine exceeds a limit."""
    options = _options()
    pythons = dict(peer.split("=", 1) for peer in options.peer)
    names = [*options.candidates, *pythons]
    before = _load()
    with running_bench(options.loop, pythons) as bench:
        results = _measure(bench, names, options.only, options.rounds)
    print((documented if options.markdown else table)(results, names))
    print(f"\nLoad of the machine in the minute before: {before}; in the last one: {_load()}.")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 1 if any(missed(row, results) for row in ROWS) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    rounds = parser.add_mutually_exclusive_group()
    rounds.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"default {ROUNDS}")
    rounds.add_argument(
        "--quick", action="store_const", dest="rounds", const=QUICK_ROUNDS, help="two rounds"
    )
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--candidates", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--loop", choices=LOOPS, default="asyncio")
    parser.add_argument(
        "--markdown", action="store_true", help="print the table in the form of docs/performance.md"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write every round's figures here"
    )
    options = parser.parse_args()
    if unknown := [p for p in options.peer if p.partition("=")[0] not in PEERS]:
        parser.error(f"there is no peer {unknown[0]!r}; choose from: {', '.join(PEERS)}")
    return options


def _measure(bench: Bench, names: list[str], only: list[str], rounds: int) -> Results:
    results: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for number in range(1, rounds + 1):
        for key in only:
            _progress(f"round {number} of {rounds}: {key}")
            for name in names if number % 2 else reversed(names):
                if key in NOT_FOR.get(name, ()):
                    continue
                mark = f"{name}{number}{key.replace('-', '')}"
                for title, figure in MEASUREMENTS[key](bench, name, mark).items():
                    results[title][name].append(figure)
    _progress("")
    return results


def _load() -> str:
    """Return the load average: 0 on a quiet machine, about 1 during a run."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _progress(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
