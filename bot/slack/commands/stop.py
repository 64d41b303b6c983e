"""`/moa stop`: ends what is under way in the channel, as far as the person may end it."""

from __future__ import annotations

from bot.slack import words
from bot.slack.commands.subcommand import Desk, Subcommand


async def _stop(desk: Desk) -> None:
    count = await desk.offers.stopping.all_in(desk.team, desk.visitor)
    told = {0: words.COMMAND_STOPPED_NONE, 1: words.COMMAND_STOPPED_ONE}
    await desk.say(told.get(count, words.COMMAND_STOPPED.format(count=count)))


STOP = Subcommand("stop", words.COMMAND_STOP_SUMMARY, _stop)
