"""What is to be said of one answer, beside what became of its call."""

from __future__ import annotations

from bot.slack import words
from bot.slack.blocks import cost
from bot.slack.naming import capital
from bot.slack.reveal.shown import Entry, Shown
from bot.slack.states import why
from bot.slack.text import escape_mrkdwn
from moa import Answer


def short_state(entry: Entry) -> str:
    """What became of it in a word or two, for a menu."""
    if entry.kind == "ranking":
        return words.SHORT_RANKING
    if entry.answer.error_kind == "breaker_open":
        return words.SHORT_NOT_ASKED
    if entry.answer.error_kind == "cancelled":
        return words.SHORT_STOPPED
    return words.SHORT_STATES[entry.answer.status]


def told(shown: Shown, entry: Entry) -> str:
    """What the reader of one text should know of it first, as mrkdwn."""
    answer = entry.answer
    if entry.kind == "ranking":
        return words.TOLD_RANKING.format(layer=ranked_layer(shown, answer))
    if entry.kind == "draft":
        return words.TOLD_DRAFT.format(why=_explained(shown, answer))
    special = {
        "breaker_open": words.TOLD_NOT_ASKED,
        "cancelled": words.TOLD_NOT_NEEDED,
        "refused": words.TOLD_DECLINED,
    }.get(answer.error_kind or "")
    if special and not answer.readable:
        return special
    if answer.readable and not answer.label:
        return words.TOLD_UNREAD
    sentence = words.ANSWER_TOLD[answer.status]
    return sentence.format(
        by=_read_by(shown, answer), label=answer.label, why=_explained(shown, answer)
    )


def asides(shown: Shown, answer: Answer) -> list[str]:
    """How often it was asked, who stood in for it, and what it cost."""
    history, naming = shown.history, shown.naming
    found: list[str] = []
    tries = history.tries(answer)
    if tries > 1:
        twice = tries == 2  # noqa: PLR2004 - English has a word for two
        found.append(words.OVERVIEW_TWICE if twice else words.OVERVIEW_TRIES.format(count=tries))
    if own := history.stood_in_for(answer):
        found.append(words.OVERVIEW_STOOD_IN.format(model=naming.of_stand_in(own)))
    if other := history.backed_up_by(answer):
        found.append(words.OVERVIEW_BACKED_UP.format(model=naming.of_stand_in(other)))
    if shown.policy.cost and answer.cost_usd is not None:
        found.append(cost(answer.cost_usd))
    return found


def ranked_layer(shown: Shown, ranking: Answer) -> int:
    """The layer whose answers a ranking judges: the last one before it that brought any."""
    before = [a.layer for a in shown.run.answers if a.layer < ranking.layer and a.readable]
    return max(before, default=ranking.layer)


def _read_by(shown: Shown, answer: Answer) -> str:
    later = [a.layer for a in shown.run.answers if a.layer > answer.layer]
    return words.READ_BY_LAYER.format(layer=min(later)) if later else words.READ_FOR_REPLY


def _explained(shown: Shown, answer: Answer) -> str:
    """The cause as a sentence; in full where names are shown, since it may hold one."""
    if shown.policy.names == "shown" and answer.error:
        return escape_mrkdwn(answer.error)
    return f"{capital(why(answer.error_kind))}."
