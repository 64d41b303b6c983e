"""The command line. Each command imports its heavy modules itself."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from bot.errors import ConfigurationError
from bot.loop import run as run_loop
from bot.terminal.admin import add_admin_commands
from bot.terminal.argument_types import duration, filled, port

OK, FAILED, USAGE_ERROR = 0, 1, 2
INTERRUPTED, PIPE_CLOSED = 130, 141
"""The exit codes a shell reports for SIGINT and SIGPIPE."""

DEFAULT_CALLS = 12
"""As `moa.brainstorm.DEFAULT_CALLS`, which is too heavy to import for `--help`."""

DEFAULT_PORT = 3000
DEFAULT_DRAIN_S = 30.0

EXAMPLES = """\
examples:
  moa-bot ask "Name three risks of a four-day week and how to limit each."
  git diff | moa-bot ask "Review this change:" - --pipeline deep --answers
  moa-bot init            write a moa.toml for your keys and servers
  moa-bot brainstorm "How can we get more walkers?" --ideas ours.txt --export md
  moa-bot try --open      use the bot in your browser, without Slack
  moa-bot manifest --open create the Slack app
  moa-bot check           check your setup
  moa-bot run             answer in Slack
  moa-bot runs            list recent questions and their outcome

exit codes: 0 success, 1 no answer or a failed check, 2 usage or configuration error
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: the command line; the process's own by default.
    """
    try:
        _replace_unencodable()
        parser = _parser()
        options, unknown = parser.parse_known_args(arguments)
        if unknown:  # with the usage of the command, which lists its options
            used: argparse.ArgumentParser = getattr(options, "parser", parser)
            used.error(f"unrecognized arguments: {' '.join(unknown)}")
        if options.command is None:
            parser.print_help(sys.stderr)
            return USAGE_ERROR
        code = _execute(options.command, options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe. Redirect stdout, or Python complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return code


def _execute(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    try:
        return command(options)
    except ConfigurationError as error:
        from bot.terminal.safe_text import safe  # noqa: PLC0415 - imported on first use

        sys.stdout.flush()
        sys.stderr.write(f"moa-bot: {safe(str(error))}\n")
        return USAGE_ERROR


def _ask(options: argparse.Namespace) -> int:
    from bot.terminal.ask import AskOptions, ask  # noqa: PLC0415 - heavy

    return ask(AskOptions(options.question, options.pipeline, options.answers, options.json))


def _brainstorm(options: argparse.Namespace) -> int:
    from bot.terminal.brainstorm import BrainstormOptions, run_brainstorm  # noqa: PLC0415 - heavy

    return run_brainstorm(
        BrainstormOptions(
            options.topic,
            options.ideas,
            options.export,
            options.calls,
            options.pipeline,
            options.result,
        )
    )


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
    from bot import logs  # noqa: PLC0415 - heavy
    from bot.check import check  # noqa: PLC0415 - heavy
    from bot.manifest import scope_purposes  # noqa: PLC0415 - heavy
    from bot.terminal.safe_text import safe  # noqa: PLC0415 - imported on first use

    def print_line(line: str) -> None:
        sys.stdout.write(f"{safe(line)}\n")
        sys.stdout.flush()

    logs.configure("ERROR", "console")  # to standard error; the check itself reports warnings
    return OK if run_loop(check(scope_purposes(), print_line)) else FAILED


def _init(options: argparse.Namespace) -> int:
    from bot.terminal import init  # noqa: PLC0415 - heavy
    from bot.terminal.safe_text import safe  # noqa: PLC0415 - imported on first use

    if options.example:
        sys.stdout.write(init.example())
        return OK
    # With `--output -`, standard output holds the file and nothing else.
    people = sys.stderr if options.output == init.STDOUT else sys.stdout

    def print_line(line: str) -> None:
        people.write(f"{safe(line)}\n")

    init.init(options.output, print_line, sys.stdout.write, force=options.force)
    return OK


def _try(options: argparse.Namespace) -> int:
    from bot.trial.command import TrialOptions, try_page  # noqa: PLC0415 - heavy

    try_page(TrialOptions(options.open, options.port, options.pipeline, options.keep))
    return OK


def _manifest(options: argparse.Namespace) -> int:
    from bot.manifest import create_app_url, render_manifest  # noqa: PLC0415 - imported on first use

    manifest = render_manifest(options.http)
    if options.open:
        from bot.terminal.browser import open_page  # noqa: PLC0415 - imported on first use

        sys.stdout.write(open_page(create_app_url(manifest)))
        return OK
    where = f"# Create the Slack app with this manifest: {create_app_url(manifest)}\n"
    sys.stdout.write(f"{manifest}\n{where}")
    if not sys.stdout.isatty():
        # The redirected output has the address as a comment; show it to the person as well.
        sys.stderr.write(where.removeprefix("# "))
    return OK


class _Parser(argparse.ArgumentParser):
    """A parser whose errors quote what was typed without its control characters."""

    def error(self, message: str) -> NoReturn:
        from bot.terminal.safe_text import one_line  # noqa: PLC0415 - imported on first use

        super().error(one_line(message))


class _Version(argparse.Action):
    """`--version`, which looks the version up only when needed."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - rarely used

        try:
            number = version("moa-bot")
        except PackageNotFoundError:
            number = "(not installed: running from source)"
        sys.stdout.write(f"moa-bot {number}\n")
        parser.exit(OK)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="moa-bot",
        description="Ask several models, get one answer: in your terminal and in Slack.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_ask(commands)
    _add_brainstorm(commands)
    _add_try(commands)
    _add_run(commands)
    add_admin_commands(commands, _add)
    _add(commands, "check", _check, "check your setup and show how to fix problems")
    init = _add(commands, "init", _init, "write a moa.toml for the keys and servers it finds")
    init.add_argument(
        "--output",
        metavar="FILE",
        type=filled,
        help="file to write, or - (default: MOA_CONFIG or moa.toml)",
    )
    init.add_argument("--force", action="store_true", help="replace an existing file")
    init.add_argument(
        "--example", action="store_true", help="print an example with every setting instead"
    )
    manifest = _add(commands, "manifest", _manifest, "print the manifest for your Slack app")
    manifest.add_argument(
        "--open",
        action="store_true",
        help="open Slack's create-app page with the manifest filled in",
    )
    manifest.add_argument(
        "--http", metavar="URL", help="for HTTP instead of Socket Mode, at this https:// address"
    )
    return parser


