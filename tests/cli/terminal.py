"""Run `moa-bot` in a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
from pathlib import Path

from tests.cli.command import COMMAND, LIMIT_S, enable_interrupts, environment


class Terminal:
    """A command in a pseudo-terminal."""

    def __init__(self, folder: Path, *arguments: str, columns: int = 80, **variables: str) -> None:
        self._screen, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            env=environment(folder, {"TERM": "xterm-256color"} | variables),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            preexec_fn=enable_interrupts,  # noqa: PLW1509 - this test starts no threads
        )
        os.close(inner)
        self.shown = ""

    def until(self, words: str) -> str:
        """Read until these words appear, and return everything read so far."""
        while words not in self.shown and (piece := self._read()):
            self.shown += piece
        assert words in self.shown
        return self.shown

    def end(self) -> int:
        """Read to the end, and return the exit code."""
        while piece := self._read():
            self.shown += piece
        os.close(self._screen)
        return self._process.wait()

    def type(self, keys: str) -> None:
        """Type on the keyboard."""
        os.write(self._screen, keys.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def _read(self) -> str:
        if not select.select([self._screen], [], [], LIMIT_S)[0]:
            self._process.kill()
        try:
            return os.read(self._screen, 65536).decode(errors="replace")
        except OSError:  # Linux raises this when the other side is closed
            return ""
