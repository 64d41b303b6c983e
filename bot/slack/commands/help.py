"""`/moa help`: what the bot is for and how it is asked."""

from __future__ import annotations

from bot.slack import words
from bot.slack.commands.subcommand import Desk, Subcommand


async def _run(desk: Desk) -> None:
    lines = (f"• `{desk.command} {s.name}`: {s.summary}" for s in desk.subcommands)
    await desk.say(words.COMMAND_HELP.format(command=desk.command, commands="\n".join(lines)))


HELP = Subcommand("help", words.COMMAND_HELP_SUMMARY, _run)
