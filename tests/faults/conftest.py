"""What the fault tests share."""

from __future__ import annotations

pytest_plugins = ["tests.faults.lives"]
