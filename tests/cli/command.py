"""Run `moa-bot` in an empty folder with a clean environment, in this process or a separate one."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import signal
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import structlog

from bot.cli import main
from bot.logs import QUIET

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "bot")
LIMIT_S = 300
"""A process that hangs fails its test; none normally takes nearly as long."""

_KEPT = ("PATH", "SYSTEMROOT", "COVERAGE_PROCESS_START", "COVERAGE_FILE")


@dataclass(frozen=True)
class Result:
    """Exit code, standard output and standard error of a command."""

    code: int
    out: str
    err: str


def environment(folder: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a fresh machine plus the given ones."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    home = {
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "MOA_LOCAL_SERVERS": "off",  # a server running on this machine must not affect the tests
    }
    return kept | home | dict(variables or {})


async def moa_bot(
    folder: Path,
    *arguments: str,
    given: bytes = b"",
    variables: Mapping[str, str] | None = None,
) -> Result:
    """Run a command in this process, on a thread. `given` is its standard input.

    The working folder, environment and standard streams are swapped for the whole process, so run
    one command at a time. An exception that escapes the command fails the test. Use
    `moa_bot_process` for signals, real pipes, `run`, or while a bot logs in this process.
    """
    with _set_up(folder, environment(folder, variables), given) as (out, err):
        code = await asyncio.to_thread(_exit_code, arguments)
        out.flush()
        err.flush()
        return Result(code, _text(out), _text(err))


def _exit_code(arguments: tuple[str, ...]) -> int:
    try:
        return main(arguments)
    except SystemExit as left:  # argparse raises this
        return left.code if isinstance(left.code, int) else 1


@contextmanager
def _set_up(
    folder: Path, variables: dict[str, str], given: bytes
) -> Generator[tuple[io.TextIOWrapper, io.TextIOWrapper], None, None]:
    """Swap folder, environment, streams and logging; yields standard output and error."""
    before = Path.cwd()
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    stdin = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")
    with ExitStack() as stack:
        stack.enter_context(_logging_restored())
        stack.enter_context(mock.patch.dict(os.environ, variables, clear=True))
        stack.enter_context(mock.patch.object(sys, "stdin", stdin))
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        stack.callback(os.chdir, before)
        os.chdir(folder)
        yield out, err


@contextmanager
def _logging_restored() -> Generator[None, None, None]:
    """Undo what `bot.logs.configure` sets for the whole process."""
    config = structlog.get_config()
    loggers = [logging.getLogger(name) for name in ("", *QUIET)]
    states = [(one.handlers[:], one.level, one.propagate) for one in loggers]
    try:
        yield
    finally:
        structlog.configure(**config)
        for one, (handlers, level, propagate) in zip(loggers, states, strict=True):
            one.handlers, one.propagate = handlers, propagate
            one.setLevel(level)


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


async def start(
    folder: Path,
    *arguments: str,
    out: int = asyncio.subprocess.PIPE,
    variables: Mapping[str, str] | None = None,
) -> asyncio.subprocess.Process:
    """Start a command in its own process."""
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        cwd=folder,
        env=environment(folder, variables),
        stdin=asyncio.subprocess.PIPE,
        stdout=out,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=enable_interrupts,
    )


async def moa_bot_process(
    folder: Path,
    *arguments: str,
    given: bytes = b"",
    variables: Mapping[str, str] | None = None,
) -> Result:
    """Run a command in its own process. `given` is its standard input."""
    process = await start(folder, *arguments, variables=variables)
    out, err = await end(process, given)
    return Result(process.returncode or 0, out.decode(), err.decode())


async def end(process: asyncio.subprocess.Process, given: bytes = b"") -> tuple[bytes, bytes]:
    """Return the rest of its output and errors; kill it if it does not end."""
    try:
        async with asyncio.timeout(LIMIT_S):
            return await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def enable_interrupts() -> None:
    """Restore Ctrl-C, which a shell disables for background jobs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def configure(folder: Path, models: Mapping[str, str], pipelines: str) -> None:
    """Write a `moa.toml` of models (name to TOML lines) and pipelines (as TOML)."""
    tables = [f"[models.{name}]\n{lines}\n" for name, lines in models.items()]
    text = 'default_pipeline = "main"\n' + "\n".join(tables) + pipelines
    (folder / "moa.toml").write_text(text, encoding="utf-8")


def scripted(reply: str = "", *, fail: str = "", delay_s: float = 0) -> str:
    """Return the TOML lines of a scripted model; without `reply` it repeats the question."""
    lines = ['provider = "scripted"', 'model = "echo"', f"delay_s = {delay_s}"]
    if reply:
        quoted = "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in reply)
        lines.append(f'reply = "{quoted}"')
    if fail:
        lines.append(f'fail = "{fail}"')
    return "\n".join(lines)


def pipeline(*layers: str, aggregator: str, name: str = "main") -> str:
    """Return a pipeline as TOML; each layer lists its proposers, separated by spaces."""
    tables = "".join(
        f"[[pipelines.{name}.layers]]\nproposers = {layer.split()}\n" for layer in layers
    )
    return f"[pipelines.{name}]\naggregator = {aggregator.split()}\n{tables}"
