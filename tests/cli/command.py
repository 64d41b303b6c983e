"""Runs the real command in a folder of its own, with nothing of the tester's environment."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "bot")
LIMIT_S = 300
"""A command that hangs fails its test; none of them comes near this."""

_KEPT = ("PATH", "SYSTEMROOT", "COVERAGE_PROCESS_START", "COVERAGE_FILE")


@dataclass(frozen=True)
class Result:
    """What came of a command. `out` and `err` are what a person would read."""

    code: int
    out: str
    err: str


def environment(folder: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a fresh machine, and those that are given."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    home = {"HOME": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return kept | home | dict(variables or {})


async def start(
    folder: Path,
    *arguments: str,
    out: int = asyncio.subprocess.PIPE,
    variables: Mapping[str, str] | None = None,
) -> asyncio.subprocess.Process:
    """The command, running."""
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        cwd=folder,
        env=environment(folder, variables),
        stdin=asyncio.subprocess.PIPE,
        stdout=out,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=hear_interrupts,
    )


async def moa_bot(
    folder: Path,
    *arguments: str,
    given: bytes = b"",
    variables: Mapping[str, str] | None = None,
) -> Result:
    """The command to its end. `given` stands on its standard input."""
    process = await start(folder, *arguments, variables=variables)
    out, err = await end(process, given)
    return Result(process.returncode or 0, out.decode(), err.decode())


async def end(process: asyncio.subprocess.Process, given: bytes = b"") -> tuple[bytes, bytes]:
    """What is left of its output and its errors; it does not outlive this."""
    try:
        async with asyncio.timeout(LIMIT_S):
            return await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def hear_interrupts() -> None:
    """Undo what a shell does to background jobs, which would make the command deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def configure(folder: Path, models: Mapping[str, str], pipelines: str) -> None:
    """Write a `moa.toml` of models (name to TOML lines) and pipelines (as TOML)."""
    tables = [f"[models.{name}]\n{lines}\n" for name, lines in models.items()]
    text = 'default_pipeline = "main"\n' + "\n".join(tables) + pipelines
    (folder / "moa.toml").write_text(text, encoding="utf-8")


def scripted(reply: str = "", *, fail: str = "", delay_s: float = 0) -> str:
    """The lines of a scripted model; without `reply` it repeats the question."""
    lines = ['provider = "scripted"', 'model = "echo"', f"delay_s = {delay_s}"]
    if reply:
        quoted = "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in reply)
        lines.append(f'reply = "{quoted}"')
    if fail:
        lines.append(f'fail = "{fail}"')
    return "\n".join(lines)


def pipeline(*layers: str, aggregator: str, name: str = "main") -> str:
    """A pipeline as TOML; each layer is the names of its proposers, separated by spaces."""
    tables = "".join(
        f"[[pipelines.{name}.layers]]\nproposers = {layer.split()}\n" for layer in layers
    )
    return f"[pipelines.{name}]\naggregator = {aggregator.split()}\n{tables}"
