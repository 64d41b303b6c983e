"""Files as Slack lists them on a message, and what became of reading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.slack.api.users import one_line
from bot.slack.markdown.links import holds_address
from bot.slack.markdown.unicode_filter import clean
from moa import Image

Reason = Literal[
    "kind",
    "large",
    "large_image",
    "many",
    "much",
    "deleted",
    "hidden",
    "external",
    "no_access",
    "scope",
    "page",
    "elsewhere",
    "slow",
    "failed",
    "encrypted",
    "no_text",
    "broken",
    "empty",
]
"""Why a file was not read; `bot.slack.ui.strings.FILE_REASONS` has the words."""


class NotRead(Exception):
    """A file that is not read, for a reason that can be told."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's words.

    Attributes:
        text: as it was decoded: untrusted, and not made safe for anything.
        length: characters of the whole; more than `text` has, where that was cut.
        pages: of a PDF, how many it has; 0 for other files.
        pages_read: how many of these stand in `text`.
    """

    text: str
    length: int
    pages: int = 0
    pages_read: int = 0

    def cut(self, most: int) -> FileText:
        """The same in at most so many characters."""
        return FileText(self.text[:most], self.length, self.pages, self.pages_read)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was not read."""

    reason: Reason


Read = FileText | Image | Unread
"""What became of a file."""

_TEXT_TYPES = frozenset(
    {
        "application/json",
        "application/javascript",
        "application/sql",
        "application/toml",
        "application/x-httpd-php",
        "application/x-ndjson",
        "application/x-sh",
        "application/x-yaml",
        "application/xml",
        "application/yaml",
    }
)
_UNTOLD = frozenset({"", "application/octet-stream"})
"""Types that tell nothing: Slack gives them to files that it does not know, text among them."""

_CALL_FOR = "check_file_info"


@dataclass(frozen=True, slots=True)
class SlackFile:
    """A file object, see https://docs.slack.dev/reference/objects/file-object.

    `url` needs the bearer token; `preview` is a picture of at most 1,024 pixels, where Slack has
    made one. `size` is in bytes as Slack announces it, 0 where it does not.
    """

    id: str
    name: str
    mimetype: str
    mode: str
    access: str
    size: int
    url: str
    preview: str
    is_external: bool

    @classmethod
    def of(cls, listed: Mapping[str, Any]) -> SlackFile:
        """The file that stands in a message's `files`, however little is told of it."""
        size = listed.get("size")
        return cls(
            id=str(listed.get("id") or ""),
            name=str(listed.get("name") or listed.get("title") or ""),
            mimetype=str(listed.get("mimetype") or "").partition(";")[0].strip().lower(),
            mode=str(listed.get("mode") or ""),
            access=str(listed.get("file_access") or ""),
            size=size if isinstance(size, int) and size > 0 else 0,
            url=str(listed.get("url_private_download") or listed.get("url_private") or ""),
            preview=str(listed.get("thumb_1024") or ""),
            is_external=bool(listed.get("is_external")),
        )

    @property
    def is_withheld(self) -> bool:
        """Whether files.info must be asked: in Slack Connect a message holds a file's id only."""
        return self.access == _CALL_FOR

    @property
    def is_picture(self) -> bool:
        """Whether Slack takes it for an image."""
        return self.mimetype.startswith("image/")

    @property
    def is_html(self) -> bool:
        """Whether it is itself a web page."""
        return self.mimetype == "text/html"

    @property
    def obstacle(self) -> Reason | None:
        """Why it need not even be tried; None when it may be readable."""
        if self.mode == "tombstone" or self.access == "file_not_found":
            return "deleted"
        if self.mode == "hidden_by_limit":
            return "hidden"
        if self.access == "access_denied":
            return "no_access"
        if self.is_external or self.mode == "external":
            return "external"
        if not self._may_be_readable:
            return "kind"
        return None if self.url else "failed"

    @property
    def _may_be_readable(self) -> bool:
        """By its type; what it is in truth is seen in its bytes."""
        kind = self.mimetype
        return (
            kind.startswith(("text/", "image/"))
            or kind in _TEXT_TYPES
            or kind in _UNTOLD
            or kind == "application/pdf"
            or kind.endswith(("+json", "+xml"))
        )


@dataclass(frozen=True, slots=True)
class FileResult:
    """A file, as much as is known of it, and what became of reading it."""

    file: SlackFile
    read: Read


UNNAMED = "a file"

_BRACKETS = str.maketrans({'"': "'", "[": "(", "]": ")", "`": "'"})


def shown_name(name: str) -> str:
    """The name on one line, with nothing hidden and nothing that ends a quotation."""
    return one_line(clean(name).translate(_BRACKETS)) or UNNAMED


def inert_name(name: str) -> str:
    """The same for mrkdwn, where Slack would make a link of a name like `www.host.example`."""
    shown = shown_name(name)
    return f"`{shown}`" if holds_address(shown) else shown
