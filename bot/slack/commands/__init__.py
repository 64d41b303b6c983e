"""The subcommands of the slash command, one a file. Everything else after it is a question.

To add one, write a file here with a `Subcommand` and name it in `SUBCOMMANDS`: the help text and
the dispatch find it. A subcommand answers only when it stands alone, so that a question may begin
with its word.
"""

from __future__ import annotations

from bot.slack.commands.context import CommandContext, CommandServices, Subcommand
from bot.slack.commands.subcommands import BUDGET, HELP, PIPELINES, SETTINGS, STOP

SUBCOMMANDS: tuple[Subcommand, ...] = (HELP, PIPELINES, SETTINGS, BUDGET, STOP)


def find(text: str) -> Subcommand | None:
    """The subcommand that the words after the slash command are; None for a question."""
    name = text.strip().lower()
    return next((s for s in SUBCOMMANDS if s.name == name), None)


__all__ = ["SUBCOMMANDS", "CommandContext", "CommandServices", "Subcommand", "find"]
