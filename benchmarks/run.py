"""All measurements in interleaved rounds, printed as one table: `python -m benchmarks.run`.

In each round every candidate is measured in turn, one at a time, so that what disturbs the machine
disturbs all of them. The table gives the median of the rounds, and the least and the most of ours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.candidate import CANDIDATES, PEERS
from benchmarks.processes import Bench, serving
from benchmarks.rows import MEASUREMENTS, ROWS, Row
from benchmarks.worker import LOOPS

ROUNDS = 7
QUICK_ROUNDS = 2

Results = dict[str, dict[str, list[float]]]
"""By a row's title and a candidate's name: a figure for each round."""

NOT_FOR = {"plain_sdk": {"hangs"}, "mixture_llm": {"hangs", "streamed", "slices"}}
"""What is not measured: who has no deadline for a layer would wait for the SDK's own timeout, and
who does not stream has no tokens to count."""

WAITS = "waits 600 s"


def main() -> int:
    """Measure and print; 1 when ours misses a bar."""
    options = _options()
    pythons = dict(peer.split("=", 1) for peer in options.peer)
    names = [*options.candidates, *pythons]
    with serving(options.loop, pythons) as bench:
        results = _measured(bench, names, options.only, QUICK_ROUNDS if options.quick else ROUNDS)
    print(table(results, names))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 1 if any(_missed(row, results) for row in ROWS) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds of {ROUNDS}")
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--candidates", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--loop", choices=LOOPS, default="asyncio")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every round's figures")
    options = parser.parse_args()
    if unknown := [p for p in options.peer if p.partition("=")[0] not in PEERS]:
        parser.error(f"no peer is named {unknown[0]!r}; there is: {', '.join(PEERS)}")
    return options


def _measured(bench: Bench, names: list[str], only: list[str], rounds: int) -> Results:
    results: Results = defaultdict(lambda: defaultdict(list))
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


def _progress(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


def table(results: Results, names: list[str]) -> str:
    """The results as Markdown: medians, and the bar beside ours."""
    lines = [
        f"| | {' | '.join(names)} | ours, least to most | bar |",
        "|---" * (len(names) + 3) + "|",
    ]
    lines.extend(_line(row, results, names) for row in ROWS if row.title in results)
    return "\n".join(lines)


def _line(row: Row, results: Results, names: list[str]) -> str:
    by_name = results[row.title]
    none = WAITS if row.title.startswith("one proposer hangs") else "—"
    cells = [_cell(row, statistics.median(by_name[n])) if by_name.get(n) else none for n in names]
    ours = by_name.get("ours")
    spread = f"{_cell(row, min(ours))} to {_cell(row, max(ours))}" if ours else "—"
    bar = "—" if row.bar is None else f"<= {_cell(row, row.bar)}"
    missed = " (missed)" if _missed(row, results) else ""
    return f"| {row.title} | {' | '.join(cells)} | {spread} | {bar}{missed} |"


def _missed(row: Row, results: Results) -> bool:
    ours = results.get(row.title, {}).get("ours")
    return bool(ours) and row.bar is not None and statistics.median(ours) > row.bar


def _cell(row: Row, figure: float) -> str:
    match row.unit:
        case "x":
            return f"{figure:.3f}"
        case "calls":
            return f"{figure:.0f}"
        case "ms":
            return f"{figure:.1f} ms"
        case unit:
            return f"{figure:.0f} {unit}"


if __name__ == "__main__":
    sys.exit(main())
