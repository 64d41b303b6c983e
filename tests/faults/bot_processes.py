"""Bot processes that a test can start, signal and kill, with their logs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO

import pytest

from bot.playground.server import LocalSlack
from tests.bot.processes import ROOT
from tests.stage import variables

PATIENCE_S = 60


class BotProcess:
    """One bot process, from start to end."""

    def __init__(self, log: asyncio.StreamReader, pid: int, trap: Path) -> None:
        self.pid = pid
        self.log_text = ""
        self.code: int | None = None
        """Its exit code, or None while it runs and if it was killed."""
        self._trap = trap
        self._changed = asyncio.Condition()
        self._is_over = False
        self._reading = asyncio.create_task(self._read_log(log))

    async def wait_for_log(self, word: str) -> None:
        """Wait until the log contains a word."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(lambda: word in self.log_text or self._is_over)
        state = "ended" if self._is_over else f"ran for {PATIENCE_S} s"
        assert word in self.log_text, f"it {state} without logging {word!r}:\n{self.log_text}"

    def arm(self) -> None:
        """Make it die at its kill point from now on."""
        self._trap.touch()

    def disarm(self) -> None:
        """Make it survive its kill point from now on."""
        self._trap.unlink(missing_ok=True)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    async def exit_code(self) -> int | None:
        """Wait for the end and return the exit code; None if it was killed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.shield(self._reading)
        assert self._is_over, f"it still runs after {PATIENCE_S} s:\n{self.log_text}"
        return self.code

    async def kill(self) -> None:
        """Kill the process if it still runs."""
        if not self._is_over:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        await self._reading

    async def _read_log(self, log: asyncio.StreamReader) -> None:
        async for line in log:
            word, _, number = line.decode().strip().partition(" ")
            async with self._changed:
                if word == "exit":
                    self.code = int(number)
                self.log_text += line.decode()
                self._changed.notify_all()
        async with self._changed:
            self._is_over = True
            self._changed.notify_all()


class BotLauncher:
    """Starts bot processes by forking `tests.faults.fork_server`."""

    def __init__(self, orders: IO[bytes], folder: Path) -> None:
        self._orders = orders
        self._folder = folder
        self._number = 0

    @asynccontextmanager
    async def start(
        self,
        folder: Path,
        slack: LocalSlack,
        *options: str,
        command: str = "run",
        point: str | None = None,
        armed: bool = False,
        full: Path | None = None,
        database: str | None = None,
        change: Mapping[str, str] | None = None,
        hasty: bool = True,
    ) -> AsyncGenerator[BotProcess, None]:
        """Start a bot process; kill it on exit if it still runs.

        Args:
            folder: its working folder.
            slack: the local Slack.
            options: command-line options.
            command: the subcommand.
            point: where it kills itself once armed.
            armed: whether it is armed from the start.
            full: while this file exists, the disk is full (SQLite).
            database: its URL; by default a file in the folder.
            change: environment variables to change.
            hasty: whether silent processes count as dead sooner than in production.
        """
        self._number += 1
        trap = self._folder / f"trap-{self._number}"
        if armed:
            trap.touch()
        address = self._folder / f"line-{self._number}"
        order = {
            "socket": str(address),
            "folder": str(folder),
            "environment": {**os.environ, **variables(slack, folder, database), **(change or {})},
            "point": point,
            "full": str(full or ""),
            "hasty": hasty,
            "trap": str(trap),
            "arguments": [command, *options],
        }
        async with _line(address) as called:
            self._orders.write(f"{json.dumps(order)}\n".encode())
            self._orders.flush()
            log = await called
            pid = int((await log.readline()).decode().removeprefix("pid "))
            bot = BotProcess(log, pid, trap)
            try:
                yield bot
            finally:
                await bot.kill()

    @asynccontextmanager
    async def ready(
        self, folder: Path, slack: LocalSlack, *options: str, **others: object
    ) -> AsyncGenerator[BotProcess, None]:
        """Start a bot process and wait until it is ready."""
        async with self.start(folder, slack, *options, **others) as bot:  # pyright: ignore[reportArgumentType] - they are `start`'s own
            await bot.wait_for_log("ready")
            yield bot


@asynccontextmanager
async def _line(address: Path) -> AsyncGenerator[asyncio.Future[asyncio.StreamReader], None]:
    """Open a socket to which one process sends its log."""
    called: asyncio.Future[asyncio.StreamReader] = asyncio.get_running_loop().create_future()
    writers: list[asyncio.StreamWriter] = []

    def heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        called.set_result(reader)

    async with await asyncio.start_unix_server(heard, address, limit=2**20):
        try:
            yield called
        finally:
            for writer in writers:
                writer.close()


@contextmanager
def fork_server() -> Generator[BotLauncher, None, None]:
    """Start the fork server, and stop it on exit."""
    command = [sys.executable, "-m", "tests.faults.fork_server"]
    with (
        subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=DEVNULL) as process,
        tempfile.TemporaryDirectory(prefix="moa-") as folder,
    ):
        assert process.stdin is not None
        yield BotLauncher(process.stdin, Path(folder))


@pytest.fixture(scope="session")
def launcher() -> Generator[BotLauncher, None, None]:
    """Starts bot processes. The server that forks them starts once and keeps nothing of them."""
    with fork_server() as made:
        yield made
