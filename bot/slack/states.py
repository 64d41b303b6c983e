"""What became of a call for an answer, in a few words that need no icon and hold no name."""

from __future__ import annotations

from bot.slack import words
from bot.slack.blocks import seconds
from moa import Answer


def why(error_kind: str | None) -> str:
    """Why an answer is missing or not whole, by the kind of its error; see `moa.errors`."""
    return words.WHY.get(error_kind or "", words.WHY_UNKNOWN)


def state(answer: Answer, brings: str = "answers") -> str:
    """What became of it, with its seconds. `brings` says what was asked for; see `moa.Task`."""
    took = seconds(answer.seconds)
    if answer.status == "used" and brings in words.OTHERWISE_USED:
        return words.OTHERWISE_USED[brings].format(seconds=took)
    if answer.error_kind == "breaker_open":
        return words.NOT_ASKED
    if answer.error_kind == "cancelled":
        return words.NOT_NEEDED.format(seconds=took)
    if answer.error_kind == "refused" and answer.status == "failed":
        return words.DECLINED.format(seconds=took)
    return words.ANSWER_STATES[answer.status].format(seconds=took, why=why(answer.error_kind))