def _add(
    commands: Any, name: str, handler: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
    )
    command.set_defaults(command=handler, parser=command)
    return command


def _add_ask(commands: Any) -> None:
    ask = _add(commands, "ask", _ask, "ask a question in the terminal")
    ask.add_argument(
        "question",
        metavar="QUESTION",
        nargs="+",
        help="your question; - at its end reads standard input; "
        "use quotes if it has ? * ' or other signs",
    )
    ask.add_argument(
        "--pipeline",
        metavar="NAME",
        type=filled,
        help="pipeline to use (default: default_pipeline in moa.toml)",
    )
    ask.add_argument("--answers", action="store_true", help="also show each model's answer")
    ask.add_argument("--json", action="store_true", help="print one JSON document")


def _add_try(commands: Any) -> None:
    trial = _add(commands, "try", _try, "use the bot in your browser, without Slack")
    trial.add_argument("--open", action="store_true", help="open the page in your browser")
    trial.add_argument("--port", type=port, default=0, help="the page's port (default: a free one)")
    trial.add_argument("--pipeline", metavar="NAME", type=filled, help="pipeline to use by default")
    trial.add_argument(
        "--keep",
        metavar="DIR",
        type=lambda text: Path(filled(text)),
        help="keep messages and answers in this folder, and continue there next time",
    )


def _add_brainstorm(commands: Any) -> None:
    brainstorm = _add(commands, "brainstorm", _brainstorm, "collect ideas and group them by theme")
    brainstorm.add_argument("topic", metavar="TOPIC", help="what the ideas are for, in quotes")
    brainstorm.add_argument(
        "--ideas",
        metavar="FILE",
        type=filled,
        help="your own ideas, one a line, or - for standard input",
    )
    brainstorm.add_argument(
        "--export", choices=["md", "csv", "json"], help="print Markdown, CSV or JSON instead"
    )
    brainstorm.add_argument(
        "--calls",
        metavar="N",
        type=int,
        default=DEFAULT_CALLS,
        help="how many times to ask for ideas (default: %(default)s)",
    )
    brainstorm.add_argument(
        "--pipeline",
        metavar="NAME",
        type=filled,
        help="pipeline to use (default: default_pipeline in moa.toml)",
    )
    brainstorm.add_argument(
        "--result",
        action="store_true",
        help="also write a short list, dissent, open questions and next steps",
    )


def _add_run(commands: Any) -> None:
    run = _add(commands, "run", _run, "answer in Slack, over Socket Mode or HTTP")
    run.add_argument("--http", action="store_true", help="serve HTTP instead of Socket Mode")
    run.add_argument(
        "--host",
        default="127.0.0.1",
        type=filled,
        help="address to listen on (default: %(default)s)",
    )
    run.add_argument(
        "--port", type=port, default=DEFAULT_PORT, help="port to listen on (default: %(default)s)"
    )
    run.add_argument(
        "--metrics-port",
        metavar="PORT",
        type=port,
        help="serve /metrics, /healthz and /readyz on this separate port",
    )
    run.add_argument(
        "--drain",
        metavar="SECONDS",
        type=duration,
        default=DEFAULT_DRAIN_S,
        help="on shutdown, wait this long for running questions (default: %(default)s)",
    )


def _replace_unencodable() -> None:
    """Print "?" for characters that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")
