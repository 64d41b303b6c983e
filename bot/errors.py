"""The bot's errors, each with a kind that `bot.slack.ui.strings` has words for."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Literal

Trouble = Literal[
    "no_answer",
    "too_long",
    "output_limit",
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


NEEDS_A_CHANGE = frozenset(
    {"auth", "quota", "not_found", "wrong_path", "wrong_api", "unsupported", "moderation"}
)
"""Kinds of errors that the same question would meet again; see `moa.errors`."""


def trouble_of(kinds: Collection[str | None]) -> Trouble:
    """Why no model answered, by the kinds of their errors.

    A thread is too long only if it was so for some model and no other one may answer later: what is
    said of it offers no second try.
    """
    found = {kind or "" for kind in kinds}
    if "overflow" in found and found <= {"overflow"} | NEEDS_A_CHANGE:
        return "too_long"
    if "output_limit" in found and found <= {"output_limit", "overflow"} | NEEDS_A_CHANGE:
        return "output_limit"
    return "no_answer"


def new_error_id() -> str:
    """Return an id that connects what a person sees with its line in the log."""
    return secrets.token_hex(4)


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
