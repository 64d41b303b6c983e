"""The subcommands of the slash command. Any other text after the command is a question.

To add one, define a `Subcommand` in `subcommands.py` and list it in `SUBCOMMANDS`; the help text
and the dispatch pick it up. A subcommand must be the only word, so that questions may start with
the same word, unless it takes a text itself.
"""

from __future__ import annotations

from bot.slack.commands.context import CommandContext, CommandServices, Subcommand
from bot.slack.commands.subcommands import (
    BRAINSTORM,
    BUDGET,
    HELP,
    PIPELINES,
    SETTINGS,
    STOP,
)

SUBCOMMANDS: tuple[Subcommand, ...] = (HELP, BRAINSTORM, PIPELINES, SETTINGS, BUDGET, STOP)


def find_subcommand(text: str) -> Subcommand | None:
    """Return the subcommand that was typed; None for a question."""
    name, *more = text.lower().split(maxsplit=1)
    return next((s for s in SUBCOMMANDS if s.name == name and (s.takes_text or not more)), None)


__all__ = ["SUBCOMMANDS", "CommandContext", "CommandServices", "Subcommand", "find_subcommand"]
