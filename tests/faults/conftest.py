"""What the fault tests share."""

from __future__ import annotations

from tests.faults.bot_processes import lives

__all__ = ["lives"]
