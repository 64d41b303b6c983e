"""optillm's `moa`: several candidates of one model, then a critique, then the reply.

It has neither layers nor several models. The call for three candidates uses the slowest proposer,
the critique and the reply use the aggregator: the critique is one more call on the critical
path. The benchmark's server returns one candidate per call, as many servers do, and optillm then
uses it three times.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import openai
from optillm.moa import mixture_of_agents

from benchmarks.candidate import TimedReply
from benchmarks.work import Work

THREADS = 128
"""More than the concurrent questions, so none waits for a thread."""


class Candidate:
    """The peer as a candidate, in threads, since it blocks. It does not stream."""

    def __init__(self, address: str) -> None:
        self._client = openai.OpenAI(base_url=address, api_key="none")
        self._threads = ThreadPoolExecutor(THREADS)
        logging.getLogger().setLevel(logging.ERROR)  # otherwise it logs every call

    async def __aenter__(self) -> Self:
        """Do nothing: the client exists already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close its connections."""
        self._client.close()
        self._threads.shutdown()

    async def ask(self, work: Work, question: str) -> TimedReply:
        """Run once in a separate thread."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        client = _Routed(self._client, work)
        reply, _ = await loop.run_in_executor(
            self._threads, mixture_of_agents, "You are helpful.", question, client, "any"
        )
        seconds = loop.time() - began
        return TimedReply(seconds, seconds, len(reply))


class _Routed:
    """The part of a client that optillm uses, with a model of the workload for each call."""

    def __init__(self, client: openai.OpenAI, work: Work) -> None:
        self.chat = self.completions = self
        self._client = client
        self._candidates = work.layers[0][-1]
        self._later = work.aggregator

    def create(self, *, model: str, n: int = 1, **request: Any) -> Any:  # noqa: ARG002 - required by the signature
        name = self._candidates if n > 1 else self._later
        return self._client.chat.completions.create(model=name, n=n, **request)
