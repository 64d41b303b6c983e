"""The local Slack's files: what people upload, and the host that gives it to whoever may read it.

As Slack does, the host sends whoever may not read a file to a page for signing in, with 302 and 200
and never with 401.
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

_PIECE: Final = b"x" * 65_536


@dataclass(frozen=True, slots=True)
class RedirectFault:
    """Send whoever asks somewhere else."""

    url: str


@dataclass(frozen=True, slots=True)
class WebPageFault:
    """Answer with a web page and status 200."""

    html: str = SIGN_IN
    content_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class HangFault:
    """Take the request and say nothing; with `after`, only when so many bytes have been sent."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class EndlessFault:
    """Send bytes and never stop, without a word of how many there will be."""


@dataclass(frozen=True, slots=True)
class RefuseFault:
    """Answer with this status and no file."""

    status: int


FileFault = RedirectFault | WebPageFault | HangFault | EndlessFault | RefuseFault


@dataclass(slots=True, eq=False)
class SharedFile:
    """A file that somebody uploaded.

    `shape` is the file object as messages hold it, `whole` as `files.info` gives it: the same, but
    in Slack Connect. `fault` may be set at any time.
    """

    id: str
    name: str
    data: bytes
    content_type: str
    file_json: Json
    full_json: Json
    preview: bytes = b""
    deleted: bool = False
    fault: FileFault | None = None

    def delete(self) -> None:
        """Take it away; the messages that held it hold a tombstone."""
        self.deleted = True
        self.file_json.clear()
        self.file_json.update({"id": self.id, "mode": "tombstone"})


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A request that the host got. `admitted`: whether it carried the app's token and scope."""

    file_id: str
    path: str
    admitted: bool


class FileServerState(Protocol):
    """What the file server needs to know of its local Slack; `Emulator` is one."""

    clock: Clock
    workspace: Workspace
    app: Installation
    base_url: str


@dataclass(slots=True, eq=False)
class FileServer:
    """Serves what was uploaded."""

    emulator: FileServerState
    files: dict[str, SharedFile] = field(default_factory=dict[str, SharedFile])
    requests: list[FileRequest] = field(default_factory=list[FileRequest])
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def add(
        self, name: str, data: bytes, told: Json, *, preview: bytes = b"", id_only: bool = False
    ) -> SharedFile:
        """Keep a file.

        Args:
            name: as the person who uploaded it calls it.
            data: what it holds.
            told: fields of the file object that are to differ from what follows from these.
            preview: a smaller picture that Slack has made of it.
            withheld: whether messages hold its id only, as in Slack Connect.
        """
        file_id = self.emulator.workspace.new_id("F")
        whole = self._shape(file_id, name, data, preview=bool(preview)) | told
        shape: Json = whole
        if id_only:
            asked: Json = {"mode": "file_access", "file_access": "check_file_info"}
            shape = {"id": file_id, "created": 0, "timestamp": 0, "user": "", **asked}
        content_type = str(whole["mimetype"])
        file = SharedFile(file_id, name, data, content_type, shape, whole, preview)
        self.files[file_id] = file
        return file

    def _shape(self, file_id: str, name: str, data: bytes, *, preview: bool) -> Json:
        # Slack's addresses hold no more of a name than this.
        plain = re.sub(r"[^a-z0-9._-]+", "_", name.lower())
        folder = f"{self.emulator.base_url}files-pri/{self.emulator.app.team_id}-{file_id}/"
        ending = name.rpartition(".")[2].lower()
        shape: dict[str, Any] = {
            "id": file_id,
            "created": int(self.emulator.clock.now()),
            "name": name,
            "title": name,
            "mimetype": _TYPES.get(ending, "application/octet-stream"),
            "filetype": ending if ending in _TYPES else "binary",
            "size": len(data),
            "mode": "hosted",
            "is_external": False,
            "url_private": folder + plain,
            "url_private_download": f"{folder}download/{plain}",
            "file_access": "visible",
        }
        return shape | ({"thumb_1024": f"{folder}preview"} if preview else {})

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One download."""
        file_id = request.match_info["key"].rpartition("-")[2]
        admitted = self._admits(request)
        self.requests.append(FileRequest(file_id, request.path, admitted))
        self.emulator.workspace.notify_changed()
        file = self.files.get(file_id)
        if not admitted:
            raise web.HTTPFound(f"/signin?redir={quote(request.path, safe='')}")
        if not file or file.deleted:
            return web.Response(status=404, text=SIGN_IN, content_type="text/html")
        if file.fault:
            return await self._fail(request, file, file.fault)
        if request.path.endswith("/preview"):
            return web.Response(body=file.preview, content_type="image/png")
        return web.Response(body=file.data, content_type=file.content_type)

    async def sign_in(self, _request: web.Request) -> web.Response:
        """The page for signing in."""
        return web.Response(text=SIGN_IN, content_type="text/html")

    def close(self) -> None:
        """Let go of whoever was left hanging."""
        self._closing.set()

    def _admits(self, request: web.Request) -> bool:
        app = self.emulator.app
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        ours = hmac.compare_digest(token.encode(), app.bot_token.encode())
        return scheme.lower() == "bearer" and ours and not app.revoked and SCOPE in app.scopes

    async def _fail(
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
                return await self._stream(request, _PIECE, endless=True)

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
        except ConnectionError:  # the app has heard enough
            return response
        await self._closing.wait()
        return response


_TYPES: Final = {
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
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
