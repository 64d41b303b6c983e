"""The operator commands `worker`, `runs` and `purge`: options and entry points."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from typing import Any

from bot.errors import ConfigurationError
from bot.loop import run as run_loop
from bot.terminal.argument_types import duration, filled, port

Add = Callable[[Any, str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command, given the subparsers, its name, its handler and its summary."""

OK = 0
MAX_LISTED = 1_000_000
STATES = ("live", "waiting", "running", "answered", "failed")


def add_admin_commands(commands: Any, add: Add) -> None:
    """Add the operator commands to these subparsers, each with `add`."""
    _add_worker(commands, add)
    _add_runs(commands, add)
    _add_purge(commands, add)


def _add_worker(commands: Any, add: Add) -> None:
    worker = add(
        commands, "worker", _worker, "answer questions that `moa-bot run` receives (Postgres only)"
    )
    worker.add_argument(
        "--drain",
        metavar="SECONDS",
        type=duration,
        default=30.0,
        help="on shutdown, wait this long for running questions (default: %(default)s)",
    )
    worker.add_argument(
        "--host",
        default="127.0.0.1",
        type=filled,
        help="address to serve metrics on (default: %(default)s)",
    )
    worker.add_argument(
        "--metrics-port",
        metavar="PORT",
        type=port,
        help="serve /metrics, /healthz and /readyz on this port",
    )


def _add_runs(commands: Any, add: Add) -> None:
    runs = add(commands, "runs", _runs, "list questions, or show one in detail")
    runs.add_argument(
        "run", metavar="RUN", nargs="?", type=filled, help="show this run with all its model calls"
    )
    runs.add_argument(
        "--state", choices=STATES, help="only list runs in this state; live: not ended"
    )
    runs.add_argument(
        "--limit",
        metavar="N",
        type=_count,
        default=20,
        help="list at most N runs (default: %(default)s)",
    )
    runs.add_argument(
        "--texts", action="store_true", help="with RUN, also show the question and the reply"
    )


def _add_purge(commands: Any, add: Add) -> None:
    purge = add(commands, "purge", _purge, "delete stored questions, answers and brainstorms")
    purge.add_argument("--team", metavar="T…", type=_team, help="only this workspace's")
    purge.add_argument("--user", metavar="U…", type=_user, help="only this person's")
    purge.add_argument(
        "--older-than", metavar="DAYS", type=_days, help="only those asked more than DAYS days ago"
    )
    purge.add_argument("--dry-run", action="store_true", help="only say how much it would delete")
    purge.add_argument("--yes", action="store_true", help="delete without asking first")


def _worker(options: argparse.Namespace) -> int:
    from bot.server import run_worker  # noqa: PLC0415 - heavy
    from bot.settings import load  # noqa: PLC0415 - heavy

    run_loop(
        run_worker(
            load(), host=options.host, drain=options.drain, metrics_port=options.metrics_port
        )
    )
    return OK


def _runs(options: argparse.Namespace) -> int:
    from bot.terminal.runs import list_runs, show_run  # noqa: PLC0415 - heavy

    if options.texts and options.run is None:
        raise ConfigurationError("--texts needs a RUN: it shows the texts of a single run.")
    url = _database_url()
    if options.run is not None:
        run_loop(show_run(url, _print_line, options.run, texts=options.texts))
    else:
        run_loop(list_runs(url, _print_line, state=options.state, limit=options.limit))
    return OK


def _purge(options: argparse.Namespace) -> int:
    from bot.storage.retention import DeletionScope, ago  # noqa: PLC0415 - heavy
    from bot.terminal.purge import purge  # noqa: PLC0415 - heavy

    before = None if options.older_than is None else ago(options.older_than)
    run_loop(
        purge(
            _database_url(),
            _print_line,
            scope=DeletionScope(options.team, options.user, before),
            confirm=(lambda _: True) if options.yes else _confirm,
            dry_run=options.dry_run,
        )
    )
    return OK


def _database_url() -> str:
    """Return the bot's database, after directing logs to standard error."""
    from bot.settings import load_environment  # noqa: PLC0415 - heavy
    from bot.terminal.ask import configure_logs  # noqa: PLC0415 - heavy

    environment = load_environment()
    configure_logs(environment)
    return environment.database_url


def _confirm(question: str) -> bool:
    """Ask the operator; anything but "y" or "yes" means no.

    Raises:
        ConfigurationError: there is no terminal to answer in.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{question}\nAdd --yes to delete, or --dry-run to only count.")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < float(text) <= MAX_LISTED:
        return int(text)
    raise argparse.ArgumentTypeError(f'"{text}" is not a number from 1 to {MAX_LISTED}')


def _team(text: str) -> str:
    return _id(text, "TE", "find it in the workspace's address, app.slack.com/client/T0123ABCD")


def _user(text: str) -> str:
    return _id(
        text, "UW", 'find it in the person\'s profile under "Copy member ID", such as U0123ABCD'
    )


def _id(text: str, first: str, where: str) -> str:
    """Validate a Slack id. A name would delete nothing but look successful.

    An empty value, for example from an unset shell variable, is refused: it must not delete
    everyone's data.
    """
    if re.fullmatch(f"[{first}][A-Z0-9]+", text.strip()):
        return text.strip()
    problem = f'"{text}" is not a Slack ID' if text.strip() else "is empty"
    raise argparse.ArgumentTypeError(f"{problem}: {where}")


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if 0 <= days < float("inf"):
        return days
    raise argparse.ArgumentTypeError(f'"{text}" is not a number of days')
