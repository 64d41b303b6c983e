"""Helpers that page through the answers modal as a user."""

from __future__ import annotations

from typing import Any

from bot.playground.state.models import SlackMessage, SlackView, User
from bot.slack.answers_modal.views import BEST, CHOOSE
from bot.slack.ui.blocks import SHOW_ANSWERS
from tests.stage import Stage


async def reveal(
    stage: Stage, user: User, message: SlackMessage, containing: str = "Overview"
) -> SlackView:
    """Click "Show answers", and wait for the overview, or for another text."""
    await stage.slack.click(user, message, SHOW_ANSWERS)
    return await stage.opened_view(user, containing)


async def turn(stage: Stage, user: User, action_id: str, value: str | None = None) -> str:
    """Click in the open modal, and return the new text once it has changed."""
    view = stage.slack.current_modal(user)
    assert view is not None
    before = view.hash
    await stage.slack.click(user, view, action_id, value)
    await stage.slack.wait_for(lambda: view.hash != before)
    return stage.slack.render(view)


async def choose(stage: Stage, user: User, containing: str) -> str:
    """Choose the first option with this text, and return the modal's new text."""
    view = stage.slack.current_modal(user)
    assert view is not None
    value = next(o["value"] for o in options(view.blocks) if containing in o["text"]["text"])
    return await turn(stage, user, CHOOSE, value)


async def verdict(stage: Stage, user: User) -> str:
    """Click the button that marks an answer as the best, or removes the mark."""
    return await turn(stage, user, BEST)


def options(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all options in a modal, in order."""
    menus = [e for block in blocks for e in block.get("elements", ()) if "option_groups" in e]
    return [
        option for menu in menus for group in menu["option_groups"] for option in group["options"]
    ]
