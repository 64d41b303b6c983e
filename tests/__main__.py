"""Run the checks and tests with one command: `python3 -m tests`.

Needs only Python 3.11 or later. The tools are installed from `requirements.lock` into `.check/`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from subprocess import STDOUT

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".check"
LOCK = ROOT / "requirements.lock"
CLOSING_LINE = ENVIRONMENT / "closing-line"
LEAST_COVERAGE = "90"

HELP = """\
usage: python3 -m tests              the everyday checks and tests (under 5 minutes on two cores)
       python3 -m tests --all        everything, as CI runs it (under 20 minutes on two cores)
       python3 -m tests ARGUMENT ... pytest with these arguments and nothing else
       python3 -m tests --help       this text

The everyday command runs ruff, basedpyright, the import contracts and every test that is not
marked `browser` (needs Chromium), `faults` (kills processes, stops databases), `second_setting`
(repeats a Slack test over HTTP and Postgres) or `slow`. --all runs those tests as well and measures
coverage, which must reach 90 %. As root on Debian it installs Chromium first, if there is none.
A new test belongs to the everyday group unless you mark it.

The first run installs the tools with their hashes from requirements.lock into .check/. The last
line of the output counts the tests: "N passed, N failed".

examples:
  python3 -m tests tests/slack/test_home.py    one file, in every setting
  python3 -m tests -k "stream and not table"   tests whose names match
  python3 -m tests -m faults                   the fault tests alone
  python3 -m tests --durations 20              every test in one process, then the slowest
"""

EVERYDAY = ["-m", "not browser and not faults and not second_setting and not slow"]

PROCESSES = min(1 + (os.cpu_count() or 1), 4)
PARALLEL = [f"--numprocesses={PROCESSES}", "--dist=worksteal"]
"""One process per core and one more, because many tests wait for other processes."""

CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "imports": ["lint-imports"],
}
TYPES = ["basedpyright"]
"""Runs beside the others and the tests, because it takes long and uses one core."""


def main(arguments: list[str]) -> int:
    """Run the checks and tests. Return 0 when all of them pass."""
    if arguments in (["--help"], ["-h"]):
        _say(HELP.rstrip())
        return 0
    if "--all" in arguments and len(arguments) > 1:
        print("--all takes no other arguments; see --help.", file=sys.stderr)  # noqa: T201 - a fixed command
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 - shown on older versions
        print("Python 3.11 or later is needed.", file=sys.stderr)  # noqa: T201 - a fixed command
        return 2
    _install()
    if arguments and arguments != ["--all"]:
        return _run(["python", "-m", "pytest", *arguments])
    return _check(everything=bool(arguments))


def _check(*, everything: bool) -> int:
    """Run the checks, then the everyday tests or all tests with coverage."""
    CLOSING_LINE.unlink(missing_ok=True)
    types = _Background("types", TYPES)
    failed = [name for name, command in CHECKS.items() if _timed(name, command)]
    pytest = ["-m", "pytest", *PARALLEL]
    if everything:
        _install_chromium()
        failed += ["tests"] if _timed("tests", ["coverage", "run", *pytest]) else []
        _run(["coverage", "combine", "--quiet"])
        report = ["coverage", "report", f"--fail-under={LEAST_COVERAGE}"]
        failed += ["coverage"] if _timed("coverage", report) else []
    elif _timed("tests", ["python", *pytest, *EVERYDAY]):
        failed.append("tests")
    failed += types.failed()
    _say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    # Without the file, pytest stopped before it could count.
    counted = CLOSING_LINE.exists()
    _say(CLOSING_LINE.read_text(encoding="utf-8") if counted else "0 passed, 0 failed")
    return 1 if failed else 0


def _install() -> None:
    """Install the tools, unless `.check/` already matches the lock and this Python."""
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    stamp = ENVIRONMENT / "installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    _say("Installing the tools into .check/")
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [str(_tool("python")), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The lock lists every package, so pip has no dependencies to resolve.
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)], check=True)
    stamp.write_text(digest, encoding="utf-8")


def _install_chromium() -> None:
    """Install the browser that tests/browser needs, where that can be done."""
    if any(shutil.which(name) for name in ("chromium", "chromium-browser")):
        return
    apt_get = shutil.which("apt-get")
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not apt_get:
        _say("No Chromium and no way to install it: tests/browser is skipped.")
        return
    _say("Installing Chromium")
    subprocess.run([apt_get, "update", "-qq"], check=False)
    install = [apt_get, "install", "-qq", "-y", "--no-install-recommends", "chromium"]
    subprocess.run(install, check=False, stdout=subprocess.DEVNULL)


def _tool(name: str) -> Path:
    return ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / name


class _Background:
    """A check that runs while others do. Its output is shown when it is asked for its result."""

    def __init__(self, name: str, command: list[str]) -> None:
        self._name = name
        self._output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed below
        self._process = subprocess.Popen(
            _full(command), cwd=ROOT, env=_environment(), stdout=self._output, stderr=STDOUT
        )

    def failed(self) -> list[str]:
        """Wait for the end, show the output, and return the name if the check failed."""
        code = self._process.wait()
        with self._output as output:
            output.seek(0)
            _say(output.read().rstrip())
        _say(f"{self._name}: {'FAILED' if code else 'ok'}")
        return [self._name] if code else []


def _timed(name: str, command: list[str]) -> int:
    started = time.monotonic()
    code = _run(command)
    _say(f"{name}: {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s")
    return code


def _run(command: list[str]) -> int:
    done = subprocess.run(_full(command), cwd=ROOT, env=_environment(), check=False)
    return done.returncode


def _full(command: list[str]) -> list[str]:
    tool, *rest = command
    return [str(_tool(tool)), *rest]


def _environment() -> dict[str, str]:
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    # Containers often set this. Without bytecode, each of the many test processes compiles all.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PATH"] = f"{_tool('python').parent}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - it is a command-line program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
