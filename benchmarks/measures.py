"""The measurements, each on an opened candidate; they run in the worker's process.

Seconds are the event loop's. CPU time is the process's, so other processes affect it little.
Memory is the growth of the resident set, which only Linux reports.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.candidate import Candidate, TimedReply
from benchmarks.prompts import QUESTION
from benchmarks.work import WARM, Work

Figures = dict[str, float]
Measure = Callable[[Candidate, Work, int, str], Awaitable[Figures]]

_POLL_S = 0.05


async def alone(candidate: Candidate, work: Work, _count: int, _address: str) -> Figures:
    """Ask one question alone."""
    await candidate.ask(WARM, QUESTION)
    gc.collect()
    reply = _checked(await candidate.ask(work, QUESTION))
    return {"seconds": reply.seconds, "first_token": reply.first_token_s}


async def at_once(candidate: Candidate, work: Work, count: int, address: str) -> Figures:
    """Ask many questions at the same moment."""
    await candidate.ask(WARM, QUESTION)
    gc.collect()
    return await at_once_cold(candidate, work, count, address)


async def at_once_cold(candidate: Candidate, work: Work, count: int, _address: str) -> Figures:
    """Ask many questions at the same moment, the first ones of a process. Needs a fresh process."""
    cpu = time.process_time()
    replies = await asyncio.gather(*(candidate.ask(work, QUESTION) for _ in range(count)))
    cpu = time.process_time() - cpu
    seconds = [_checked(reply).seconds for reply in replies]
    return {"median": statistics.median(seconds), "slowest": max(seconds), "cpu": cpu / count}


async def streamed(candidate: Candidate, work: Work, count: int, _address: str) -> Figures:
    """Stream one reply of `count` tokens, and return the CPU seconds per token."""
    await candidate.ask(WARM, QUESTION)
    gc.collect()
    cpu = time.process_time()
    _checked(await candidate.ask(work, QUESTION))
    return {"cpu": (time.process_time() - cpu) / count}


async def in_a_row(candidate: Candidate, work: Work, count: int, _address: str) -> Figures:
    """Ask one question after another; return the slowest of the first two and of all others."""
    await candidate.ask(WARM, QUESTION)
    seconds = [_checked(await candidate.ask(work, QUESTION)).seconds for _ in range(count)]
    return {"first_two": max(seconds[:2]), "later": max(seconds[2:])}


async def waiting(candidate: Candidate, work: Work, count: int, address: str) -> Figures:
    """Return the memory of a question whose proposers stay silent. Needs a fresh process."""
    await candidate.ask(WARM, QUESTION)
    before_waiting = await _waiting_at(address)
    gc.collect()
    before = _resident()
    tasks = [asyncio.create_task(candidate.ask(work, QUESTION)) for _ in range(count)]
    wanted = before_waiting + count * len(work.layers[0])
    while await _waiting_at(address) < wanted:  # noqa: ASYNC110 - another process counts them
        await asyncio.sleep(_POLL_S)
    gc.collect()
    grown = _resident() - before
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {"bytes": grown / count}


MEASURES: Mapping[str, Measure] = {
    "alone": alone,
    "at_once": at_once,
    "at_once_cold": at_once_cold,
    "streamed": streamed,
    "in_a_row": in_a_row,
    "waiting": waiting,
}


def _checked(reply: TimedReply) -> TimedReply:
    """Check that the reply is complete: a candidate that loses text must not count as fast."""
    if not reply.characters:
        raise RuntimeError("the candidate returned no reply")
    return reply


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def _waiting_at(address: str) -> int:
    """Return the number of calls waiting at the server."""
    url = urlsplit(address)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        writer.write(b"GET /stats HTTP/1.1\r\nhost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].split()[0])
        return int(json.loads(await reader.readexactly(size))["waiting"])
    finally:
        writer.close()
        await writer.wait_closed()
