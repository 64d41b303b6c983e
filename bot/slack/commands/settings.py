"""`/moa settings`: the channel's settings, in a modal. `/moa budget`: what is left to spend."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.slack import words
from bot.slack.allowance import allowance
from bot.slack.commands.subcommand import Desk, Subcommand


async def _open(desk: Desk) -> None:
    settings = desk.offers.settings
    view_id = await settings.open_empty(desk.trigger_id, words.SETTINGS_TITLE)
    await desk.say("" if view_id else words.SETTINGS_TOO_LATE)
    if view_id:
        await settings.show_channel(view_id, desk.visitor, desk.channel)


async def _budget(desk: Desk) -> None:
    who, offers = desk.visitor, desk.offers
    standing = await offers.budgets.standing(desk.team, who.user, desk.channel)
    rules = await offers.preferences.rules(desk.team, desk.channel)
    lines = allowance(standing, datetime.now(UTC), costs_shown=rules.cost == "shown", channel=True)
    told = [f"• {line}" for line in lines]
    await desk.say("\n".join([words.BUDGET_TITLE, *told, words.BUDGET_UNKNOWN_PRICES]))


SETTINGS = Subcommand("settings", words.COMMAND_SETTINGS_SUMMARY, _open)
BUDGET = Subcommand("budget", words.COMMAND_BUDGET_SUMMARY, _budget)
