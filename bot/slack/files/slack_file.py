"""A file as Slack lists it on a message, and the result of reading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pygments.lexers import find_lexer_class_for_filename

from bot.slack.api.users import one_line
from bot.slack.markdown.links import holds_address
from bot.slack.markdown.unicode_filter import clean
from bot.slack.ui.strings.reply import UNNAMED_FILE
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
    "no_transcript",
    "clip",
    "list",
    "broken",
    "empty",
]
"""Why a file was not read. `bot.slack.ui.strings.FILE_REASONS` has the texts."""


class NotRead(Exception):
    """Raised when a file can't be read, with the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of a file.

    Attributes:
        text: the decoded text, untrusted and unescaped.
        length: characters in the whole file; more than in `text` if that was cut.
        pages: pages, slides or sheets; 0 if the format has none.
        pages_read: how many of them `text` covers.
        unit: what they are called.
    """

    text: str
    length: int
    pages: int = 0
    pages_read: int = 0
    unit: str = "pages"

    def cut(self, limit: int) -> FileText:
        """Return the same text, cut to at most this many characters."""
        return replace(self, text=self.text[:limit])


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was not read."""

    reason: Reason


Read = FileText | Image | Unread
"""The result of reading a file."""

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
_UNKNOWN_TYPES = frozenset({"", "application/octet-stream"})
"""Types that Slack gives to files that it doesn't recognise. Some of them are text."""

_DOCUMENT_TYPES = ("application/vnd.openxmlformats-", "application/vnd.oasis.opendocument.")
_DOCUMENT_ENDINGS = frozenset(
    {
        *("docx", "docm", "xlsx", "xlsm", "pptx", "pptm"),
        *("odt", "ods", "odp", "rtf", "eml", "ics", "zip", "pdf"),
    }
)

CANVAS_TYPE = "application/vnd.slack-docs"
"""A canvas. Its download is a web page (https://docs.slack.dev/surfaces/canvases)."""

LIST_TYPE = "application/vnd.slack-list"

_PREVIEWS = ("thumb_1024", "thumb_960", "thumb_720", "thumb_480", "thumb_360")
"""Images that Slack makes of a picture, largest first. The number is the longest side."""

_CHECK_FILE_INFO = "check_file_info"


@dataclass(frozen=True, slots=True)
class SlackFile:
    """A file object. See https://docs.slack.dev/reference/objects/file-object.

    Attributes:
        url: the download address, which requires the bot token.
        preview: the address of the largest preview image, of at most 1,024 pixels; "" if there is
            none.
        transcript: the address of a clip's transcript in WebVTT; "" if there is none.
        size: in bytes, according to Slack; 0 if unknown.
    """

    id: str
    name: str
    mimetype: str
    mode: str
    access: str
    size: int
    url: str
    preview: str
    transcript: str
    is_external: bool

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> SlackFile:
        """Parse an entry of a message's `files`. Any field may be missing."""
        size = payload.get("size")
        return cls(
            id=str(payload.get("id") or ""),
            name=str(payload.get("name") or payload.get("title") or ""),
            mimetype=str(payload.get("mimetype") or "").partition(";")[0].strip().lower(),
            mode=str(payload.get("mode") or ""),
            access=str(payload.get("file_access") or ""),
            size=size if isinstance(size, int) and size > 0 else 0,
            url=str(payload.get("url_private_download") or payload.get("url_private") or ""),
            preview=next((str(payload[key]) for key in _PREVIEWS if payload.get(key)), ""),
            transcript=str(payload.get("vtt") or ""),
            is_external=bool(payload.get("is_external")),
        )

    @property
    def is_withheld(self) -> bool:
        """Whether files.info is needed: in Slack Connect, a message contains only the file's id."""
        return self.access == _CHECK_FILE_INFO

    @property
    def is_picture(self) -> bool:
        """Whether Slack says that it is an image."""
        return self.mimetype.startswith("image/")

    @property
    def is_canvas(self) -> bool:
        """Whether it is a canvas."""
        return self.mimetype == CANVAS_TYPE

    @property
    def is_html(self) -> bool:
        """Whether Slack says that it is a web page."""
        return self.mimetype == "text/html"

    @property
    def obstacle(self) -> Reason | None:
        """Why downloading it would be pointless, or None if it may be readable."""
        if self.mode == "tombstone" or self.access == "file_not_found":
            return "deleted"
        if self.mode == "hidden_by_limit":
            return "hidden"
        if self.access == "access_denied":
            return "no_access"
        if self.is_external or self.mode == "external":
            return "external"
        if not self._may_be_readable:
            return self._unreadable_kind
        return None if self.url else "failed"

    @property
    def _unreadable_kind(self) -> Reason:
        if self.mimetype == LIST_TYPE:
            return "list"
        return "clip" if self.mimetype.startswith(("audio/", "video/")) else "kind"

    @property
    def _may_be_readable(self) -> bool:
        """Whether its declared type may be readable. The bytes decide later."""
        kind = self.mimetype
        return (
            kind.startswith(("text/", "image/", *_DOCUMENT_TYPES))
            or kind in _TEXT_TYPES
            or kind in _UNKNOWN_TYPES
            or kind == CANVAS_TYPE
            or kind.endswith(("+json", "+xml"))
            or bool(self.transcript)
            or self.name.lower().rpartition(".")[2] in _DOCUMENT_ENDINGS
            or _is_source_file(self.name)
        )


def _is_source_file(name: str) -> bool:
    """Return whether a name is a source file's, whose type Slack may mistake: ".ts" for video."""
    return "." in name and find_lexer_class_for_filename(name) is not None


@dataclass(frozen=True, slots=True)
class FileResult:
    """A file and the result of reading it."""

    file: SlackFile
    read: Read


_BRACKETS = str.maketrans({'"': "'", "[": "(", "]": ")", "`": "'"})


def display_name(name: str) -> str:
    """Return a file name on one line, without hidden characters, quotes or brackets."""
    return one_line(clean(name).translate(_BRACKETS)) or UNNAMED_FILE


def mrkdwn_name(name: str) -> str:
    """Return a file name for mrkdwn, where Slack would link names such as `www.host.example`."""
    displayed = display_name(name)
    return f"`{displayed}`" if holds_address(displayed) else displayed
