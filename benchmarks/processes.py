"""Runs the server and the candidates as separate processes."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.cores import split_cores
from benchmarks.work import Work

ROOT = Path(__file__).resolve().parent.parent


class Server:
    """The model server while it runs."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/v1"
        self._stats = f"http://127.0.0.1:{port}/stats"

    def calls(self, model: str) -> int:
        """Return how often a model was called so far."""
        with urllib.request.urlopen(self._stats) as answer:  # noqa: S310 - our own loopback address
            return int(json.load(answer)["calls"].get(model, 0))


class Worker:
    """The process of one candidate."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answer()

    def measure(self, name: str, work: Work, count: int = 1) -> dict[str, float]:
        """Return the figures of one measurement.

        Raises:
            RuntimeError: the candidate failed; its error is on standard error.
        """
        assert self._process.stdin
        order = {"measure": name, "work": asdict(work), "count": count}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a candidate's process ended before it answered")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Bench:
    """The server, and candidates on request.

    Args:
        pythons: the Python interpreter of each peer's environment.
        loop: the event loop of all candidates.
    """

    def __init__(self, server: Server, loop: str, pythons: Mapping[str, str]) -> None:
        self.server = server
        self._loop = loop
        self._pythons = pythons
        self._workers: dict[str, Worker] = {}
        self._stack = ExitStack()

    def worker(self, name: str) -> Worker:
        """Return the candidate's process, which is kept for all rounds."""
        if name not in self._workers:
            self._workers[name] = self._stack.enter_context(self.fresh(name))
        return self._workers[name]

    @contextmanager
    def fresh(self, name: str) -> Generator[Worker]:
        """Start a new process of the candidate."""
        python = self._pythons.get(name, sys.executable)
        command = [python, "-m", "benchmarks.worker", name, self.server.address]
        command += ["--loop", self._loop, *_on(split_cores()[1])]
        with subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            try:
                yield Worker(process)
            finally:
                assert process.stdin
                process.stdin.close()

    def close(self) -> None:
        """Stop every candidate's process."""
        self._stack.close()


@contextmanager
def running_bench(loop: str, pythons: Mapping[str, str]) -> Generator[Bench]:
    """Run a server on the first core, and candidates on the second."""
    command = [sys.executable, "-m", "benchmarks.server", *_on(split_cores()[0])]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout
        try:
            bench = Bench(Server(int(process.stdout.readline())), loop, pythons)
            try:
                yield bench
            finally:
                bench.close()
        finally:
            process.terminate()


def _on(core: int | None) -> list[str]:
    return [] if core is None else ["--core", str(core)]
