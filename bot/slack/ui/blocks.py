"""Builds the Block Kit JSON that messages, modals and the Home tab share."""

from __future__ import annotations

from typing import Any

from bot import slack_limits
from bot.slack.markdown.sanitize import plain, shorten

Block = dict[str, Any]

SHOW_ANSWERS = "show_answers"
SHARE = "share_answer"
REPLY_ACTIONS = "reply_actions"
"""The last block of a complete reply, by which recovery recognises one."""

STOP = "stop"
STOP_ACTIONS = "stop_actions"
AGAIN = "again"
ANOTHER = "again_with"
RETRY_ACTIONS = "retry_actions"
FEEDBACK = "verdict"
HELPFUL, NOT_HELPFUL = "helpful", "not_helpful"


def plain_text(text: str) -> Block:
    """Return a plain_text object. Slack shows its text literally."""
    return {"type": "plain_text", "text": text}


def markdown(text: str) -> Block:
    """Return a markdown block. `text` must be safe markdown."""
    return {"type": "markdown", "text": text[: slack_limits.MARKDOWN_TOTAL]}


def section(mrkdwn: str) -> Block:
    """Return a section. `mrkdwn` must be escaped."""
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": mrkdwn[: slack_limits.SECTION_TEXT]},
    }


def sections(mrkdwn: str) -> list[Block]:
    """Return as many sections as the text needs, split between lines. It must be escaped."""
    parts = [""]
    for line in mrkdwn.splitlines(keepends=True):
        if parts[-1] and len(parts[-1]) + len(line.rstrip("\n")) > slack_limits.SECTION_TEXT:
            parts.append("")
        parts[-1] += line
    return [section(part.rstrip("\n")) for part in parts]


def context(mrkdwn: str) -> Block:
    """Return a line of small grey text. `mrkdwn` must be escaped."""
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": mrkdwn[: slack_limits.SECTION_TEXT]}],
    }


def header(text: str) -> Block:
    """Return a heading."""
    return {
        "type": "header",
        "text": plain_text(shorten(plain(text), slack_limits.HEADER_TEXT)),
    }


def actions(block_id: str, elements: list[Block]) -> Block:
    """Return a row of buttons and menus."""
    return {"type": "actions", "block_id": block_id, "elements": elements}


def button(
    label: str, action_id: str, value: str, *, accessibility_label: str | None = None
) -> Block:
    """Return a button.

    Screen readers read `accessibility_label` instead of the label. It contains the label's words,
    so that people who use voice control can say what they see (WCAG 2.5.3).
    """
    block: Block = {
        "type": "button",
        "text": plain_text(shorten(plain(label), slack_limits.BUTTON_TEXT)),
        "action_id": action_id,
        "value": value,
    }
    if accessibility_label:
        block["accessibility_label"] = shorten(plain(accessibility_label), slack_limits.BUTTON_TEXT)
    return block
