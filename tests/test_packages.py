"""The wheel, the runtime lock, the container files and the systemd unit."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import venv
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LARGEST_EXPOSURE = 3.0
"""On the scale of `systemd-analyze security`: 0 is safe, 10 is unconfined."""


def _locked(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Return each package of a lock with its requirement line and its hashes."""
    packages: dict[str, tuple[str, frozenset[str]]] = {}
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if found := re.match(r"([a-z0-9-]+)==\S+(?: ; [^-]*)?", line):
            packages[found[1]] = found[0].strip(), frozenset(re.findall(r"--hash=(\S+)", line))
    return packages


def test_the_runtime_lock_is_the_tested_lock_without_the_tools() -> None:
    """Users install exactly what the tests use, hash by hash, and no development tool."""
    runtime, everything = _locked("runtime.lock"), _locked("requirements.lock")
    assert len(runtime) > 30
    for name, (requirement, hashes) in runtime.items():
        assert hashes
        assert hashes == everything[name][1]
        assert requirement.split()[0] == everything[name][0].split()[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(map(_name, project["project"]["dependencies"])) <= runtime.keys()
    tools = {"basedpyright", "coverage", "hypothesis", "playwright", "pytest", "ruff", "uv"}
    assert tools <= everything.keys()
    assert not tools & runtime.keys()


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=; ]", requirement)[0].lower()


def test_no_lock_contains_an_address() -> None:
    """A lock works with every package index."""
    for name in ("runtime.lock", "requirements.lock"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_the_extra_local_compiles_nothing() -> None:
    """`pip install moa-bot[local]` must not pull in llama-cpp-python, which has no wheels."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert [
        each.split(">")[0] for each in project["project"]["optional-dependencies"]["local"]
    ] == ["xllamacpp"]


@pytest.mark.slow
def test_the_documented_install_works_without_a_compiler(tmp_path: Path) -> None:
    """The locked wheels and our wheel give a working command, and the wheel's README renders."""
    wheel = _build_wheel(tmp_path)
    venv.create(tmp_path / "installed", with_pip=True)
    pip = [str(tmp_path / "installed/bin/python"), "-m", "pip", "install", "--quiet", "--no-deps"]
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / "runtime.lock")]
    subprocess.run([*pip, *locked], check=True)
    subprocess.run([*pip, str(wheel)], check=True)
    command = str(tmp_path / "installed/bin/moa-bot")
    cases = (
        (["--version"], "moa-bot "),
        (["manifest"], "display_information"),
        (["init", "--example"], "[models.gpt]"),
    )
    for arguments, expected in cases:
        result = subprocess.run(
            [command, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        assert expected in result.stdout
    _check_front_page(wheel)


def _build_wheel(folder: Path) -> Path:
    """Build it from a copy of the files that the Dockerfile copies."""
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "manifest.yml", "moa.example.toml"):
        shutil.copy(ROOT / name, source)
    for package in ("moa", "bot"):
        shutil.copytree(ROOT / package, source / package)
    subprocess.run(
        [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(folder)],
        cwd=source,
        check=True,
    )
    return next(folder.glob("*.whl"))


def _check_front_page(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    assert metadata.get_all("Project-URL")
    page = str(metadata.get_payload())
    assert page.startswith("# moa-bot")
    relative = re.findall(r"\]\((?!https?://)[^)]*\)", page)
    assert relative == []


def test_the_container_gets_every_copied_file() -> None:
    """Each COPY names a file of the repository that .dockerignore lets through."""
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in allowed
    assert re.search(r"^USER \d+$", dockerfile, re.MULTILINE)
    assert "HEALTHCHECK" in dockerfile


def test_the_container_file_has_no_lint() -> None:
    """Hadolint finds nothing to improve."""
    hadolint = Path(sys.executable).with_name("hadolint")
    result = subprocess.run(
        [str(hadolint), str(ROOT / "Dockerfile")], check=False, capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (0, "")


def test_compose_runs_sqlite_by_default_and_postgres_on_request() -> None:
    """Only the bot starts without a profile; the profile adds a database and two workers."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    default = [name for name, service in services.items() if "profiles" not in service]
    assert default == ["bot"]
    assert "sqlite" in services["bot"]["environment"]["DATABASE_URL"]
    assert services["worker"]["deploy"]["replicas"] == 2
    assert services["bot"]["depends_on"]["db"]["required"] is False


def test_the_systemd_unit_is_sandboxed(capsys: pytest.CaptureFixture[str]) -> None:
    """`systemd-analyze security` rates it under 3."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        with capsys.disabled():
            print("systemd-analyze is not installed: the unit is not rated")  # noqa: T201 - see above
        pytest.skip("systemd-analyze is not installed")
    result = subprocess.run(
        [analyze, "security", "--offline=true", str(ROOT / "deploy/moa-bot.service")],
        check=False,
        capture_output=True,
        text=True,
    )
    exposure = re.search(r"exposure level for moa-bot\.service: ([\d.]+)", result.stdout)
    assert exposure
    assert float(exposure[1]) < LARGEST_EXPOSURE


def test_systemd_waits_for_the_drain() -> None:
    """It kills the bot only after --drain has ended."""
    unit = (ROOT / "deploy/moa-bot.service").read_text(encoding="utf-8")
    drain = re.search(r"--drain (\d+)", unit)
    stop = re.search(r"TimeoutStopSec=(\d+)", unit)
    assert drain
    assert stop
    assert int(stop[1]) > int(drain[1])
