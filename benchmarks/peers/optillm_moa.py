"""optillm's `moa`: one model's candidates, then a critique of them, then the reply.

It has neither layers nor several models. The call that asks for three candidates goes to the
slowest proposer of the work, the critique and the reply to its aggregator: the critique is a call
more on the critical path. The benchmark's server gives one candidate to a call, as many servers do,
and optillm then uses it three times.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import openai
from optillm.moa import mixture_of_agents

from benchmarks.candidate import Heard
from benchmarks.work import Work

THREADS = 128
"""More than there are questions at once, so that none waits for a thread."""


class Candidate:
    """The peer as it is measured: in threads, since it blocks. It does not stream."""

    def __init__(self, address: str) -> None:
        self._client = openai.OpenAI(base_url=address, api_key="none")
        self._threads = ThreadPoolExecutor(THREADS)
        logging.getLogger().setLevel(logging.ERROR)  # it tells of every call otherwise

    async def __aenter__(self) -> Self:
        """The client is there already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close its connections."""
        self._client.close()
        self._threads.shutdown()

    async def ask(self, work: Work, question: str) -> Heard:
        """One run in a thread of its own."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        client = _Routed(self._client, work)
        reply, _ = await loop.run_in_executor(
            self._threads, mixture_of_agents, "You are helpful.", question, client, "any"
        )
        seconds = loop.time() - began
        return Heard(seconds, seconds, len(reply))


class _Routed:
    """The part of a client that optillm uses, with a model of the work for each call."""

    def __init__(self, client: openai.OpenAI, work: Work) -> None:
        self.chat = self.completions = self
        self._client = client
        self._candidates = work.layers[0][-1]
        self._later = work.aggregator

    def create(self, *, model: str, n: int = 1, **request: Any) -> Any:  # noqa: ARG002 - its signature
        name = self._candidates if n > 1 else self._later
        return self._client.chat.completions.create(model=name, n=n, **request)
