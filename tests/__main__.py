"""All checks by one command, with its own set-up: `python3 -m tests`.

It needs nothing but Python 3.11 or later: the tools are installed by their hashes from
`requirements.lock` into `.check/`, once for each state of that file. With arguments only pytest is
run, with these arguments.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".check"
LOCK = ROOT / "requirements.lock"
LEAST_COVERAGE = "90"

PROCESSES = min(1 + (os.cpu_count() or 1), 4)
SIDE_BY_SIDE = [f"--numprocesses={PROCESSES}", "--dist=worksteal"]
"""One pytest process a core and one more, since many tests wait for processes that they killed.
`pytest` alone runs them in a row."""

CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["basedpyright"],
    "imports": ["lint-imports"],
}


def main(arguments: list[str]) -> int:
    """Run the checks; 0 when all of them pass."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is the message for older ones
        print("Python 3.11 or later is needed.", file=sys.stderr)  # noqa: T201 - it is a command
        return 2
    _install()
    if arguments:
        return _run(["python", "-m", "pytest", *arguments])
    failed = [name for name, command in CHECKS.items() if _timed(name, command)]
    if _timed("tests", ["coverage", "run", "-m", "pytest", *SIDE_BY_SIDE]):
        failed.append("tests")
    _run(["coverage", "combine", "--quiet"])
    if _timed("coverage", ["coverage", "report", f"--fail-under={LEAST_COVERAGE}"]):
        failed.append("coverage")
    closing = (ENVIRONMENT / "closing-line").read_text(encoding="utf-8")
    _say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    _say(closing)
    return 1 if failed else 0


def _install() -> None:
    """The tools, unless they are there for this very lock."""
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    stamp = ENVIRONMENT / "installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    _say("installing the tools by their hashes into .check/")
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [str(_tool("python")), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The lock is whole, so nothing is left to resolve.
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)], check=True)
    stamp.write_text(digest, encoding="utf-8")


def _tool(name: str) -> Path:
    return ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / name


def _timed(name: str, command: list[str]) -> int:
    started = time.monotonic()
    code = _run(command)
    _say(f"{name}: {'ok' if code == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s")
    return code


def _run(command: list[str]) -> int:
    tool, *rest = command
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{_tool('python').parent}{os.pathsep}{environment.get('PATH', '')}"
    return subprocess.run(
        [str(_tool(tool)), *rest], cwd=ROOT, env=environment, check=False
    ).returncode


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - it is a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
