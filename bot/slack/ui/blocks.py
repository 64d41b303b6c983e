"""Builds the Block Kit JSON that messages are made of."""

from __future__ import annotations

from typing import Any

from bot import slack_limits
from bot.slack.markdown.sanitize import plain, shorten

Block = dict[str, Any]

SHOW_ANSWERS = "show_answers"
SHARE = "share_answer"
REPLY_ACTIONS = "reply_actions"
"""The block that a whole reply ends with: by it a reply is known to be complete."""

STOP = "stop"
STOP_ACTIONS = "stop_actions"
AGAIN = "again"
ANOTHER = "again_with"
RETRY_ACTIONS = "retry_actions"
VERDICT = "verdict"
HELPFUL, NOT_HELPFUL = "helpful", "not_helpful"


def plain_text(text: str) -> Block:
    """Return a plain_text object. Slack shows its text literally."""
    return {"type": "plain_text", "text": text}


def markdown(text: str) -> Block:
    """A markdown block. `text` must have been made safe."""
    return {"type": "markdown", "text": text[: slack_limits.MARKDOWN_TOTAL]}


def section(mrkdwn: str) -> Block:
    """A section. `mrkdwn` must have been escaped."""
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": mrkdwn[: slack_limits.SECTION_TEXT]},
    }


def sections(mrkdwn: str) -> list[Block]:
    """As many sections as a text takes, none of its lines in two. It must have been escaped."""
    parts = [""]
    for line in mrkdwn.splitlines(keepends=True):
        if parts[-1] and len(parts[-1]) + len(line.rstrip("\n")) > slack_limits.SECTION_TEXT:
            parts.append("")
        parts[-1] += line
    return [section(part.rstrip("\n")) for part in parts]


def context(mrkdwn: str) -> Block:
    """A quiet line."""
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": mrkdwn[: slack_limits.SECTION_TEXT]}],
    }


def button(label: str, action_id: str, value: str, *, says: str | None = None) -> Block:
    """A button. `says` is what a screen reader reads in place of the label."""
    made: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": shorten(plain(label), slack_limits.BUTTON_TEXT)},
        "action_id": action_id,
        "value": value,
    }
    if says:
        made["accessibility_label"] = shorten(plain(says), slack_limits.BUTTON_TEXT)
    return made


def seconds(value: float) -> str:
    """Seconds as people read them."""
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"  # noqa: PLR2004 - one digit is enough from 10 on


def cost(usd: float | None, *, estimated: bool = False) -> str:
    """A cost as people read it; `estimated`: a provider did not count all tokens."""
    if usd is None:
        return "cost unknown"
    if usd == 0:
        return "no cost"
    amount = f"${usd:.2f}" if usd >= 0.1 else f"${usd:.4f}"  # noqa: PLR2004 - cents are enough from there on
    return f"about {amount}" if estimated else amount
