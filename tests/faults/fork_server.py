"""Imports the bot once, then forks a process per start, so that a start costs no imports.

Commands arrive as lines of JSON on standard input; see `tests.faults.bot_processes`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from bot.cli import main

PRELOADED = (
    "aiosqlite",
    "anthropic",
    "bot.server",
    "openai",
    "psycopg",
    "moa.providers.anthropic",
    "moa.providers.openai",
    "sqlalchemy.dialects.postgresql.psycopg",
    "tests.faults.kill_points",
)


HEARTBEAT_S, STALLED_S, CHECK_S = 0.4, 2.5, 0.4
"""Used by hasty processes, as most are here: a dead worker's runs are taken over sooner."""


def live(order: dict[str, Any]) -> NoReturn:
    """Run the bot in this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line = socket.socket(socket.AF_UNIX)
    line.connect(order["socket"])
    os.dup2(line.fileno(), 2)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    os.write(2, f"pid {os.getpid()}\n".encode())
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    from bot.jobs import recovery  # noqa: PLC0415 - the parent has imported it

    if order["hasty"]:
        recovery.HEARTBEAT_S, recovery.STALLED_S = HEARTBEAT_S, STALLED_S
        recovery.CHECK_S = CHECK_S
    if order["full"]:
        from tests.faults.full_disk import fill  # noqa: PLC0415 - only where it is used

        fill(Path(order["full"]))
    if order["point"]:
        from tests.faults.kill_points import arm  # noqa: PLC0415 - imports the bot

        arm(order["point"], Path(order["trap"]))
    try:
        code = main(order["arguments"])
    except SystemExit as error:
        code = int(error.code or 0)
    except BaseException:  # noqa: BLE001 - the end of a process, with no caller to report to
        traceback.print_exc()
        code = 1
    os.write(2, f"exit {code}\n".encode())
    os._exit(code)


def serve() -> None:
    """Fork a process for each command."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # their exit codes are not needed here
    for name in PRELOADED:
        __import__(name)
    for order in sys.stdin:
        if os.fork() == 0:
            live(json.loads(order))


if __name__ == "__main__":
    serve()
