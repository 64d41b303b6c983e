"""Extracts a PDF's text in a child process that is killed when it exceeds its limits.

pypdf is pure Python: in a thread it would slow down the event loop, and threads can't be killed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.slack.files.slack_file import FileText, NotRead

PAGES = 100
SECONDS = 15.0
"""Wall-clock time. Starting takes 0.2 s, a page of ordinary text 5 to 50 ms."""

CPU_S = 10
LINE_BYTES = 4 * 1024 * 1024
"""A line is one page's text. JSON may need twelve bytes for a character."""

_CHILD = Path(__file__).with_name("pdf_child.py")


async def extract_pdf_text(
    data: bytes, characters: int, *, pages: int = PAGES, seconds: float = SECONDS
) -> FileText:
    """Return the text of a PDF's first pages, or of those that could be read in time.

    Args:
        data: the file.
        characters: maximum characters to return.
        pages: maximum pages to read.
        seconds: maximum time.

    Raises:
        NotRead: `encrypted`, `no_text` (a scan, for instance), `slow` or `broken`.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-B", str(_CHILD)),
        *(str(CPU_S), str(pages), str(characters)),
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
    return _text(lines, in_time=in_time and (process.returncode or 0) >= 0)


async def _exchange(
    process: asyncio.subprocess.Process, data: bytes, lines: list[Mapping[str, Any]]
) -> None:
    """Send the child its file and collect the lines that it writes."""
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
    pages, read = int(lines[0]["pages"]), lines[1:]
    text = "\n\n".join(str(line["text"]).strip() for line in read)
    if not text.strip():
        reason = "no_text" if len(read) else "broken"
        raise NotRead(reason if in_time else "slow")
    return FileText(text, len(text), pages, len(read))
