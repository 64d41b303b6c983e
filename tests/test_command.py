"""The command `python3 -m tests`: its help, and the everyday group of tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.__main__ import EVERYDAY, main

ROOT = Path(__file__).parent.parent


def test_help_needs_no_installation(tmp_path: Path) -> None:
    """On a fresh machine --help works without any package and without `.check`."""
    (tmp_path / "tests").mkdir()
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tests", "--help"],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    for words in ("python3 -m tests --all", "second_setting", "N passed, N failed"):
        assert words in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"tests"}


def test_all_takes_no_other_arguments() -> None:
    """A mistyped full run is rejected before anything is installed or run."""
    assert main(["--all", "-x"]) == 2


def test_the_everyday_group_excludes_faults_browsers_and_the_second_setting() -> None:
    """A new file belongs to it unless its folder or a mark excludes it."""
    files = [
        "tests/faults/test_restoring.py",
        "tests/browser/test_access.py",
        "tests/slack/test_memory.py",
        "tests/moa/test_sse.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-o", "addopts=-q", *EVERYDAY, *files],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line for line in done.stdout.splitlines() if "::" in line]
    assert {line.partition("::")[0] for line in found} == {*files[2:]}
    assert [line for line in found if "test_memory" in line and "http, postgres" in line] == []
