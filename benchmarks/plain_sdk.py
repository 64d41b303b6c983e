"""The openai SDK as in its documentation: one client, its own iterators, `asyncio.gather`."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import openai

from benchmarks.candidate import TimedReply
from benchmarks.prompts import body, messages
from benchmarks.work import Work


class Candidate:
    """The plain SDK as a candidate. Timeouts and retries are the SDK's defaults."""

    def __init__(self, address: str) -> None:
        self._client = openai.AsyncOpenAI(base_url=address, api_key="none")

    async def __aenter__(self) -> Self:
        """Do nothing: the client exists already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close its connections."""
        await self._client.close()

    async def ask(self, work: Work, question: str) -> TimedReply:
        """Run layer after layer, then stream the reply."""
        clock = asyncio.get_running_loop().time
        began, first, length = clock(), 0.0, 0
        answers: list[str] = []
        for layer in work.layers:
            turns = messages(question, answers, final=False)
            calls = (self._answer(model, turns) for model in layer)
            received = await asyncio.gather(*calls, return_exceptions=True)
            answers = [text for text in received if isinstance(text, str)]
        async for chunk in await self._create(
            work.aggregator, messages(question, answers, final=True)
        ):
            if piece := _text(chunk):
                first = first or clock() - began
                length += len(piece)
        return TimedReply(first, clock() - began, length)

    async def _answer(self, model: str, turns: list[dict[str, str]]) -> str:
        return "".join([_text(chunk) async for chunk in await self._create(model, turns)])

    async def _create(self, model: str, turns: list[dict[str, str]]) -> Any:
        request: dict[str, Any] = body(model, turns)
        return await self._client.chat.completions.create(**request)


def _text(chunk: Any) -> str:
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""
