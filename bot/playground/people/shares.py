"""Builds the payloads of typed text, pasted tables, forwarded messages and link previews."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.playground.file_server import SharedFile
    from bot.playground.state.models import Channel, Json, SlackMessage, User

_TOKEN: Final = re.compile(
    r"<@(?P<user>[A-Z0-9]+)(?:\|[^>]*)?>|<!(?P<word>channel|here|everyone)(?:\|[^>]*)?>"
    r"|<!subteam\^(?P<group>[A-Z0-9]+)(?:\|[^>]*)?>|<#(?P<channel>[A-Z0-9]+)(?:\|[^>]*)?>|<(?P<link>(?:https?://|mailto:)[^<>|]+)(?:\|(?P<label>[^<>]*))?>"
    r"|(?P<url>https?://[^\s<>|]+)"
)

NO_PREVIEW: Final = "[no preview available]"
"""The fallback of an attachment that has only blocks."""


def typed_blocks(text: str) -> list[Json]:
    """Return the rich text that Slack's message box creates from typed text.

    `text` is escaped as in a message's `text`. In rich text nothing is escaped.
    """
    elements: list[Json] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            elements.append({"type": "text", "text": _unescape(text[end : match.start()])})
        elements.append(_element(match))
        end = match.end()
    if end < len(text):
        elements.append({"type": "text", "text": _unescape(text[end:])})
    if not elements:
        return []
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": "typed", "elements": [section]}]


def pasted_table(*rows: Sequence[str]) -> Json:
    """Return the attachment that a pasted table becomes (vercel/chat 803).

    The message's text contains only the surrounding words.
    """
    cells = [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]
    table = {"type": "table", "block_id": "pasted", "rows": cells}
    return {"id": 1, "blocks": [table], "fallback": NO_PREVIEW}


def forwarded(
    message: SlackMessage,
    channel: Channel,
    author: User,
    *,
    url: str,
    files: Sequence[SharedFile] = (),
) -> Json:
    """Return the attachment that a forwarded message becomes (hermes-agent 96384).

    `url` is the message's permalink.
    """
    inner = {"team": message.team, "channel": channel.id, "ts": message.ts}
    return {
        "id": 1,
        "ts": message.ts,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "channel_team": message.team,
        "is_msg_unfurl": True,
        "is_share": True,
        "message_blocks": [{**inner, "message": {"blocks": message.blocks}}],
        "author_id": author.id,
        "author_name": author.name,
        "author_subname": author.real_name or author.name,
        "author_link": f"https://playground.slack.com/team/{author.id}",
        "author_icon": "https://avatars.slack-edge.com/1.png",
        "from_url": url,
        "fallback": f"[November 24th, 2026 9:00 AM] {author.name}: {message.text}",
        "text": message.text,
        "mrkdwn_in": ["text"],
        "footer": f"Posted in #{channel.name}",
        "files": [each.file_json for each in files] or [*message.files],
    }


def link_preview(url: str, *, service: str, title: str, text: str) -> Json:
    """Return the attachment that the preview of a web page becomes."""
    return {
        "id": 1,
        "from_url": url,
        "original_url": url,
        "service_name": service,
        "service_icon": "https://a.slack-edge.com/80588/img/unfurl_icons/service.png",
        "fallback": f"{service}: {title}",
        "title": title,
        "title_link": url,
        "text": text,
    }


def _unescape(text: str) -> str:
    """Decode the three entities that Slack escapes."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _element(match: re.Match[str]) -> Json:
    if match["user"]:
        return {"type": "user", "user_id": match["user"]}
    if match["word"]:
        return {"type": "broadcast", "range": match["word"]}
    if match["group"]:
        return {"type": "usergroup", "usergroup_id": match["group"]}
    if match["channel"]:
        return {"type": "channel", "channel_id": match["channel"]}
    label = {"text": _unescape(match["label"])} if match["label"] else {}
    return {"type": "link", "url": _unescape(match["link"] or match["url"]), **label}
