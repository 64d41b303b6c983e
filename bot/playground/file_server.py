"""Stores uploaded files and serves them to the app.

Like Slack, it redirects requests without access to a sign-in page (302, then 200), never 401.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from aiohttp import web

if TYPE_CHECKING:
    from bot.playground.clock import Clock
    from bot.playground.state.installation import Installation
    from bot.playground.state.models import Json
    from bot.playground.state.workspace import Workspace

SCOPE: Final = "files:read"

SIGN_IN: Final = (
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
)

_CHUNK: Final = b"x" * 65_536


@dataclass(frozen=True, slots=True)
class RedirectFault:
    """Redirect to another URL."""

    url: str


@dataclass(frozen=True, slots=True)
class WebPageFault:
    """Respond with a web page and status 200."""

    html: str = SIGN_IN
    content_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class HangFault:
    """Never finish the response: send `after` bytes, then nothing."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class EndlessFault:
    """Send bytes forever, without a content length."""


@dataclass(frozen=True, slots=True)
class RefuseFault:
    """Respond with this status and no file."""

    status: int


FileFault = RedirectFault | WebPageFault | HangFault | EndlessFault | RefuseFault


@dataclass(slots=True, eq=False)
class SharedFile:
    """An uploaded file.

    `file_json` is the file object in messages, `full_json` the one from `files.info`. They differ
    only for files from Slack Connect. `fault` may be set at any time.
    """

    id: str
    name: str
    data: bytes
    content_type: str
    file_json: Json
    full_json: Json
    preview: bytes = b""
    transcript: bytes = b""
    deleted: bool = False
    fault: FileFault | None = None

    def delete(self) -> None:
        """Delete the file; messages show a tombstone instead."""
        self.deleted = True
        self.file_json.clear()
        self.file_json.update({"id": self.id, "mode": "tombstone"})


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A download request. `admitted`: whether it had the app's token and scope."""

    file_id: str
    path: str
    admitted: bool


class FileServerState(Protocol):
    """The part of `Emulator` that the file server uses."""

    clock: Clock
    workspace: Workspace
    app: Installation
    base_url: str


