"""Converts Slack's mrkdwn to plain text for the models: mentions by name, links spelled out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from bot.slack.markdown.names import prompt_name
from bot.slack.markdown.unicode_filter import clean, unescape
from bot.slack.thread.names import UNKNOWN_GROUP, PromptNames, ids_in

_TOKEN = re.compile(r"<([^<>]+)>")

NameOf = Callable[[str], Awaitable[str]]
"""Looks up a user's name by id."""


def without_mention(text: str, user_id: str) -> str:
    """Return a message's text without the mentions of this user at its start."""
    mention = rf"<@{re.escape(user_id)}(?:\|[^<>]*)?>"
    return re.sub(rf"^\s*(?:{mention}[\s,:]*)+", "", text).strip()


async def mrkdwn_to_text(text: str, name_of: NameOf) -> str:
    """Return mrkdwn as plain text; see `to_text`."""
    users = [each for each in ids_in(text) if each[0] in "UW"]
    names = {user: prompt_name(await name_of(user)) for user in dict.fromkeys(users)}
    return to_text(text, PromptNames(names))


def to_text(text: str, names: PromptNames) -> str:
    """Return mrkdwn as plain text: `<@U1>` becomes `@Ana`, links show label and address.

    Hidden characters are removed: they could tell a model what nobody in the thread can see. Names
    are inserted after the text is unescaped, so nothing in them is decoded.

    Format: https://docs.slack.dev/messaging/formatting-message-text
    """
    parts = _TOKEN.split(text)
    return clean(
        "".join(
            _token_text(part, names) if index % 2 else unescape(part)
            for index, part in enumerate(parts)
        )
    )


def link_text(label: str, address: str) -> str:
    """Return a link as its label with the address in brackets, or only the address."""
    shown = address.removeprefix("mailto:")
    bare = shown.partition("://")[2].removesuffix("/")
    if not label.strip() or label == shown:
        return shown
    return label if label == bare else f"{label} ({shown})"


def _token_text(token: str, names: PromptNames) -> str:
    target, _, label = token.partition("|")
    kind, rest = target[:1], target[1:]
    if kind == "@":
        return names.mention(rest, label)
    if kind == "#":
        return names.channel(rest, label)
    if kind == "!":
        return _special(rest, label)
    return link_text(unescape(label), unescape(target))


def _special(command: str, label: str) -> str:
    """Return `<!here>`, `<!subteam^S1|@team>` or `<!date^…|label>` as text."""
    name, _, argument = command.partition("^")
    if name == "subteam":
        return f"@{prompt_name(unescape(label.removeprefix('@'))) if label else UNKNOWN_GROUP}"
    return " ".join(unescape(label).split()) if argument and label else f"@{prompt_name(name)}"
