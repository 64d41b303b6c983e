"""The benchmark's tables show the measurements, and which limits were exceeded."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.rows import ROWS
from benchmarks.tables import documented, missed, table

ROOT: Final = Path(__file__).resolve().parent.parent
AT_ONCE = "100 x A at once: median / critical path"
HANGS = "one proposer hangs: seconds / (0.6 + grace 2 + 0.5)"
TOKEN = "CPU per token, eight per slice"

RESULTS = {
    TOKEN: {"floor": [50.0], "ours": [64.4]},
    AT_ONCE: {"floor": [1.1, 1.0, 1.2], "ours": [1.19, 1.35, 1.26]},
    HANGS: {"floor": [1.777], "ours": [1.004]},
}
"""In another order than the table's; the SDK is not measured where a proposer hangs."""


def test_the_documented_table_gives_medians_and_spread() -> None:
    """A run's figures are printed in the form of the documentation, with exceeded limits."""
    assert documented(RESULTS, ["floor", "plain_sdk", "ours"]).splitlines() == [
        "| | bar | floor | plain_sdk | ours |",
        "|---|---|---|---|---|",
        f"| {AT_ONCE} | <= 1.200 | 1.100 | — | 1.260 (1.190 to 1.350) **missed** |",
        f"| {TOKEN} | — | 50 us | — | 64 us (64 us to 64 us) |",
        f"| {HANGS} | <= 1.020 | 1.777 | waits 600 s | 1.004 (1.004 to 1.004) |",
    ]


def test_both_tables_show_exceeded_limits() -> None:
    """The exit status, the table on the screen and the documentation agree."""
    rows = {row.title: row for row in ROWS}
    assert missed(rows[AT_ONCE], RESULTS)
    assert not missed(rows[HANGS], RESULTS)
    printed = table(RESULTS, ["floor", "ours"]).splitlines()
    assert [line for line in printed if "missed" in line] == [
        f"| {AT_ONCE} | 1.100 | 1.260 | 1.190 to 1.350 | <= 1.200 (missed) |"
    ]


def test_a_run_without_our_engine_is_shown_too() -> None:
    """Peers can be measured alone; then no limit is exceeded."""
    assert "| 1.100 | — |" in documented({AT_ONCE: {"floor": [1.1]}}, ["floor"])


def test_every_row_is_in_the_documentation() -> None:
    """The documented table has the rows of a run, in order, with the same limits."""
    written = (ROOT / "docs/performance.md").read_text(encoding="utf-8").splitlines()
    heads = {row.title: f"| {row.title} | " for row in ROWS}
    found = [line for line in written if line.startswith(tuple(heads.values()))]
    titles = [line.split("|")[1].strip() for line in found]
    assert titles[: len(ROWS)] == [row.title for row in ROWS]
    empty = {row.title: {"ours": [0.0]} for row in ROWS}
    wanted = [line.split("|")[2] for line in documented(empty, ["ours"]).splitlines()[2:]]
    assert [line.split("|")[2] for line in found[: len(ROWS)]] == wanted