@dataclass(slots=True, eq=False)
class FileServer:
    """Stores and serves uploaded files."""

    emulator: FileServerState
    files: dict[str, SharedFile] = field(default_factory=dict[str, SharedFile])
    requests: list[FileRequest] = field(default_factory=list[FileRequest])
    _expected: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    _received: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def add(
        self,
        name: str,
        data: bytes,
        overrides: Json,
        *,
        preview: bytes = b"",
        transcript: bytes = b"",
        id_only: bool = False,
    ) -> SharedFile:
        """Store a file.

        Args:
            name: the uploaded file's name.
            data: the file's content.
            overrides: fields of the file object to replace.
            preview: the thumbnail that Slack generated, if any.
            transcript: the WebVTT transcript that Slack made of a clip, if any.
            id_only: whether messages contain only the file's id, as in Slack Connect.
        """
        file_id = str(overrides.get("id") or self.emulator.workspace.new_id("F"))
        full_json = self._file_json(
            file_id, name, data, preview=bool(preview), transcript=bool(transcript)
        )
        full_json |= overrides
        file_json: Json = full_json
        if id_only:
            access: Json = {"mode": "file_access", "file_access": "check_file_info"}
            file_json = {"id": file_id, "created": 0, "timestamp": 0, "user": "", **access}
        content_type = str(full_json["mimetype"])
        file = SharedFile(
            file_id, name, data, content_type, file_json, full_json, preview, transcript
        )
        self.files[file_id] = file
        return file

    def expect_upload(self, name: str, length: int) -> str:
        """Expect the app to upload a file of `length` bytes; return the file's id."""
        file_id = self.emulator.workspace.new_id("F")
        self._expected[file_id] = name, length
        return file_id

    async def receive_upload(self, request: web.Request) -> web.Response:
        """Receive the raw bytes of an expected file."""
        file_id = request.match_info["file_id"]
        data = await request.read()
        _, length = self._expected.get(file_id, ("", -1))
        if len(data) != length:
            return web.Response(status=400, text="Wrong size")
        self._received[file_id] = data
        return web.Response(text=f"OK - {len(data)}")

    def complete_upload(self, file_id: str) -> SharedFile | None:
        """Store a received file like any other; return None if its bytes have not arrived."""
        data = self._received.pop(file_id, None)
        if data is None:
            return None
        name, _ = self._expected.pop(file_id)
        return self.add(name, data, {"id": file_id})

    def _file_json(
        self, file_id: str, name: str, data: bytes, *, preview: bool, transcript: bool
    ) -> Json:
        # Slack's file URLs keep only these characters of a name.
        url_name = re.sub(r"[^a-z0-9._-]+", "_", name.lower())
        folder = f"{self.emulator.base_url}files-pri/{self.emulator.app.team_id}-{file_id}/"
        extension = name.rpartition(".")[2].lower()
        fields: dict[str, Any] = {
            "id": file_id,
            "created": int(self.emulator.clock.now()),
            "name": name,
            "title": name,
            "mimetype": _TYPES.get(extension, "application/octet-stream"),
            "filetype": extension if extension in _TYPES else "binary",
            "size": len(data),
            "mode": "hosted",
            "is_external": False,
            "url_private": folder + url_name,
            "url_private_download": f"{folder}download/{url_name}",
            "file_access": "visible",
        }
        return (
            fields
            | ({"thumb_1024": f"{folder}preview"} if preview else {})
            | ({"vtt": f"{folder}transcript"} if transcript else {})
        )

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Handle one download."""
        file_id = request.match_info["key"].rpartition("-")[2]
        admitted = self._has_access(request)
        self.requests.append(FileRequest(file_id, request.path, admitted))
        self.emulator.workspace.notify_changed()
        file = self.files.get(file_id)
        if not admitted:
            raise web.HTTPFound(f"/signin?redir={quote(request.path, safe='')}")
        if not file or file.deleted:
            return web.Response(status=404, text=SIGN_IN, content_type="text/html")
        if file.fault:
            return await self._serve_fault(request, file, file.fault)
        if request.path.endswith("/preview"):
            return web.Response(body=file.preview, content_type="image/png")
        if request.path.endswith("/transcript"):
            return web.Response(body=file.transcript, content_type="text/vtt")
        return web.Response(body=file.data, content_type=file.content_type)

    async def sign_in(self, _request: web.Request) -> web.Response:
        """Serve the sign-in page."""
        return web.Response(text=SIGN_IN, content_type="text/html")

    def close(self) -> None:
        """End responses that a fault keeps open."""
        self._closing.set()

    def _has_access(self, request: web.Request) -> bool:
        app = self.emulator.app
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        is_bot = hmac.compare_digest(token.encode(), app.bot_token.encode())
        return scheme.lower() == "bearer" and is_bot and not app.revoked and SCOPE in app.scopes

    async def _serve_fault(
        self, request: web.Request, file: SharedFile, fault: FileFault
    ) -> web.StreamResponse:
        match fault:
            case RedirectFault(url):
                return web.Response(status=302, headers={"Location": url})
            case WebPageFault(html, content_type):
                return web.Response(text=html, content_type=content_type)
            case RefuseFault(status):
                return web.Response(status=status)
            case HangFault(after):
                return await self._stream(request, file.data[:after])
            case EndlessFault():
                return await self._stream(request, _CHUNK, endless=True)

    async def _stream(
        self, request: web.Request, data: bytes, *, endless: bool = False
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        if data:
            await response.prepare(request)
        try:
            while data and not self._closing.is_set():
                await response.write(data)
                data = data if endless else b""
        except ConnectionError:  # the app closed the connection
            return response
        await self._closing.wait()
        return response


_OFFICE = "application/vnd.openxmlformats-officedocument."

_TYPES: Final = {
    "bmp": "image/bmp",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "eml": "message/rfc822",
    "heic": "image/heic",
    "ics": "text/calendar",
    "m4a": "audio/mp4",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "rtf": "application/rtf",
    "tiff": "image/tiff",
    # Slack takes TypeScript for an MPEG transport stream.
    "ts": "video/mp2t",
    "zip": "application/zip",
    "csv": "text/csv",
    "gif": "image/gif",
    "html": "text/html",
    "jpg": "image/jpeg",
    "json": "application/json",
    "log": "text/plain",
    "md": "text/markdown",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
    "png": "image/png",
    "py": "text/x-python",
    "txt": "text/plain",
    "webp": "image/webp",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
}
