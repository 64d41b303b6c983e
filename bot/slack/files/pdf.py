"""The words of a PDF, read in a process that is ended when it takes too long or too much.

pypdf is Python: in a thread it would take the event loop's time, and a thread cannot be ended.
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
"""Of the clock. Starting takes 0.2 s; a page of ordinary text 5 to 50 ms."""

CPU_S = 10
LINE_BYTES = 4 * 1024 * 1024
"""A line is one page's text, in which JSON writes a character in up to twelve bytes."""

_CHILD = Path(__file__).with_name("pdf_child.py")


async def pdf_text(
    data: bytes, characters: int, *, pages: int = PAGES, seconds: float = SECONDS
) -> FileText:
    """The text of a PDF's first pages, or of as many of them as could be read in time.

    Args:
        data: the file.
        characters: how many are taken at most.
        pages: how many are read at most.
        seconds: after which the reading is ended.

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
        env={},  # it needs none of our secrets
    )
    lines: list[Mapping[str, Any]] = []
    in_time = True
    try:
        async with asyncio.timeout(seconds):
            await _converse(process, data, lines)
    except TimeoutError:
        in_time = False
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    # A negative code is a signal: the system ended it for the processor's time that it took.
    return _text(lines, in_time=in_time and (process.returncode or 0) >= 0)


async def _converse(
    process: asyncio.subprocess.Process, data: bytes, lines: list[Mapping[str, Any]]
) -> None:
    """Give the child its file and take what it writes."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(data)
        await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has ended early, and what it wrote says why
    async for line in process.stdout:
        lines.append(json.loads(line))  # noqa: PERF401 - what came before the time is up is kept
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
