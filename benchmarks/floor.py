"""The floor: a pipeline written by hand on aiohttp, with only a deadline around each layer.

It is the minimum cost of the method. No product could be this simple: it has no call log,
reports no events, and drops a proposer that fails.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Self

import aiohttp

from benchmarks.candidate import TimedReply
from benchmarks.prompts import body, messages
from benchmarks.work import FLOOR_DEADLINE_S, Work


class Candidate:
    """The floor as a candidate."""

    def __init__(self, address: str) -> None:
        self._url = f"{address}/chat/completions"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open one connection pool for all questions."""
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close its connections."""
        if self._session:
            await self._session.close()

    async def ask(self, work: Work, question: str) -> TimedReply:
        """Run layer after layer, then stream the reply."""
        clock = asyncio.get_running_loop().time
        began, first, length = clock(), 0.0, 0
        answers: list[str] = []
        for layer in work.layers:
            turns = messages(question, answers, final=False)
            received = await asyncio.gather(*(self._answer(model, turns) for model in layer))
            answers = [text for text in received if text]
        turns = messages(question, answers, final=True)
        async with aclosing(self._stream(work.aggregator, turns)) as pieces:
            async for piece in pieces:
                first = first or clock() - began
                length += len(piece)
        return TimedReply(first, clock() - began, length)

    async def _answer(self, model: str, turns: list[dict[str, str]]) -> str:
        try:
            async with (
                asyncio.timeout(FLOOR_DEADLINE_S),
                aclosing(self._stream(model, turns)) as pieces,
            ):
                return "".join([piece async for piece in pieces])
        except (TimeoutError, aiohttp.ClientError):
            return ""

    async def _stream(self, model: str, turns: list[dict[str, str]]) -> AsyncIterator[str]:
        assert self._session
        async with self._session.post(self._url, json=body(model, turns)) as response:
            response.raise_for_status()
            rest = b""
            async for data in response.content.iter_any():
                *events, rest = (rest + data).split(b"\n\n")
                if text := "".join(map(_text, events)):
                    yield text


def _text(event: bytes) -> str:
    data = event.removeprefix(b"data: ")
    if data == b"[DONE]":
        return ""
    choices = json.loads(data)["choices"]
    return choices[0]["delta"].get("content", "") if choices else ""
