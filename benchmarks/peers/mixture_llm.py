"""mixture-llm as in its documentation: its pipeline over one openai client."""

from __future__ import annotations

import asyncio
from typing import Self

import openai
from mixture_llm import Aggregate, Propose, Synthesize, run

from benchmarks.candidate import TimedReply
from benchmarks.work import Work


class Candidate:
    """The peer as a candidate. It does not stream: its first token is its last."""

    def __init__(self, address: str) -> None:
        self._client = openai.AsyncOpenAI(base_url=address, api_key="none")

    async def __aenter__(self) -> Self:
        """Do nothing: the client exists already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close its connections."""
        await self._client.close()

    async def ask(self, work: Work, question: str) -> TimedReply:
        """Run one pipeline to its end."""
        clock = asyncio.get_running_loop().time
        began = clock()
        first, *later = work.layers
        steps = [Propose(list(first)), *(Synthesize(list(layer)) for layer in later)]
        reply, _ = await run([*steps, Aggregate(work.aggregator)], question, self._call)
        seconds = clock() - began
        return TimedReply(seconds, seconds, len(reply))

    async def _call(
        self, *, model: str, messages: list[dict[str, str]], temp: float, max_tokens: int
    ) -> tuple[str, int, int]:
        answer = await self._client.chat.completions.create(
            model=model, messages=messages, temperature=temp, max_tokens=max_tokens
        )
        usage = answer.usage
        text = answer.choices[0].message.content or ""
        return text, usage.prompt_tokens, usage.completion_tokens
