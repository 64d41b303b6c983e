"""Mark every test of this folder `faults`, and share the fixture that starts bot processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.bot_processes import launcher

__all__ = ["launcher"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests by their folder, so that a new file needs no mark of its own."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.faults)
