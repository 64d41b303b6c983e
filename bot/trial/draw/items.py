"""Draws messages for one person, and remembers what it has drawn."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from bot.trial.draw.mentions import emoji
from bot.trial.draw.page import draw

if TYPE_CHECKING:
    from bot.playground.state.models import Channel, SlackMessage
    from bot.trial.window import Window

_REMEMBERED: Final = 3_000


@dataclass(frozen=True, slots=True)
class Item:
    """One keyed part of a region. `hash` changes when the HTML does."""

    key: str
    hash: str
    html: Markup


def item(key: str, template: str, **values: Any) -> Item:
    """Draw a template as an item."""
    html = draw(template, **values)
    return Item(key, _digest(html), Markup(html))  # noqa: S704 - the template escaped it


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class MessageDrawer:
    """Draws messages. An unchanged message is not drawn again."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[str, Item] = OrderedDict()

    def draw(
        self, window: Window, channel: Channel, message: SlackMessage, *, url: str, example: bool
    ) -> Item:
        """Draw a message. `url` leads to its thread; "" if there is no such link."""
        names, clock = window.names, window.clock
        values = _values(window, channel, message) | {"thread_url": url, "example": example}
        seen = [values, names.by_id, str(clock.zone), str(clock.local(clock.now).date())]
        key = _digest(json.dumps(seen, sort_keys=True, default=str))
        found = self._drawn.get(key)
        if found is None:
            shown = values | {"names": names, "clock": clock}
            found = item(message.ts, "messages.html", m=shown)
            self._drawn[key] = found
            if len(self._drawn) > _REMEMBERED:
                self._drawn.popitem(last=False)
        return found


def _values(window: Window, channel: Channel, message: SlackMessage) -> dict[str, Any]:
    author = window.author(message.user)
    app = bool(message.bot_id)
    return {
        "viewer": window.user.id,
        "ts": message.ts,
        "author": message.username or (author.name if author else "Slack"),
        "is_app": app,
        "badges": _badges(window, message),
        "deleted": message.subtype == "tombstone",
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "files": message.files,
        "state": message.state,
        "streaming": message.streaming,
        "edited": bool(message.edited_ts) and not app,
        "ephemeral": message.ephemeral_for is not None,
        "mine": message.user == window.user.id,
        "typed": window.as_typed(message.text) if message.user == window.user.id else "",
        "replies": 0 if message.is_reply else window.replies(channel, message.ts),
        "answering": not message.is_reply and window.can_stop(channel, message.ts),
        "reactions": [
            {"name": name, "sign": emoji(name), "count": len(users)}
            for name, users in message.reactions.items()
            if users
        ],
        "shortcuts": [
            {"name": each.name, "callback_id": each.callback_id}
            for each in window.app.shortcuts
            if each.kind == "message"
        ],
    }


def _badges(window: Window, message: SlackMessage) -> list[str]:
    author = window.author(message.user)
    if message.bot_id:
        return ["App"]
    if author and author.is_restricted:
        return ["Guest"]
    if author and author.team_id != window.team_id:
        return [window.team_name(author.team_id)]
    return []
