"""House rules checked by tools: imports, the manifest's events, the lock, names."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

from bot.slack.routes import EVENTS
from tests.faults.kill_points import ALL, owner_of

ROOT = Path(__file__).parent.parent

BREACHES = {
    "moa/pipeline/prompts/breach.py": "import bot\n",
    "moa/types.py": "import sqlalchemy\n",
    "moa/providers/breach.py": "from os import environ\n",
    "moa/api.py": "import os\n",
    "bot/storage/breach.py": "import slack_sdk\n",
    "bot/slack/api/breach.py": "import os\n",
    "bot/slack/ui/breach.py": "import bot.slack.reply.context\n",
    "bot/playground/state/breach.py": "import bot.playground.server\n",
}


@pytest.mark.parametrize("place", BREACHES)
def test_a_forbidden_import_is_found(tmp_path: Path, place: str) -> None:
    """Breaking an import contract fails the check."""
    for package in ("moa", "bot"):
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    breach = tmp_path / place
    breach.parent.mkdir(exist_ok=True)
    with breach.open("a", encoding="utf-8") as file:
        file.write(BREACHES[place])
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, done.stdout


def test_the_manifest_subscribes_to_exactly_the_events_with_listeners() -> None:
    """No event is subscribed to needlessly, and none is missing."""
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    asked = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {event.partition(".")[0] for event in asked} == set(EVENTS)
    assert "message.im" in asked
    assert manifest["settings"]["interactivity"]["is_enabled"]
    assert [command["command"] for command in manifest["features"]["slash_commands"]] == ["/moa"]
    assert "agent_view" in manifest["features"]


def test_every_direct_dependency_is_locked() -> None:
    """The lock has every dependency in `pyproject.toml`, with hashes and without addresses."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["local"],
        *project["dependency-groups"]["model"],
        *(each for each in project["dependency-groups"]["dev"] if isinstance(each, str)),
    ]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==", lock, re.MULTILINE))
    names = {re.split(r"[\[<>=~! ]", want)[0].lower() for want in wanted}
    assert names <= locked
    assert "://" not in lock
    blocks = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", lock, re.MULTILINE | re.DOTALL)
    assert all("--hash=sha256:" in block for block in blocks)


def test_class_names_are_unique() -> None:
    """No two classes in `moa` and `bot` have the same name, so a name can be searched for."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in [*ROOT.glob("moa/**/*.py"), *ROOT.glob("bot/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_the_slack_package_has_few_files_at_its_top() -> None:
    """At most three files are directly in `bot/slack`; all others are in subpackages."""
    assert len(list((ROOT / "bot" / "slack").glob("*.py"))) <= 3


def test_every_kill_point_can_be_armed() -> None:
    """The fault tests patch methods by name: a renamed one is found here, within seconds."""
    for name, point in ALL.items():
        owner, method = owner_of(point)
        assert getattr(owner, method) is point.target, name


def test_there_are_no_import_cycles() -> None:
    """The modules of `moa` and `bot` can be sorted so that each imports only earlier ones."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in [*ROOT.glob("moa/**/*.py"), *ROOT.glob("bot/**/*.py")]
    }
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
        names = {(node.module or "", alias.name) for node in froms for alias in node.names}
        full = {f"{origin}.{name}" for origin, name in names}
        origins = {origin for origin, name in names if f"{origin}.{name}" not in modules}
        graph[module] = (full | origins) & set(modules) - {module}
    assert len([*TopologicalSorter(graph).static_order()]) == len(modules)
