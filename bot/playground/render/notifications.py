"""Finds who a message would notify, and which URLs Slack would fetch for previews.

Slack resolves tokens before code: an unescaped `<!channel>` notifies even inside code. A URL
inside code gets no preview.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from bot.playground.checks.blocks import walk
from bot.playground.state.models import Notification, Unfurl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.playground.state.models import NotificationKind, SlackMessage

_TOKEN: Final = re.compile(
    r"<!(?P<word>channel|here|everyone)(?:\|[^>]*)?>"
    r"|<!subteam\^(?P<group>[A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<@(?P<user>[UWB][A-Z0-9]+)(?:\|[^>]*)?>"
)
_CODE: Final = re.compile(
    r"(?P<fence>```+|~~~+).*?(?:(?P=fence)|\Z)|(?P<tick>`+)(?!`).*?(?<!`)(?P=tick)(?!`)", re.DOTALL
)
_URL: Final = re.compile(
    r"(?=((?:https?://|(?<![^\W_])(?<!://)www\.)[^\s<>|\"'`\])]+))", re.IGNORECASE
)
"""Matches at every position: a URL inside another URL counts too."""

_ATTACHMENT_TEXTS: Final = ("pretext", "text", "title", "fields")
_KINDS: Final = frozenset({"user", "subteam", "channel", "here", "everyone"})


class NotificationScan:
    """Collects the notifications and previews of one message, each once."""

    def __init__(self, message: SlackMessage) -> None:
        self._message = message
        self.notifications: dict[Notification, None] = {}
        self.unfurls: dict[Unfurl, None] = {}

    def scan_text(self, text: str) -> None:
        """Scan a text in mrkdwn or markdown."""
        if "<" in text:
            for match in _TOKEN.finditer(text):
                self._add_token(match)
        if self._message.unfurls and ("://" in text or "www." in text.lower()):
            for match in _URL.finditer(_CODE.sub(" ", text)):
                self._add_unfurl(match[1].rstrip(".,;:!?*_~"))

    def scan_blocks(self, blocks: Iterable[Any]) -> None:
        """Scan blocks at any depth."""
        for part in walk(list(blocks)):
            kind = part.get("type")
            if kind in {"mrkdwn", "markdown"} and isinstance(part.get("text"), str):
                self.scan_text(part["text"])
            elif kind == "user":
                self._add_notification("user", str(part.get("user_id")))
            elif kind == "usergroup":
                self._add_notification("subteam", str(part.get("usergroup_id")))
            elif kind == "broadcast":
                self._add_notification(str(part.get("range")), str(part.get("range")))
            elif kind == "link" and self._message.unfurls:
                self._add_unfurl(str(part.get("url")))

    def scan_plain_names(self, text: str) -> None:
        """Scan a text whose @names Slack links itself (`link_names`, `parse=full`)."""
        for word in re.findall(r"(?<!\w)@(channel|here|everyone)\b", text):
            self._add_notification(word, word)

    def _add_token(self, match: re.Match[str]) -> None:
        if word := match["word"]:
            self._add_notification(word, word)
        elif group := match["group"]:
            self._add_notification("subteam", group)
        else:
            self._add_notification("user", match["user"])

    def _add_notification(self, kind: str, target: str) -> None:
        if kind in _KINDS:
            message = self._message
            notification = Notification(
                cast("NotificationKind", kind), target, message.channel, message.ts
            )
            self.notifications[notification] = None

    def _add_unfurl(self, url: str) -> None:
        self.unfurls[Unfurl(url, self._message.channel, self._message.ts)] = None


def scan_notifications(message: SlackMessage, *, link_names: bool = False) -> NotificationScan:
    """Scan a whole message, including streamed tasks."""
    scan = NotificationScan(message)
    scan.scan_text(message.text)
    scan.scan_blocks(message.blocks)
    scan.scan_blocks(message.attachments)
    for attachment in message.attachments:
        for text in _strings([attachment.get(key) for key in _ATTACHMENT_TEXTS]):
            scan.scan_text(text)
    if link_names:
        scan.scan_plain_names(message.text)
    if message.stream:
        for text in _strings([*message.stream.tasks.values(), message.stream.title]):
            scan.scan_text(text)
    return scan


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
