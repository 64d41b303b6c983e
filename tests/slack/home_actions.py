"""Helpers that open and submit settings and the Home tab as a user."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select

from bot.playground.people.actions import ActionResult
from bot.playground.state.models import Channel, SlackView, User
from bot.storage.tables import preferences, runs
from tests.stage import Stage

EVENTS = (
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
)
"""The manifest's events for questions, settings and the Home tab."""

STRANGERS = {
    "another channel": "no",
    "removed": "no",
    "guest": "guest",
    "single-channel guest": "guest",
    "deactivated": "guest",
    "another workspace": "guest",
}
"""People who may not change a channel's settings, and the refusal that each gets."""


async def settings(
    stage: Stage, user: User, channel: Channel | None = None, *, shows: str = "[Save]"
) -> SlackView:
    """Return the modal that `/moa settings` opens, once it shows this text."""
    await stage.slack.command(user, channel or stage.general, "/moa", "settings")
    return await stage.opened_view(user, shows)


async def choose(
    stage: Stage, user: User, channel: Channel | None = None, **values: Any
) -> ActionResult:
    """Open a channel's settings, choose a value, and save."""
    view = await settings(stage, user, channel)
    return await stage.slack.submit(user, view, values)


async def home(stage: Stage, user: User, *, shows: str = "") -> str:
    """Open the Home tab and return its text, once it is published with this text."""
    before = len(stage.slack.calls("views.publish"))
    await stage.slack.open_home(user)
    await stage.slack.wait_for(lambda: len(stage.slack.calls("views.publish")) > before)
    return await home_showing(stage, user, shows)


async def home_showing(stage: Stage, user: User, shows: str) -> str:
    """Return the current Home tab, once it shows this text."""

    def shown() -> str:
        view = stage.slack.home_tab(user)
        return stage.slack.render(view) if view else ""

    return await stage.slack.wait_for(lambda: shown() if shown() and shows in shown() else "")


async def workspace_settings(stage: Stage, user: User, *, shows: str = "[Save]") -> SlackView:
    """Return the modal that the button on the Home tab opens."""
    view = stage.slack.home_tab(user)
    assert view is not None
    await stage.slack.click(user, view, "home_settings")
    return await stage.opened_view(user, shows)


async def ended(stage: Stage) -> None:
    """Wait until no run is active: the run store is updated a moment after Slack."""
    live = select(runs.c.id).where(runs.c.state.in_(("waiting", "running")))
    async with asyncio.timeout(10):
        while True:
            async with stage.bot.database.connect() as connection:
                if not (await connection.execute(live)).all():
                    return
            await asyncio.sleep(0.01)


async def stranger(stage: Stage, kind: str) -> User:
    """Return a person who may not change the channel's settings. Most are members."""
    outside = "T99999999" if kind == "another workspace" else None
    person = stage.slack.add_user(
        "Zoe",
        guest=kind == "guest",
        single_channel_guest=kind == "single-channel guest",
        deleted=kind == "deactivated",
        team_id=outside,
    )
    if kind != "another channel":
        await stage.slack.invite(person, stage.general)
    if kind == "removed":
        await stage.slack.leave(person, stage.general)
    return person


async def stored(stage: Stage) -> list[tuple[str, str, str]]:
    """Return scope, id and choice of all stored preferences."""
    query = select(preferences.c.scope, preferences.c.id, preferences.c.chosen)
    async with stage.bot.database.connect() as connection:
        return [(row.scope, row.id, row.chosen) for row in await connection.execute(query)]
