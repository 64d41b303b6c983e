"""A question that we post in the name of whoever asked it by a shortcut: written, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.api.metadata import mark_question
from bot.slack.api.users import one_line
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.markdown.unicode_filter import clean
from bot.slack.ui import strings


def quoted_message(user: str, name: str, question: str) -> dict[str, Any]:
    """The message, as arguments of chat.postMessage.

    Rich text shows a question of any length as it was written: its text is literal, so that nothing
    in it notifies or links. The `text`, for notifications and screen readers, is read back.

    Args:
        user: who asks.
        name: what they are called.
        question: in their words, as they wrote them.
    """
    head = strings.ASKED_BY.format(user=one_line(clean(name)))
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": clean(question)}]}
    bold = {"type": "text", "text": head, "style": {"bold": True}}
    section = {"type": "rich_text_section", "elements": [bold]}
    return {
        "text": f"{escape_mrkdwn(head)}\n{escape_mrkdwn(question)}",
        "blocks": [{"type": "rich_text", "elements": [section, quote]}],
        "metadata": mark_question(user),
    }


def question_in(message: Mapping[str, Any]) -> str:
    """The question in such a message, escaped as Slack gives what people write."""
    return str(message.get("text") or "").partition("\n")[2]
