"""What every test shares: databases, and the closing line kept for `python -m tests`."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from bot.jobs import engine

pytest_plugins = ["tests.databases"]

engine.POLL_S = 0.25
"""What is in the queue is taken sooner than in earnest: many a test waits for it."""

CLOSING_LINE = Path(__file__).parent.parent / ".check" / "closing-line"

FAULTS = Path(__file__).parent / "faults"


def pytest_configure() -> None:
    """Log as it stands: drawing a traceback with its surroundings takes longer than many a test."""
    *before, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*before, plain])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the tests of faults among the others, in one order for all processes.

    Each takes long, mostly to wait; and a process begins with a stretch of the tests, so that one
    would have nearly all of these to itself.
    """
    slow = [item for item in items if item.path.is_relative_to(FAULTS)]
    others = [item for item in items if not item.path.is_relative_to(FAULTS)]
    every = len(others) // (len(slow) + 1) + 1
    for number, item in enumerate(slow):
        others.insert(number * (every + 1), item)
    items[:] = others


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Keep how many tests passed and failed, to be said again at the very end."""
    counts = {
        word: len(terminalreporter.stats.get(word, []))
        for word in ("passed", "failed", "skipped", "error")
    }
    failed = counts["failed"] + counts["error"]
    line = f"{counts['passed']} passed, {failed} failed"
    if counts["skipped"]:
        line += f", {counts['skipped']} skipped"
    if CLOSING_LINE.parent.exists():
        CLOSING_LINE.write_text(line, encoding="utf-8")
