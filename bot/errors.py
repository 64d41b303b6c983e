"""The bot's errors, each with a kind that `bot.slack.ui.strings` has words for."""

from __future__ import annotations

from typing import Literal

Trouble = Literal[
    "no_answer",
    "thread_gone",
    "not_in_channel",
    "archived",
    "not_allowed",
    "missing_scope",
    "empty",
    "unreadable",
    "pipeline_gone",
    "stopped",
    "person_budget",
    "channel_budget",
    "workspace_budget",
    "run_budget",
    "hourly_limit",
    "too_many_at_once",
    "internal",
]
"""Why a question got no answer, as the person who asked is told."""


class BotError(Exception):
    """Something on the bot's side went wrong."""


class ConfigurationError(BotError):
    """Settings that cannot be used. The message says what is wrong, what is allowed, what to do."""


class Unanswerable(BotError):
    """A question that cannot be answered, for a reason that the asker can be told."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble: Trouble = trouble


class Postponed(BotError):
    """What a run needs is away, and has been for a while. It is left as it is, for a later attempt.

    Its asker is told nothing: nobody has given up.
    """


class Superseded(BotError):
    """Another worker has taken a run over. Whoever meets this leaves the run alone."""
