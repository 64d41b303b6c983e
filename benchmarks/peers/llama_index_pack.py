"""llama-index-packs-mixture-of-agents: its workflow over LlamaIndex's own client.

Each of its layers has the same proposers, so it uses those of the first layer.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import Self

from llama_index.llms.openai_like import OpenAILike
from llama_index.packs.mixture_of_agents.base import MixtureOfAgentWorkflow

from benchmarks.candidate import TimedReply
from benchmarks.work import Work

TIMEOUT_S = 600.0


class Candidate:
    """The peer as a candidate. It does not stream: its first token is its last."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._models: dict[str, OpenAILike] = {}
        logging.getLogger().setLevel(logging.WARNING)  # otherwise the pack prints every request
        warnings.simplefilter("ignore")  # LlamaIndex warns about how the pack sends its events

    async def __aenter__(self) -> Self:
        """Do nothing: each model's client opens its connections."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Do nothing: they end with the process."""

    async def ask(self, work: Work, question: str) -> TimedReply:
        """Run one workflow to its end. An instance raises an error if it runs twice."""
        clock = asyncio.get_running_loop().time
        began = clock()
        workflow = MixtureOfAgentWorkflow(
            self._model(work.aggregator),
            [self._model(name) for name in work.layers[0]],
            num_layers=len(work.layers),
            timeout=TIMEOUT_S,
        )
        reply = await workflow.run(query_str=question)
        seconds = clock() - began
        return TimedReply(seconds, seconds, len(reply))

    def _model(self, name: str) -> OpenAILike:
        if name not in self._models:
            self._models[name] = OpenAILike(
                model=name, api_base=self._address, api_key="none", is_chat_model=True
            )
        return self._models[name]
