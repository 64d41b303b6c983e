"""The bot's errors. Each kind has a text in `bot.slack.ui.strings`."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Literal

Trouble = Literal[
    "no_answer",
    "too_long",
    "output_limit",
    "declined",
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
    "refused",
    "internal",
]
"""Why a question got no answer. The asker sees a text for it."""

NEEDS_A_CHANGE = frozenset(
    {
        "auth",
        "certificate",
        "moderation",
        "not_found",
        "quota",
        "redirected",
        "unsupported",
        "wrong_api",
        "wrong_path",
    }
)
"""Kinds of errors that a retry of the same question would hit again. See `moa.errors`."""


DECLINED = frozenset({"moderation", "refused"})
"""Kinds of errors for a question that a provider or a model won't answer because of its content."""


def trouble_of(kinds: Collection[str | None]) -> Trouble:
    """Return why no model answered, from the kinds of their errors.

    "too_long" and "declined" apply only if no other model could answer on a retry, because their
    texts don't offer one.
    """
    found = {kind or "" for kind in kinds}
    if "overflow" in found and found <= {"overflow"} | NEEDS_A_CHANGE:
        return "too_long"
    if "output_limit" in found and found <= {"output_limit", "overflow"} | NEEDS_A_CHANGE:
        return "output_limit"
    if found & DECLINED and found <= DECLINED | NEEDS_A_CHANGE:
        return "declined"
    return "no_answer"


def new_error_id() -> str:
    """Return an id that connects what a person sees with its log line."""
    return secrets.token_hex(4)


class BotError(Exception):
    """An error on the bot's side."""


class ConfigurationError(BotError):
    """Invalid settings. The message says what is wrong, what is allowed and what to do."""


class NoModelsError(ConfigurationError):
    """No model is configured, and none was found. The message says how to get one."""


class Unanswerable(BotError):
    """A question that can't be answered, with a reason to show to the asker."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble: Trouble = trouble


class Postponed(BotError):
    """A dependency has been down too long. The run is left for a later attempt.

    The asker is not notified, since the run continues.
    """


class Superseded(BotError):
    """Another worker has taken over the run. Stop working on it."""
