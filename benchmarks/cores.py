"""Pins processes to cores, so that the server and the measured program do not share one.

If they must share, the server has priority: it represents other machines, which are not slowed
down when ours is busy.
"""

from __future__ import annotations

import os
import sys

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
"""The cores of this process when it started: once it is pinned, it sees only one."""

HIGH_PRIORITY = -10
"""The niceness of processes with priority; the default is 0."""


def raise_priority() -> None:
    """Raise the priority of this process and its children; without root, report that."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, HIGH_PRIORITY)
    except OSError:
        sys.stderr.write("not root: Slack and the models have no priority over the bots\n")


def restore_priority() -> None:
    """Restore the normal priority of this process."""
    os.setpriority(os.PRIO_PROCESS, 0, 0)


def pin_to_core(core: int | None) -> None:
    """Pin this process to a core. Without that core, or outside Linux, nothing changes."""
    if core in CORES:
        os.sched_setaffinity(0, {core})


def unpin() -> None:
    """Let this process run on every core, even if its parent is pinned."""
    if CORES:
        os.sched_setaffinity(0, CORES)


def split_cores() -> tuple[int | None, int | None]:
    """Return a core for the server and one for the program; None twice if there is only one."""
    return (CORES[0], CORES[1]) if len(CORES) > 1 else (None, None)
