"""Extracts a document's text in a child process that is killed when it exceeds its limits.

The readers are pure Python: in a thread they would slow down the event loop, and threads can't be
killed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Literal
from zipfile import BadZipFile, ZipFile

from bot.slack.files.slack_file import FileText, NotRead

PARTS = 100
"""Pages, slides or sheets."""

SECONDS = 15.0
"""Wall-clock time. Starting takes 0.2 s, and a page of ordinary text 5 to 50 ms."""

CPU_S = 10
LINE_BYTES = 4 * 1024 * 1024
"""The length limit of a line, which is one part's text. JSON may need twelve bytes per
character."""

_PDF_HEADER: Final = b"%PDF-"
_PDF_HEADER_WITHIN: Final = 1_024
"""The bytes in which readers look for a PDF's header (ISO 32000-1, implementation note 13)."""

_UNITS: Final = {"pdf": "pages", "xlsx": "sheets", "pptx": "slides"}

_ZIP_HEADERS: Final = (b"PK\x03\x04", b"PK\x05\x06")

_OLE_HEADER: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_OLE_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
"""How Office stores a document with a password (MS-OFFCRYPTO, 2.3.4)."""

_ODF_MANIFEST: Final = "META-INF/manifest.xml"

_CHILD = Path(__file__).with_name("document_child.py")


DocumentKind = Literal["pdf", "docx", "xlsx", "pptx", "odf", "rtf", "html", "eml", "zip"]


def identify_document(data: bytes, name: str) -> DocumentKind | None:
    """Return a document's format, or None if the child can't read it.

    The bytes decide, except for mails, which are text and can start in many ways.

    Raises:
        NotRead: `encrypted` or `broken`.
    """
    if _PDF_HEADER in data[:_PDF_HEADER_WITHIN]:
        return "pdf"
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if data.startswith(_ZIP_HEADERS):
        return _identify_archive(data)
    if data.startswith(_OLE_HEADER) and _OLE_ENCRYPTED in data:
        raise NotRead("encrypted")
    return "eml" if name.lower().endswith(".eml") else None


def _identify_archive(data: bytes) -> DocumentKind:
    """Look for the parts that each format must have (ECMA-376, OpenDocument 1.3)."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
            if _ODF_MANIFEST in names and b"encryption-data" in archive.read(_ODF_MANIFEST):
                raise NotRead("encrypted")
    except (BadZipFile, ValueError, OSError):
        raise NotRead("broken") from None
    for kind, part in _ARCHIVE_PARTS.items():
        if part in names:
            return kind
    return "zip"


_ARCHIVE_PARTS: Final[Mapping[DocumentKind, str]] = {
    "docx": "word/document.xml",
    "xlsx": "xl/workbook.xml",
    "pptx": "ppt/presentation.xml",
    "odf": "content.xml",
}


async def extract_text(
    kind: DocumentKind,
    data: bytes,
    characters: int,
    *,
    parts: int = PARTS,
    seconds: float = SECONDS,
) -> FileText:
    """Return the text of a document's first parts, or of those that could be read in time.

    Args:
        kind: the format.
        data: the file.
        characters: maximum characters to return.
        parts: maximum pages, slides or sheets to read.
        seconds: maximum time.

    Raises:
        NotRead: `encrypted`, `no_text` (a scan, for instance), `slow` or `broken`.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-B", str(_CHILD)),
        *(kind, str(CPU_S), str(parts), str(characters)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LINE_BYTES,
        env={},  # keeps our secrets from the child
    )
    lines: list[Mapping[str, Any]] = []
    in_time = True
    try:
        async with asyncio.timeout(seconds):
            await _exchange(process, data, lines)
    except TimeoutError:
        in_time = False
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    # A negative code is a signal: the system killed it for using too much CPU time.
    text = _text(lines, in_time=in_time and (process.returncode or 0) >= 0)
    return replace(text, unit=_UNITS.get(kind, "parts"))


async def _exchange(
    process: asyncio.subprocess.Process, data: bytes, lines: list[Mapping[str, Any]]
) -> None:
    """Send the child its file, and collect the lines that it writes."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(data)
        await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the child ended early; its output says why
    async for line in process.stdout:
        lines.append(json.loads(line))  # noqa: PERF401 - keeps the lines read before a timeout
    await process.wait()


def _text(lines: Sequence[Mapping[str, Any]], *, in_time: bool) -> FileText:
    if not lines:
        raise NotRead("broken" if in_time else "slow")
    if lines[0].get("fault"):
        raise NotRead("encrypted")
    parts, read = int(lines[0]["parts"]), lines[1:]
    text = "\n\n".join(str(line["text"]).strip() for line in read)
    if not text.strip():
        reason = "no_text" if len(read) else "broken"
        raise NotRead(reason if in_time else "slow")
    return FileText(text, len(text), parts, len(read) if parts else 0)
