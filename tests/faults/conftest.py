"""What the fault tests share."""

from __future__ import annotations

from tests.faults.lives import lives

__all__ = ["lives"]
