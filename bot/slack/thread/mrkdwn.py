"""Converts Slack's mrkdwn to plain text for the models: mentions by name, links spelled out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.slack.markdown.names import prompt_name
from bot.slack.markdown.unicode_filter import clean, unescape

_TOKEN = re.compile(r"<([^<>]+)>")
_USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")

NameOf = Callable[[str], Awaitable[str]]
"""Looks up a user's name by id."""


def without_mention(text: str, user_id: str) -> str:
    """Return a message's text without mentions of this user."""
    return re.sub(rf"<@{re.escape(user_id)}(?:\|[^<>]*)?>[ \t]*", "", text).strip()


async def mrkdwn_to_text(text: str, name_of: NameOf) -> str:
    """Return mrkdwn as plain text: `<@U1>` becomes `@Ana`, links show label and address.

    Hidden characters are removed: they could tell a model what nobody in the thread can see. The
    label in a mention comes from another app, so our own lookup takes precedence. Names are put in
    after the text is unescaped, so nothing in them is decoded.

    Format: https://docs.slack.dev/messaging/formatting-message-text
    """
    names = {user: await name_of(user) for user in dict.fromkeys(_USER.findall(text))}
    parts = _TOKEN.split(text)
    return clean(
        "".join(
            _token_text(part, names) if index % 2 else unescape(part)
            for index, part in enumerate(parts)
        )
    )


def _token_text(token: str, names: Mapping[str, str]) -> str:
    target, _, label = token.partition("|")
    kind, rest = target[:1], target[1:]
    if kind == "@":
        return f"@{prompt_name(names.get(rest) or unescape(label))}"
    if kind == "#":
        return f"#{prompt_name(unescape(label or rest))}"
    if kind == "!":
        return _special_text(rest, unescape(label))
    address = unescape(target.removeprefix("mailto:"))
    label = unescape(label)
    return address if not label or label == address else f"{label} ({address})"


def _special_text(rest: str, label: str) -> str:
    """Return the text of `<!here>`, `<!subteam^S1|@team>` or `<!date^…^…|yesterday>`."""
    command = rest.partition("^")[0]
    if command == "subteam" and label:
        return f"@{prompt_name(label.removeprefix('@'))}"
    return " ".join(label.split()) if label and "^" in rest else f"@{prompt_name(command)}"


def reply_text(message: Mapping[str, Any]) -> str:
    """Return the text of our own message: all of its markdown blocks, since `text` is shortened."""
    blocks = message.get("blocks") or ()
    markdown = [str(block.get("text") or "") for block in blocks if block.get("type") == "markdown"]
    return "\n\n".join(markdown) or message_text(message)


def message_text(message: Mapping[str, Any]) -> str:
    """Return a message's text and the text of its attachments, but not of its files."""
    parts = [str(message.get("text") or "")]
    for attachment in message.get("attachments") or ():
        quoted = attachment.get("text") or attachment.get("fallback")
        if quoted and quoted not in parts[0]:
            parts.append(str(quoted))
    return "\n".join(part for part in parts if part.strip())
