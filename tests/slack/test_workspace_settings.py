"""The workspace's settings on the Home tab: for admins only."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.playground.state.models import SlackView
from bot.slack.ui.strings import settings as strings
from bot.slack.ui.strings.home import HOME_ADMIN_BUTTON
from tests.slack.home_actions import (
    EVENTS,
    STRANGERS,
    home,
    settings,
    stored,
    stranger,
    workspace_settings,
)
from tests.stage import Stage, on_stage

REFUSED = strings.SETTINGS_REFUSED


async def test_admins_change_the_workspaces_settings(tmp_path: Path) -> None:
    """Admins set the pipeline, the policy and budgets, and the Home tab shows them."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        stage.ana.is_admin = True
        await home(stage, stage.ana, shows=HOME_ADMIN_BUTTON)
        view = await workspace_settings(stage, stage.ana)
        chosen = {
            "pipeline": "is:single",
            "reveal": "is:requester",
            "per_person_day_usd": "2.5",
            "per_workspace_month_usd": "",
        }
        done = await stage.slack.submit(stage.ana, view, chosen)
        assert not done.errors
        await stage.slack.wait_for(lambda: "$2.50 per person a day" in _home(stage))
        assert "answers open to only the person who asked" in _home(stage)
        reply = await stage.replied(await stage.ask("What is the risk?", user=stage.ben))
        assert "single" in stage.slack.render(reply)
        channel = await settings(stage, stage.ben)
        assert "Same as workspace: only the person who asked" in stage.slack.render(channel)


def _home(stage: Stage) -> str:
    view = stage.slack.home_tab(stage.ana)
    return stage.slack.render(view) if view else ""


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("0", strings.SETTINGS_BUDGET_WRONG),
        ("-3", strings.SETTINGS_BUDGET_WRONG),
        ("nan", strings.SETTINGS_BUDGET_WRONG),
        ("inf", strings.SETTINGS_BUDGET_WRONG),
        ("much", strings.SETTINGS_BUDGET_WRONG),
        ("5.01", strings.SETTINGS_BUDGET_TOO_HIGH.format(most="$5.00")),
    ],
)
async def test_an_invalid_budget_is_marked(tmp_path: Path, written: str, says: str) -> None:
    """The field shows what is allowed, and nothing is stored."""
    extra = "\n[limits]\nper_person_day_usd = 5\n"
    async with on_stage(tmp_path, events=EVENTS, extra=extra) as stage:
        stage.ana.is_admin = True
        await home(stage, stage.ana, shows=HOME_ADMIN_BUTTON)
        view = await workspace_settings(stage, stage.ana)
        done = await stage.slack.submit(stage.ana, view, {"per_person_day_usd": written})
        assert done.errors == {"per_person_day_usd": says}
        assert await stored(stage) == []


@pytest.mark.parametrize("kind", ["member", *STRANGERS])
async def test_only_admins_change_the_workspaces_settings(tmp_path: Path, kind: str) -> None:
    """Neither an admin's button nor an admin's modal works for other people."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        stage.ana.is_admin = True
        await home(stage, stage.ana, shows=HOME_ADMIN_BUTTON)
        view = await workspace_settings(stage, stage.ana)
        person = stage.ben if kind == "member" else await stranger(stage, kind)
        await stage.slack.click(person, _home_view(stage), "home_settings")
        await stage.opened_view(person, REFUSED["admins"])
        await stage.slack.submit(person, view, {"pipeline": "is:single"})
        assert REFUSED["admins"] in stage.slack.render(view)
        assert await stored(stage) == []


def _home_view(stage: Stage) -> SlackView:
    view = stage.slack.home_tab(stage.ana)
    assert view is not None
    return view
