"""Start `moa-bot` as a process of its own without its imports, which take seconds.

The first start runs a server (`python -m tests.forks`) that imports the bot once. From then on each
start is a fork of it: a real process with its own environment, signals, exit code and log.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from asyncio import StreamReader, StreamReaderProtocol
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent

PRELOADED = (
    "aiosqlite",
    "anthropic",
    "bot.server",
    "genai_prices.data_snapshot",
    "httpcore2",
    "moa.providers.anthropic",
    "moa.providers.openai",
    "moa.providers.transport",
    "openai",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "truststore",
    "uvloop",
)

LONGEST = 2**20
"""Bytes of an order: arguments, folder and environment."""


class Forked:
    """A process, with the methods of `asyncio.subprocess.Process` that tests use.

    Attributes:
        stderr: its standard error.
        returncode: its exit code, or minus the signal that killed it; None until `wait` returned.
    """

    def __init__(self, pid: int, stderr: StreamReader, status: StreamReader) -> None:
        self.pid = pid
        self.stderr = stderr
        self.returncode: int | None = None
        self._status = status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for the end and return the exit code."""
        if self.returncode is None:
            self.returncode = int(await self._status.readline())
        return self.returncode

    async def communicate(self) -> tuple[None, bytes]:
        """Return the rest of its log, and wait for the end."""
        log = await self.stderr.read()
        await self.wait()
        await self._status.read()
        return None, log


async def fork(folder: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Forked:
    """Start `moa-bot` with these arguments in a folder."""
    (log, its_log), (status, its_status) = os.pipe(), os.pipe()
    order = {"folder": str(folder), "arguments": [*arguments], "environment": dict(environment)}
    try:
        socket.send_fds(_server(), [json.dumps(order).encode()], [its_log, its_status])
    finally:
        os.close(its_log)
        os.close(its_status)
    stderr, reader = await _reader(log), await _reader(status)
    return Forked(int(await reader.readline()), stderr, reader)


async def _reader(pipe: int) -> StreamReader:
    reader = StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: StreamReaderProtocol(reader), os.fdopen(pipe, "rb", buffering=0)
    )
    return reader


@cache
def _server() -> socket.socket:
    """Start the server once. It ends when this process does, because its input ends."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.forks"],
            cwd=ROOT,
            stdin=its.fileno(),
            start_new_session=True,
        )

    def close() -> None:
        ours.close()
        server.wait()

    atexit.register(close)
    return ours


def _serve() -> None:
    """Fork for each order, until there are no more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the watching processes
    for name in PRELOADED:
        import_module(name)
    with socket.socket(fileno=os.dup(0)) as orders:
        while True:
            order, pipes, _, _ = socket.recv_fds(orders, LONGEST, 2)
            if not order:
                return
            if os.fork() == 0:
                orders.close()
                _watch(json.loads(order), *pipes)
            for pipe in pipes:
                os.close(pipe)


def _watch(order: dict[str, Any], log: int, status: int) -> None:
    """Fork the bot, and report its process id and exit code. Returns nowhere but in the bot."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(status)
        _become(order, log)
    os.close(log)
    os.write(status, f"{pid}\n".encode())
    _, ended = os.waitpid(pid, 0)
    os.write(status, f"{os.waitstatus_to_exitcode(ended)}\n".encode())
    os._exit(0)


def _become(order: dict[str, Any], log: int) -> NoReturn:
    """Run the bot in this process."""
    from bot.cli import main  # noqa: PLC0415 - `fork` doesn't need it

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 2)
    os.close(log)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.exit(main(order["arguments"]))


if __name__ == "__main__":
    _serve()
