"""Every behaviour in Slack over both ways to connect, and on both databases."""

from __future__ import annotations

import inspect

import pytest

from tests import stage
from tests.databases import Databases

SETTINGS = {"socket, sqlite": ("socket", "sqlite"), "http, postgres": ("http", "postgres")}
"""Two of the four: between them every test meets each way and each database once. All four are run
by the tests of the main job, which name `mode` and `database` themselves."""

BY_THEMSELVES = {"mode", "database"}

HERE = "tests.slack.test_"
"""The attacks of `tests/slack/attacks` are many, and meet neither the connection nor the database
in a way of their own: they run in one setting."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that has a bot on stage (it gives it a folder) in each setting."""
    has_stage = inspect.iscoroutinefunction(metafunc.function)
    has_stage = has_stage and "tmp_path" in inspect.signature(metafunc.function).parameters
    is_meant = metafunc.function.__module__.startswith(HERE)
    if has_stage and is_meant and not BY_THEMSELVES & {*metafunc.fixturenames}:
        metafunc.parametrize("setting", [*SETTINGS.values()], ids=[*SETTINGS], indirect=True)


@pytest.fixture(autouse=True)
def setting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `on_stage` use a setting, where its caller does not say."""
    mode, kind = getattr(request, "param", ("socket", "sqlite"))
    if kind == "postgres":
        databases: Databases = request.getfixturevalue("databases")
        monkeypatch.setattr(stage, "SETTING", stage.Setting(mode, databases.fresh(kind)))
