"""Fixtures for every test, and the count that `python3 -m tests` prints as its last line."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from moa import redaction

pytest_plugins = ["tests.databases"]

CLOSING_LINE = Path(__file__).parent.parent / ".check" / "closing-line"


def pytest_configure() -> None:
    """Log plain tracebacks: rendering them with local variables takes longer than many tests."""
    *before, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*before, plain])


@pytest.fixture(autouse=True)
def no_remembered_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the keys of earlier tests, which would be hidden in the texts of later ones."""
    monkeypatch.setattr(redaction, "_known", set[str]())


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Store the numbers of passed and failed tests, which are printed at the very end."""
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
