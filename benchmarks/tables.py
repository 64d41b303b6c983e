"""Formats a run's figures as tables: one for the screen, one for `docs/performance.md`."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.rows import ROWS, Row

Results = Mapping[str, Mapping[str, list[float]]]
"""The figures of all rounds, by row title and candidate."""

OURS = "ours"
WAITS = "waits 600 s"
NONE = "—"


def table(results: Results, names: Sequence[str]) -> str:
    """Return medians, our minimum and maximum, and the limit."""
    lines = [
        f"| | {' | '.join(names)} | ours, min to max | bar |",
        "|---" * (len(names) + 3) + "|",
    ]
    for row in _measured(results):
        spread = _spread(row, results[row.title].get(OURS))
        bar = f"{_bar(row)}{' (missed)' if missed(row, results) else ''}"
        cells = " | ".join(_median(row, results, name) for name in names)
        lines.append(f"| {row.title} | {cells} | {spread or NONE} | {bar} |")
    return "\n".join(lines)


def documented(results: Results, names: Sequence[str]) -> str:
    """Return the table of `docs/performance.md`: first the limit, last ours with its range."""
    others = [name for name in names if name != OURS]
    lines = [
        f"| | {' | '.join(['bar', *others, OURS])} |",
        "|---" * (len(others) + 3) + "|",
    ]
    for row in _measured(results):
        cells = [_bar(row), *(_median(row, results, name) for name in others)]
        lines.append(f"| {row.title} | {' | '.join(cells)} | {_ours(row, results)} |")
    return "\n".join(lines)


def missed(row: Row, results: Results) -> bool:
    """Return whether our engine was measured and exceeds the row's limit."""
    ours = results.get(row.title, {}).get(OURS)
    return bool(ours) and row.bar is not None and statistics.median(ours) > row.bar


def _measured(results: Results) -> list[Row]:
    return [row for row in ROWS if row.title in results]


def _ours(row: Row, results: Results) -> str:
    spread = _spread(row, results[row.title].get(OURS))
    if not spread:
        return NONE
    mark = " **missed**" if missed(row, results) else ""
    return f"{_median(row, results, OURS)} ({spread}){mark}"


def _median(row: Row, results: Results, name: str) -> str:
    figures = results[row.title].get(name)
    if figures:
        return _cell(row, statistics.median(figures))
    return WAITS if row.title.startswith("one proposer hangs") else NONE


def _spread(row: Row, figures: list[float] | None) -> str:
    return f"{_cell(row, min(figures))} to {_cell(row, max(figures))}" if figures else ""


def _bar(row: Row) -> str:
    return NONE if row.bar is None else f"<= {_cell(row, row.bar)}"


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
