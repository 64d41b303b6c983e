"""llama-index-packs-mixture-of-agents: its workflow over LlamaIndex's own client.

The same proposers stand in each of its layers, so the first layer of the work is used for all.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import Self

from llama_index.llms.openai_like import OpenAILike
from llama_index.packs.mixture_of_agents.base import MixtureOfAgentWorkflow

from benchmarks.candidate import Heard
from benchmarks.work import Work

TIMEOUT_S = 600.0


class Candidate:
    """The peer as it is measured. It does not stream: its first token is its last."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._models: dict[str, OpenAILike] = {}
        logging.getLogger().setLevel(logging.WARNING)  # the pack prints every request otherwise
        warnings.simplefilter("ignore")  # LlamaIndex objects to how the pack sends its events

    async def __aenter__(self) -> Self:
        """Each model's client opens its connections itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """They end with the process."""

    async def ask(self, work: Work, question: str) -> Heard:
        """One workflow, run to its end. An instance serves a single run, by its own error."""
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
        return Heard(seconds, seconds, len(reply))

    def _model(self, name: str) -> OpenAILike:
        if name not in self._models:
            self._models[name] = OpenAILike(
                model=name, api_base=self._address, api_key="none", is_chat_model=True
            )
        return self._models[name]
