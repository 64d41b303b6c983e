"""The subcommands of the slash command. Any other text after the command is a question.

CONTRIBUTING.md says how to add one. A subcommand must be the only word, so that questions can start
with the same word, unless it takes text itself.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from bot.slack.commands.context import CommandContext, CommandServices, Subcommand
from bot.slack.commands.subcommands import (
    ANSWERS,
    BRAINSTORM,
    BUDGET,
    HELP,
    PIPELINES,
    SETTINGS,
    STOP,
)

SUBCOMMANDS: tuple[Subcommand, ...] = (HELP, BRAINSTORM, ANSWERS, PIPELINES, SETTINGS, BUDGET, STOP)

SIMILAR: Final = 0.7
"""The least similarity of a misspelled subcommand, from 0 to 1. "hlep" and "help" have 0.75."""


def find_subcommand(text: str) -> Subcommand | None:
    """Return the subcommand that was typed, or None for a question."""
    name, *more = text.lower().split(maxsplit=1)
    return next((s for s in SUBCOMMANDS if s.name == name and (s.takes_text or not more)), None)


def closest_subcommand(text: str) -> str | None:
    """Return the subcommand that a single word probably misspells. Asking it would cost money."""
    names = [subcommand.name for subcommand in SUBCOMMANDS]
    close = get_close_matches(text.strip().lower(), names, n=1, cutoff=SIMILAR)
    return close[0] if close else None


__all__ = [
    "SUBCOMMANDS",
    "CommandContext",
    "CommandServices",
    "Subcommand",
    "closest_subcommand",
    "find_subcommand",
]
