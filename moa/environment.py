"""Reads environment variables; no other module of moa does."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

Lookup = Callable[[str], str | None]
"""Returns a variable's value without surrounding space, or None if it is unset or blank."""


def lookup_in(variables: Mapping[str, str] | None = None) -> Lookup:
    """Return a lookup of these variables; by default of the process's environment."""

    def look_up(name: str) -> str | None:
        known = os.environ if variables is None else variables
        return known.get(name, "").strip() or None

    return look_up
