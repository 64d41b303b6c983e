"""swarms' `MixtureOfAgents`: agents over litellm, each layer in threads.

Each of its layers has the same agents, so it uses those of the first layer.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from benchmarks.candidate import TimedReply
from benchmarks.work import Work

os.environ["SWARMS_TELEMETRY_ON"] = "false"  # swarms reads both while it is imported
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

from loguru import logger
from swarms import Agent, MixtureOfAgents

THREADS = 128
"""More than the concurrent questions, so none waits for a thread."""


class Candidate:
    """The peer as a candidate, in threads, since it blocks. It does not stream."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._threads = ThreadPoolExecutor(THREADS)
        logger.remove()  # it warns about each model that litellm does not list

    async def __aenter__(self) -> Self:
        """Do nothing: litellm opens connections itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Do nothing: they end with the process."""
        self._threads.shutdown()

    async def ask(self, work: Work, question: str) -> TimedReply:
        """Run once in a thread, with new agents, since agents keep the conversation."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        reply = await loop.run_in_executor(self._threads, self._run, work, question)
        seconds = loop.time() - began
        if reply.startswith("Error"):
            raise RuntimeError(reply)
        return TimedReply(seconds, seconds, len(reply))

    def _run(self, work: Work, question: str) -> str:
        mixture = MixtureOfAgents(
            agents=[self._agent(name) for name in work.layers[0]],
            aggregator_agent=self._agent(work.aggregator),
            layers=len(work.layers),
            max_workers=len(work.layers[0]),  # by default it takes 95 % of the cores: one of two
        )
        return str(mixture.run(question))

    def _agent(self, name: str) -> Agent:
        return Agent(
            agent_name=name,
            model_name=f"openai/{name}",
            llm_base_url=self._address,
            llm_api_key="none",
            max_loops=1,
            print_on=False,
        )
