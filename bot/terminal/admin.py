"""The commands of whoever operates the bot, as options and what they start: worker, runs, purge."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from typing import Any

from bot.errors import ConfigurationError
from bot.loop import run as run_loop

Add = Callable[[Any, str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command: to what, its name, what carries it out, what it is about."""

OK = 0
MOST_LISTED = 1_000_000
STATES = ("live", "waiting", "running", "answered", "failed")


def add_operating(
    commands: Any, add: Add, duration: Callable[[str], float], port: Callable[[str], int]
) -> None:
    """Add the commands.

    Args:
        commands: the subparsers to add them to.
        add: adds one.
        duration: reads a number of seconds that is not negative.
        port: reads the number of a port.
    """
    worker = add(commands, "worker", _worker, "answer what `moa-bot run` takes in (Postgres only)")
    worker.add_argument(
        "--drain",
        metavar="SECONDS",
        type=duration,
        default=30.0,
        help="when told to stop, let running questions end for so long (%(default)s)",
    )
    worker.add_argument("--host", default="127.0.0.1", help="of the metrics (%(default)s)")
    worker.add_argument("--metrics-port", metavar="PORT", type=port, help="serve /metrics there")
    runs = add(commands, "runs", _runs, "list questions, or show what became of one")
    runs.add_argument("run", metavar="RUN", nargs="?", help="show this one, with all its calls")
    runs.add_argument("--state", choices=STATES, help="list only these; live: not ended")
    runs.add_argument(
        "--limit", metavar="N", type=_count, default=20, help="list so many (%(default)s)"
    )
    runs.add_argument("--texts", action="store_true", help="with RUN: show question and reply too")
    purge = add(commands, "purge", _purge, "delete what is stored")
    purge.add_argument("--team", metavar="T…", type=_team, help="of this workspace")
    purge.add_argument("--user", metavar="U…", type=_user, help="of this person")
    purge.add_argument(
        "--older-than", metavar="DAYS", type=_days, help="asked more than so many days ago"
    )


def _worker(options: argparse.Namespace) -> int:
    from bot.server import work  # noqa: PLC0415 - heavy
    from bot.settings import load  # noqa: PLC0415 - heavy

    run_loop(
        work(load(), host=options.host, drain=options.drain, metrics_port=options.metrics_port)
    )
    return OK


def _runs(options: argparse.Namespace) -> int:
    from bot.settings import load  # noqa: PLC0415 - heavy
    from bot.terminal.runs import list_runs, show_run  # noqa: PLC0415 - heavy

    if options.texts and options.run is None:
        raise ConfigurationError("--texts shows the words of one question: name its RUN as well.")
    if options.run is not None:
        run_loop(show_run(load(), _say, options.run, texts=options.texts))
    else:
        run_loop(list_runs(load(), _say, state=options.state, limit=options.limit))
    return OK


def _purge(options: argparse.Namespace) -> int:
    from bot.settings import load  # noqa: PLC0415 - heavy
    from bot.terminal.purge import purge  # noqa: PLC0415 - heavy

    run_loop(purge(load(), _say, team=options.team, user=options.user, days=options.older_than))
    return OK


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < float(text) <= MOST_LISTED:
        return int(text)
    raise argparse.ArgumentTypeError(f'"{text}" is no number of runs: from 1 to {MOST_LISTED}')


def _team(text: str) -> str:
    return _id(text, "TE", "a workspace's is in its address, app.slack.com/client/T0123ABCD")


def _user(text: str) -> str:
    return _id(text, "UW", 'a person\'s, such as U0123ABCD, is in their profile: "Copy member ID"')


def _id(text: str, first: str, where: str) -> str:
    """An id of Slack's. A name would delete nothing, and seem to have deleted what there was.

    It is empty as from a shell's variable that is not set: everybody's must not go for it.
    """
    if re.fullmatch(f"[{first}][A-Z0-9]+", text.strip()):
        return text.strip()
    said = f'"{text}" is no id of Slack\'s' if text.strip() else "is empty"
    raise argparse.ArgumentTypeError(f"{said}: {where}")


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if 0 <= days < float("inf"):
        return days
    raise argparse.ArgumentTypeError(f'"{text}" is no number of days')
