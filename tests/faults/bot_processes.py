"""Bot processes that a test starts, signals, kills and reads the output of."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot.playground.server import LocalSlack
from tests.bot.processes import ROOT
from tests.stage import variables

PATIENCE_S = 60


class Life:
    """One process of the bot, from its start to its end."""

    def __init__(self, log: asyncio.StreamReader, pid: int, trap: Path) -> None:
        self.pid = pid
        self.said = ""
        self.code: int | None = None
        """Its exit code; None while it lives, and for ever when it was killed."""
        self._trap = trap
        self._news = asyncio.Condition()
        self._is_over = False
        self._hearing = asyncio.create_task(self._hear(log))

    async def says(self, word: str) -> None:
        """Wait until its log holds a word."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: word in self.said or self._is_over)
        assert word in self.said, f"it ended without saying {word!r}:\n{self.said}"

    def arm(self) -> None:
        """From now on it dies when it reaches its point."""
        self._trap.touch()

    def disarm(self) -> None:
        """From now on it does not."""
        self._trap.unlink(missing_ok=True)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    async def ended(self) -> int | None:
        """Wait for its end; its exit code, None when it was killed."""
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.shield(self._hearing)
        return self.code

    async def kill(self) -> None:
        """Kill it, if it still lives."""
        if not self._is_over:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        await self._hearing

    async def _hear(self, log: asyncio.StreamReader) -> None:
        async for line in log:
            word, _, number = line.decode().strip().partition(" ")
            async with self._news:
                if word == "exit":
                    self.code = int(number)
                self.said += line.decode()
                self._news.notify_all()
        async with self._news:
            self._is_over = True
            self._news.notify_all()


class Lives:
    """Starts bot processes by forking `tests.faults.fork_server`."""

    def __init__(self, orders: asyncio.StreamWriter, folder: Path) -> None:
        self._orders = orders
        self._folder = folder
        self._number = 0

    @asynccontextmanager
    async def life(
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
    ) -> AsyncGenerator[Life, None]:
        """A process of the bot; killed at the end if it still lives.

        Args:
            folder: where it runs.
            slack: what it talks to.
            options: of its command.
            command: which it carries out.
            point: where it will kill itself, once it is armed.
            armed: whether it is from its start.
            full: its disk is full while this file exists (SQLite).
            database: its URL; by default a file in the folder.
            change: other variables of its environment.
            hasty: whether it takes a silent process for dead sooner than in production.
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
            log = await called
            pid = int((await log.readline()).decode().removeprefix("pid "))
            life = Life(log, pid, trap)
            try:
                yield life
            finally:
                await life.kill()

    @asynccontextmanager
    async def ready(
        self, folder: Path, slack: LocalSlack, *options: str, **others: object
    ) -> AsyncGenerator[Life, None]:
        """The same, once it serves."""
        async with self.life(folder, slack, *options, **others) as life:  # pyright: ignore[reportArgumentType] - they are `life`'s own
            await life.says("ready")
            yield life


@asynccontextmanager
async def _line(address: Path) -> AsyncGenerator[asyncio.Future[asyncio.StreamReader], None]:
    """A socket that one life calls, to say on it what stands in its log."""
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


@asynccontextmanager
async def fork_server() -> AsyncGenerator[Lives, None]:
    """Makes lives, for as long as it is entered."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.fork_server"), cwd=ROOT, stdin=PIPE, stdout=DEVNULL
    )
    assert process.stdin is not None
    with tempfile.TemporaryDirectory(prefix="moa-") as folder:
        try:
            yield Lives(process.stdin, Path(folder))
        finally:
            process.stdin.close()
            await process.wait()


@pytest.fixture
async def lives() -> AsyncGenerator[Lives, None]:
    """What starts the bot's processes."""
    async with fork_server() as made:
        yield made
