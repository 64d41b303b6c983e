"""Which core a process runs on, so that the server and the measured program do not share one."""

from __future__ import annotations

import os


def pinned(core: int | None) -> None:
    """Keep this process on a core. Without that core, or outside Linux, it stays where it is."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        return
    if core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


def apart() -> tuple[int | None, int | None]:
    """A core for the server and one for the program; twice None where there is only one."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)
