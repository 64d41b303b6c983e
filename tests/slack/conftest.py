"""Run the Slack tests over both connection modes and on both databases."""

from __future__ import annotations

import inspect

import pytest

from tests import stage
from tests.databases import Databases

FIRST, SECOND = "socket, sqlite", "http, postgres"
SETTINGS = [
    pytest.param(("socket", "sqlite"), id=FIRST),
    pytest.param(("http", "postgres"), id=SECOND, marks=pytest.mark.second_setting),
]
"""Two of the four combinations: every test runs once in each mode and once on each database. The
tests of the main job set `mode` and `database` themselves and run all four."""

BY_THEMSELVES = {"mode", "database"}

HERE = "tests.slack.test_"
"""Not `tests/slack/attacks`, which depend on neither the mode nor the database: they run once."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that starts a bot (one with `tmp_path`) in each setting."""
    has_stage = inspect.iscoroutinefunction(metafunc.function)
    has_stage = has_stage and "tmp_path" in inspect.signature(metafunc.function).parameters
    is_meant = metafunc.function.__module__.startswith(HERE)
    if has_stage and is_meant and not BY_THEMSELVES & {*metafunc.fixturenames}:
        metafunc.parametrize("setting", SETTINGS, indirect=True)


@pytest.fixture(autouse=True)
def setting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the mode and database that `on_stage` uses when its caller names none."""
    mode, kind = getattr(request, "param", ("socket", "sqlite"))
    if kind == "postgres":
        databases: Databases = request.getfixturevalue("databases")
        monkeypatch.setattr(stage, "SETTING", stage.Setting(mode, databases.fresh(kind)))
