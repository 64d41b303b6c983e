"""Converts a message's attachments to text: alerts, forwarded messages and link previews.

Fields: https://docs.slack.dev/reference/messaging/attachments, and for forwarded messages the
payloads in hermes-agent 96384 and vercel/chat 803.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from bot.slack.api.users import one_line
from bot.slack.files.as_prompt import quote_lines
from bot.slack.markdown.names import prompt_name
from bot.slack.markdown.unicode_filter import clean, unescape
from bot.slack.thread.blocks import blocks_text, buttons_text
from bot.slack.thread.mrkdwn import link_text, to_text
from bot.slack.thread.names import PromptNames
from bot.slack.thread.rich_text import elements

Attachment = Mapping[str, Any]

PLACEHOLDERS = frozenset(
    {
        "[no preview available]",
        "this content can't be displayed.",
        "this message contains interactive elements.",
        "this message was deleted.",
    }
)
"""What Slack shows in place of missing text, in lower case."""

_SHORTEST_REPEATED = 12
"""Shorter texts, such as a status, may occur twice without being a repetition."""

_PREVIEWED = ("from_url", "original_url", "app_unfurl_url")
"""The fields that hold the link that an attachment previews."""

URL_LIMIT = 2_000

_SIGNS = re.compile(r"[\W_]+")

FormatTime = Callable[[object], str]
"""Formats a message's ts for the reader; "" if it isn't one."""


class ShownTexts:
    """The texts of one message so far, so that none is shown twice."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def new(self, text: str) -> str:
        """Return a text, or "" if it is a placeholder or was already shown."""
        words = _SIGNS.sub(" ", text.casefold()).strip()
        if is_placeholder(text):
            return ""
        if len(words) >= _SHORTEST_REPEATED and any(words in shown for shown in self._texts):
            return ""
        self._texts.append(words)
        return text


def is_placeholder(text: str) -> bool:
    """Return whether a text is a placeholder that Slack shows for a missing one."""
    return text.strip().casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") in PLACEHOLDERS


def attachment_text(
    attachment: Attachment,
    names: PromptNames,
    shown: ShownTexts,
    format_time: FormatTime,
    *,
    heading: str = "",
) -> str:
    """Return what people see of an attachment.

    Args:
        attachment: an entry of a message's `attachments`.
        names: the names of people and channels that it mentions.
        shown: the message's texts so far.
        format_time: formats the time of a forwarded message.
        heading: a line to put above an attachment that has no heading. Below such a line, the
            attachment is quoted.
    """
    heading = _heading(attachment, format_time) or heading
    lines = [line for line in _lines(attachment, names, shown, format_time) if line.strip()]
    if not lines:
        lines = [_line(attachment, "fallback", names, shown)]
    body = "\n".join(line for line in lines if line)
    if not heading:
        return body
    return (
        f"{heading}:\n{quote_lines(body)}" if body else heading if _is_forward(attachment) else ""
    )


def _is_forward(attachment: Attachment) -> bool:
    flags = ("is_share", "is_msg_unfurl", "message_blocks")
    return any(attachment.get(flag) for flag in flags)


def _heading(attachment: Attachment, format_time: FormatTime) -> str:
    """Return the line above a forwarded message or a link preview, or "" for other attachments."""
    url = next(
        (link for key in _PREVIEWED if (link := one_line(attachment.get(key), URL_LIMIT))), ""
    )
    if not _is_forward(attachment):
        return f"Preview of {url}" if url else ""
    author = _name(attachment, "author_name") or _name(attachment, "author_subname")
    channel = _name(attachment, "channel_name")
    time = format_time(attachment.get("ts"))
    where = f" in #{channel}" if channel else ""
    when = f" on {time}" if time else ""
    link = f" ({url})" if url else ""
    return f"Forwarded message{f' from {author}' if author else ''}{where}{when}{link}"


def _lines(
    attachment: Attachment, names: PromptNames, shown: ShownTexts, format_time: FormatTime
) -> Iterator[str]:
    yield _line(attachment, "pretext", names, shown)
    if not _is_forward(attachment):
        yield _linked(attachment, "service_name", "service_url", names, shown)
        yield _linked(attachment, "author_name", "author_link", names, shown)
    yield _linked(attachment, "title", "title_link", names, shown)
    blocks = shown.new(_blocks(attachment, names))
    yield blocks
    if not blocks:
        yield _line(attachment, "text", names, shown)
    for field in elements(attachment, "fields"):
        yield _field(field, names)
    for inner in elements(attachment, "attachments"):
        yield attachment_text(inner, names, shown, format_time)
    yield "[image]" if attachment.get("image_url") else ""
    yield buttons_text(elements(attachment, "actions"), names)
    if not _is_forward(attachment):
        yield _line(attachment, "footer", names, shown)


def _blocks(attachment: Attachment, names: PromptNames) -> str:
    """Return the blocks of an attachment: a forwarded message's, or an app's own."""
    parts = [blocks_text(elements(attachment, "blocks"), names)]
    for entry in elements(attachment, "message_blocks"):
        message = entry.get("message")
        if isinstance(message, Mapping):
            parts.append(blocks_text(elements(cast("Attachment", message), "blocks"), names))
    return "\n".join(dict.fromkeys(part for part in parts if part))


def _linked(
    attachment: Attachment, key: str, link_key: str, names: PromptNames, shown: ShownTexts
) -> str:
    text = _line(attachment, key, names, shown)
    url = _string(attachment, link_key)
    known = url in {_string(attachment, each) for each in _PREVIEWED}
    return link_text(text, url) if text and url and not known else text


def _field(field: Attachment, names: PromptNames) -> str:
    title, value = (to_text(_string(field, key), names).strip() for key in ("title", "value"))
    return f"{title.rstrip(':')}: {value}" if title and value else title or value


def _line(attachment: Attachment, key: str, names: PromptNames, shown: ShownTexts) -> str:
    return shown.new(to_text(_string(attachment, key), names).strip())


def _name(attachment: Attachment, key: str) -> str:
    value = _string(attachment, key)
    return prompt_name(unescape(value)) if value.strip() else ""


def _string(attachment: Attachment, key: str) -> str:
    value = attachment.get(key)
    return clean(value) if isinstance(value, str) else ""
