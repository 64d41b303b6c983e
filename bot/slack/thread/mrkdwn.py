"""What people wrote in Slack, as text that a model can read: mentions named, links spelled out."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.slack.markdown.unicode_filter import clean

_TOKEN = re.compile(r"<([^<>]+)>")
_USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")

NameOf = Callable[[str], Awaitable[str]]
"""The name of a user, by id."""


def without_mention(text: str, user_id: str) -> str:
    """A message's text without the mention that called the bot."""
    return re.sub(rf"<@{re.escape(user_id)}(?:\|[^<>]*)?>[ \t]*", "", text).strip()


async def readable(text: str, name_of: NameOf) -> str:
    """Slack's markup as plain text: `<@U1>` becomes `@Ana`, links show label and address.

    What people cannot see is left out: hidden characters could tell a model what nobody in the
    thread has read. A label beside a person or a call is another app's word, and not believed.

    Source of the forms: https://docs.slack.dev/messaging/formatting-message-text
    """
    names = {user: await name_of(user) for user in dict.fromkeys(_USER.findall(text))}
    return clean(html.unescape(_TOKEN.sub(lambda token: _spelled(token[1], names), text)))


def _spelled(token: str, names: Mapping[str, str]) -> str:
    target, _, label = token.partition("|")
    kind, rest = target[:1], target[1:]
    if kind == "@":
        return f"@{names.get(rest) or label or 'someone'}"
    if kind == "#":
        return f"#{label or rest}"
    if kind == "!":
        return label if label and "^" in rest else f"@{rest.partition('^')[0]}"
    address = target.removeprefix("mailto:") if target.startswith("mailto:") else target
    return address if not label or label == address else f"{label} ({address})"


def own_text(message: Mapping[str, Any]) -> str:
    """The words of a message of ours: its `text` is shortened where markdown blocks hold all."""
    blocks = message.get("blocks") or ()
    markdown = [str(block.get("text") or "") for block in blocks if block.get("type") == "markdown"]
    return "\n\n".join(markdown) or text_of(message)


def text_of(message: Mapping[str, Any]) -> str:
    """A message's words, with the text of what it quotes; of its files `bot.slack.files` tells."""
    parts = [str(message.get("text") or "")]
    for attachment in message.get("attachments") or ():
        quoted = attachment.get("text") or attachment.get("fallback")
        if quoted and quoted not in parts[0]:
            parts.append(str(quoted))
    return "\n".join(part for part in parts if part.strip())
