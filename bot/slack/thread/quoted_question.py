"""Builds and parses the message that we post for a question asked with a shortcut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.api.metadata import question_metadata
from bot.slack.api.users import one_line
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.markdown.unicode_filter import clean
from bot.slack.ui.strings.commands import ASKED_BY


def quoted_message(
    user: str, name: str, question: str, about: str | None = None, *, quotes: bool = False
) -> dict[str, Any]:
    """Return the message as arguments of chat.postMessage.

    Rich text shows a question of any length literally, so nothing in it notifies or links. `text`
    is for notifications and screen readers, and for `parse_quoted_question`.

    Args:
        user: the asker's id.
        name: the asker's name.
        question: the question as they typed it.
        about: the ts of the message that the question is about.
        quotes: whether the question contains text that other people wrote.
    """
    head = ASKED_BY.format(user=one_line(clean(name)))
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": clean(question)}]}
    bold = {"type": "text", "text": head, "style": {"bold": True}}
    section = {"type": "rich_text_section", "elements": [bold]}
    return {
        "text": f"{escape_mrkdwn(head)}\n{escape_mrkdwn(question)}",
        "blocks": [{"type": "rich_text", "elements": [section, quote]}],
        "metadata": question_metadata(user, about, quotes=quotes),
    }


def parse_quoted_question(message: Mapping[str, Any]) -> str:
    """Return the question in such a message, escaped as in any Slack message."""
    return str(message.get("text") or "").partition("\n")[2]
