"""Returns what people see of a message as text for the models, and the message's files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.slack.thread.attachments import FormatTime, ShownTexts, attachment_text
from bot.slack.thread.blocks import WORDLESS, blocks_text
from bot.slack.thread.mrkdwn import to_text
from bot.slack.thread.names import PromptNames
from bot.slack.thread.rich_text import elements

MessagePayload = Mapping[str, Any]
"""A message as conversations.replies returns it."""

UNREADABLE = "[something that could not be read as text]"

ATTACHED = "Attached"
"""The line above an attachment of the question, which may contain someone else's words."""

TOMBSTONE = "tombstone"
"""The subtype of a deleted message that has replies."""

OWN_TEXT_BLOCKS = frozenset({"markdown", "rich_text", "table"})
"""The blocks that may contain one of our replies. Slack returns Markdown as rich text."""


def message_text(message: MessagePayload, names: PromptNames, format_time: FormatTime) -> str:
    """Return what people see of a message: its text or blocks, then its attachments.

    People see the blocks if there are any; `text` then only repeats them for notifications.
    """
    shown = ShownTexts()
    parts = [_body(message, names, shown)]
    parts += _attachments(message, names, shown, format_time)
    text = "\n".join(part for part in parts if part.strip()).strip("\n").rstrip()
    return text or (UNREADABLE if _has_content(message) else "")


def question_text(
    message: MessagePayload, typed: str, names: PromptNames, format_time: FormatTime
) -> str:
    """Return a question's text: the typed text, then the message's other blocks and attachments.

    Args:
        message: the question's message; empty if it contains only the text.
        typed: the question as typed, without the mention of us.
        names: the names of people and channels that it mentions.
        format_time: formats the time of a forwarded message.
    """
    shown = ShownTexts()
    blocks = [each for each in elements(message, "blocks") if each.get("type") != "rich_text"]
    parts = [shown.new(to_text(typed, names).strip()), shown.new(blocks_text(blocks, names))]
    parts += [
        attachment_text(
            each, names, shown, format_time, heading="" if _is_table(each) else ATTACHED
        )
        for each in elements(message, "attachments")
    ]
    return "\n".join(part for part in parts if part.strip()).strip()


def reply_text(message: MessagePayload, names: PromptNames) -> str:
    """Return the text of one of our messages, without its buttons and footer."""
    own = [each for each in elements(message, "blocks") if str(each.get("type")) in OWN_TEXT_BLOCKS]
    text = "\n\n".join(
        filter(None, (blocks_text([each], names) for each in own))
    ) or ShownTexts().new(to_text(_text(message), names))
    return text.strip()


def files_of(message: MessagePayload) -> Sequence[Mapping[str, Any]]:
    """Return the files of a message, and of the messages that it forwards."""
    return [*elements(message, "files"), *_forwarded_files(message)]


def _forwarded_files(message: MessagePayload) -> Iterator[Mapping[str, Any]]:
    for attachment in elements(message, "attachments"):
        yield from elements(attachment, "files")
        yield from _forwarded_files(attachment)


def _body(message: MessagePayload, names: PromptNames, shown: ShownTexts) -> str:
    blocks = elements(message, "blocks")
    visible = blocks_text(blocks, names)
    has_words = any(
        str(each.get("type")) not in WORDLESS and blocks_text([each], names) for each in blocks
    )
    text = "" if has_words else to_text(_text(message), names).strip()
    return "\n".join(part for part in (shown.new(text), shown.new(visible)) if part)


def _attachments(
    message: MessagePayload, names: PromptNames, shown: ShownTexts, format_time: FormatTime
) -> Sequence[str]:
    listed = elements(message, "attachments")
    return [attachment_text(each, names, shown, format_time) for each in listed]


def _is_table(attachment: Mapping[str, Any]) -> bool:
    """Return whether an attachment is a table that the author pasted."""
    blocks = elements(attachment, "blocks")
    return bool(blocks) and all(block.get("type") == "table" for block in blocks)


def _has_content(message: MessagePayload) -> bool:
    return bool(message.get("blocks") or message.get("attachments"))


def _text(message: MessagePayload) -> str:
    text = message.get("text")
    return text if isinstance(text, str) else ""
