"""Values as Slack's JSON: the parts that messages are made of.

Limits (https://docs.slack.dev/reference/block-kit/blocks): 50 blocks a message; button text 75 and
value 2,000 characters; a context element 3,000; markdown blocks 12,000 in all of one message.
"""

from __future__ import annotations

from typing import Any

from bot.slack import words
from bot.slack.text import escape_mrkdwn, plain, shorten
from moa import Outcome

Block = dict[str, Any]

SHOW_ANSWERS = "show_answers"
SHARE = "share_answer"
REPLY_ACTIONS = "reply_actions"

MARKDOWN_LIMIT = 12_000
SECTION_LIMIT = 3_000


def markdown(text: str) -> Block:
    """A markdown block. `text` must have been made safe."""
    return {"type": "markdown", "text": text[:MARKDOWN_LIMIT]}


def section(mrkdwn: str) -> Block:
    """A section. `mrkdwn` must have been escaped."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn[:SECTION_LIMIT]}}


def context(mrkdwn: str) -> Block:
    """A quiet line."""
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": mrkdwn[:SECTION_LIMIT]}],
    }


def button(label: str, action_id: str, value: str, *, says: str | None = None) -> Block:
    """A button. `says` is what a screen reader reads in place of the label."""
    made: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": shorten(plain(label), 75)},
        "action_id": action_id,
        "value": value,
    }
    if says:
        made["accessibility_label"] = shorten(plain(says), 75)
    return made


def footer(
    run_id: str, outcome: Outcome, *, share: bool = False, reveals: bool = True
) -> list[Block]:
    """What stands under a reply: one quiet line, and the buttons. A value is the run's id only."""
    show = button(words.SHOW_ANSWERS, SHOW_ANSWERS, run_id, says=words.SHOW_ANSWERS_LABEL)
    buttons = [
        *([show] if reveals else []),
        *([button(words.SHARE, SHARE, run_id)] if share else []),
    ]
    # One block for all: a message takes 50, and each of many models may have a note.
    notes = escape_mrkdwn("\n".join(outcome.notes))
    return [
        *([context(notes)] if notes else []),
        context(escape_mrkdwn(summary(outcome))),
        *([{"type": "actions", "block_id": REPLY_ACTIONS, "elements": buttons}] if buttons else []),
    ]


def summary(outcome: Outcome) -> str:
    """The pipeline, how many models answered, seconds and cost, as one line."""
    parts = [outcome.pipeline]
    if outcome.answers:
        read = sum(answer.readable for answer in outcome.answers)
        parts.append(f"{read} of {len(outcome.answers)} answers")
    parts += [seconds(outcome.seconds), cost(outcome.cost_usd)]
    return " · ".join(parts)


def seconds(value: float) -> str:
    """Seconds as people read them."""
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"  # noqa: PLR2004 - one digit is enough from 10 on


def cost(usd: float | None) -> str:
    """A cost as people read it."""
    if usd is None:
        return "cost unknown"
    if usd == 0:
        return "no cost"
    return f"${usd:.2f}" if usd >= 0.1 else f"${usd:.4f}"  # noqa: PLR2004 - cents are enough from there on
