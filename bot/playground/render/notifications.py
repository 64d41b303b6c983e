"""Whom a message of the app would have called, and which addresses Slack would have fetched.

Read as Slack reads: a token such as `<!channel>` lives wherever it stands unescaped in mrkdwn or
markdown, code included, since Slack resolves tokens before it looks for code. An address unfurls
outside code only.
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
_ADDRESS: Final = re.compile(
    r"(?=((?:https?://|(?<![^\W_])(?<!://)www\.)[^\s<>|\"'`\])]+))", re.IGNORECASE
)
"""Looked for at every position: an address within another one counts by itself too."""

_ATTACHED: Final = ("pretext", "text", "title", "fields")
_KINDS: Final = frozenset({"user", "subteam", "channel", "here", "everyone"})


class NotificationScan:
    """What was called or fetched by all texts of one message, each once."""

    def __init__(self, message: SlackMessage) -> None:
        self._message = message
        self.notifications: dict[Notification, None] = {}
        self.unfurls: dict[Unfurl, None] = {}

    def read(self, text: str) -> None:
        """A text in mrkdwn or markdown."""
        if "<" in text:
            for match in _TOKEN.finditer(text):
                self._called(match)
        if self._message.unfurls and ("://" in text or "www." in text.lower()):
            for match in _ADDRESS.finditer(_CODE.sub(" ", text)):
                self._fetched(match[1].rstrip(".,;:!?*_~"))

    def parse_blocks(self, blocks: Iterable[Any]) -> None:
        """Blocks, to whatever depth."""
        for part in walk(list(blocks)):
            kind = part.get("type")
            if kind in {"mrkdwn", "markdown"} and isinstance(part.get("text"), str):
                self.read(part["text"])
            elif kind == "user":
                self._call("user", str(part.get("user_id")))
            elif kind == "usergroup":
                self._call("subteam", str(part.get("usergroup_id")))
            elif kind == "broadcast":
                self._call(str(part.get("range")), str(part.get("range")))
            elif kind == "link" and self._message.unfurls:
                self._fetched(str(part.get("url")))

    def read_bare(self, text: str) -> None:
        """A text of which Slack links the names itself (`link_names`, `parse=full`)."""
        for word in re.findall(r"(?<!\w)@(channel|here|everyone)\b", text):
            self._call(word, word)

    def _called(self, match: re.Match[str]) -> None:
        if word := match["word"]:
            self._call(word, word)
        elif group := match["group"]:
            self._call("subteam", group)
        else:
            self._call("user", match["user"])

    def _call(self, kind: str, target: str) -> None:
        if kind in _KINDS:
            message = self._message
            found = Notification(
                cast("NotificationKind", kind), target, message.channel, message.ts
            )
            self.notifications[found] = None

    def _fetched(self, url: str) -> None:
        self.unfurls[Unfurl(url, self._message.channel, self._message.ts)] = None


def scan_notifications(message: SlackMessage, *, link_names: bool = False) -> NotificationScan:
    """Read a whole message, the streamed parts included."""
    found = NotificationScan(message)
    found.read(message.text)
    found.parse_blocks(message.blocks)
    found.parse_blocks(message.attachments)
    for attachment in message.attachments:
        for words in _strings([attachment.get(key) for key in _ATTACHED]):
            found.read(words)
    if link_names:
        found.read_bare(message.text)
    if message.stream:
        for words in _strings([*message.stream.tasks.values(), message.stream.title]):
            found.read(words)
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
