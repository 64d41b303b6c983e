"""Find objects that only the garbage collector frees."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def uncollected(*modules: str) -> Generator[list[Any], None, None]:
    """Yield a list; on exit it has the objects of these modules that only the collector frees."""
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    found: list[Any] = []
    try:
        yield found
        gc.collect()
        found += [one for one in gc.garbage if type(one).__module__.startswith(modules)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
