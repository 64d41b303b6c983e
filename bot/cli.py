"""The command line. What is heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from bot.errors import ConfigurationError
from bot.loop import run as run_loop
from bot.terminal.admin import add_operating

OK, FAILED, WRONG_USE = 0, 1, 2
INTERRUPTED, READER_GONE = 130, 141
"""As a shell reports SIGINT and SIGPIPE."""

DEFAULT_PORT, LARGEST_PORT = 3000, 65535
DEFAULT_DRAIN_S = 30.0

EXAMPLES = """\
examples:
  moa-bot ask "Name three risks of a four-day week and how to limit each."
  git diff | moa-bot ask - --pipeline deep --answers
  moa-bot manifest --open create the Slack app
  moa-bot check           is everything set up?
  moa-bot run             answer in Slack
  moa-bot runs            what was asked, and what became of it

exit codes: 0 answered (or all is well), 1 not answered, 2 wrong use or configuration
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command and return its exit code.

    Args:
        arguments: those of the process by default.
    """
    try:
        _keep_odd_characters_printable()
        parser = _parser()
        options = parser.parse_args(arguments)
        if options.command is None:
            parser.print_help(sys.stderr)
            return WRONG_USE
        code = _carry_out(options.command, options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough of it. Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return code


def _carry_out(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    try:
        return command(options)
    except ConfigurationError as error:
        from bot.terminal.safe_text import safe  # noqa: PLC0415 - only where it is used

        sys.stdout.flush()
        sys.stderr.write(f"moa-bot: {safe(str(error))}\n")
        return WRONG_USE


def _ask(options: argparse.Namespace) -> int:
    from bot.terminal.ask import AskOptions, ask  # noqa: PLC0415 - heavy

    return ask(AskOptions(options.question, options.pipeline, options.answers, options.json))


def _run(options: argparse.Namespace) -> int:
    from bot.server import run  # noqa: PLC0415 - heavy
    from bot.settings import load  # noqa: PLC0415 - heavy

    settings = load()
    run_loop(
        run(
            settings,
            http=options.http,
            host=options.host,
            port=options.port,
            drain=options.drain,
            metrics_port=options.metrics_port,
        )
    )
    return OK


def _check(_options: argparse.Namespace) -> int:
    from bot.check import check  # noqa: PLC0415 - heavy
    from bot.manifest import purposes  # noqa: PLC0415 - heavy
    from bot.terminal.safe_text import safe  # noqa: PLC0415 - only where it is used

    def say(line: str) -> None:
        sys.stdout.write(f"{safe(line)}\n")
        sys.stdout.flush()

    return OK if run_loop(check(purposes(), say)) else FAILED


def _manifest(options: argparse.Namespace) -> int:
    from bot.manifest import address, text  # noqa: PLC0415 - only where it is used

    manifest = text(options.http)
    if options.open:
        from bot.terminal.browser import open_page  # noqa: PLC0415 - only where it is used

        sys.stdout.write(open_page(address(manifest)))
        return OK
    where = f"# Create the Slack app with this manifest: {address(manifest)}\n"
    sys.stdout.write(f"{manifest}\n{where}")
    if not sys.stdout.isatty():
        # The file that is written has the address as a comment; the person sees it as well.
        sys.stderr.write(where.removeprefix("# "))
    return OK


class _Version(argparse.Action):
    """`--version`, looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - rarely used

        try:
            number = version("moa-bot")
        except PackageNotFoundError:
            number = "(not installed, run from its source)"
        sys.stdout.write(f"moa-bot {number}\n")
        parser.exit(OK)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="moa-bot",
        description="Ask many models, get one answer: in a terminal, and for a team in Slack.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_ask(commands)
    _add_run(commands)
    add_operating(commands, _add, _duration, _port)
    _add(commands, "check", _check, "tell what is set up, and whether it can be reached")
    manifest = _add(commands, "manifest", _manifest, "print the Slack app's manifest")
    manifest.add_argument(
        "--open", action="store_true", help="open Slack's create-app page, filled in with it"
    )
    manifest.add_argument(
        "--http", metavar="URL", help="for HTTP in place of Socket Mode, served at this https://…"
    )
    return parser


def _add(
    commands: Any, name: str, carry_out: Callable[[argparse.Namespace], int], about: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=f"{about[0].upper()}{about[1:]}.", allow_abbrev=False
    )
    command.set_defaults(command=carry_out)
    return command


def _add_ask(commands: Any) -> None:
    ask = _add(commands, "ask", _ask, "ask a question here")
    ask.add_argument("question", metavar="QUESTION", help="in quotes; - reads standard input")
    ask.add_argument("--pipeline", metavar="NAME", help="the default one is set in moa.toml")
    ask.add_argument("--answers", action="store_true", help="show each model's own answer as well")
    ask.add_argument("--json", action="store_true", help="print one JSON document")


def _add_run(commands: Any) -> None:
    run = _add(commands, "run", _run, "answer in Slack, by Socket Mode or by HTTP")
    run.add_argument("--http", action="store_true", help="serve HTTP in place of Socket Mode")
    run.add_argument("--host", default="127.0.0.1", help="listen here (%(default)s)")
    run.add_argument("--port", type=_port, default=DEFAULT_PORT, help="(%(default)s)")
    run.add_argument(
        "--metrics-port",
        metavar="PORT",
        type=_port,
        help="serve /metrics, /healthz and /readyz on a port of their own",
    )
    run.add_argument(
        "--drain",
        metavar="SECONDS",
        type=_duration,
        default=DEFAULT_DRAIN_S,
        help="when told to stop, let running questions end for so long (%(default)s)",
    )


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= LARGEST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f'"{text}" is no port: a number from 0 to {LARGEST_PORT}')


def _duration(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if 0 <= seconds < float("inf"):
        return seconds
    raise argparse.ArgumentTypeError(f'"{text}" is no number of seconds')


def _keep_odd_characters_printable() -> None:
    """What a terminal's encoding lacks is shown as "?" and is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")
