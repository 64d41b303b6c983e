"""Which core a process runs on, so that the server and the measured program do not share one.

Where they must share, the server goes first: what stands for other people's machines is not to be
slower because ours is busy.
"""

from __future__ import annotations

import os
import sys

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
"""Those that this process had when it began: once it keeps to one, it sees no other."""

FIRST = -10
"""The niceness of what goes first; an ordinary process has 0."""


def foremost() -> None:
    """Let this process, and those that it starts, go first. Only root may; others are told."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, FIRST)
    except OSError:
        sys.stderr.write("not root: Slack and the models wait for the bots' processor time\n")


def ordinary() -> None:
    """Let this process be one like others."""
    os.setpriority(os.PRIO_PROCESS, 0, 0)


def pinned(core: int | None) -> None:
    """Keep this process on a core. Without that core, or outside Linux, it stays where it is."""
    if core in CORES:
        os.sched_setaffinity(0, {core})


def everywhere() -> None:
    """Let this process run on every core, also where the one that started it keeps to one."""
    if CORES:
        os.sched_setaffinity(0, CORES)


def apart() -> tuple[int | None, int | None]:
    """A core for the server and one for the program; twice None where there is only one."""
    return (CORES[0], CORES[1]) if len(CORES) > 1 else (None, None)
