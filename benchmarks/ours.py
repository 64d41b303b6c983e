"""The engine as programs use it: providers, `moa.resilient` around each model, `moa.run`."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import aclosing
from typing import Self

import moa
from benchmarks.candidate import TimedReply
from benchmarks.work import Work
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build


class Candidate:
    """The engine as a candidate. Models and plans are made once, as in the bot."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._endpoints = Endpoints()
        self._models: dict[str, moa.Model] = {}
        self._plans: dict[Work, moa.Plan] = {}

    async def __aenter__(self) -> Self:
        """Load the SDK, as `moa.load` and the bot do. The first question opens the connections."""
        await self._built("prepared").prepare()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._endpoints.aclose()

    async def ask(self, work: Work, question: str) -> TimedReply:
        """Run once and read all events."""
        clock = asyncio.get_running_loop().time
        began, first = clock(), 0.0
        reply = ""
        run = moa.run(self._plan(work), moa.Prompt.of(question), seed=secrets.randbits(63))
        async with aclosing(run) as events:
            async for event in events:
                if isinstance(event, moa.Delta):
                    first = first or clock() - began
                elif isinstance(event, moa.Finished):
                    reply = event.outcome.reply
        return TimedReply(first, clock() - began, len(reply))

    def _plan(self, work: Work) -> moa.Plan:
        if work not in self._plans:
            layers = ([self._model(name) for name in layer] for layer in work.layers)
            self._plans[work] = moa.Plan.of(*layers, aggregator=self._model(work.aggregator))
        return self._plans[work]

    def _model(self, name: str) -> moa.Model:
        if name not in self._models:
            self._models[name] = moa.resilient(self._built(name))
        return self._models[name]

    def _built(self, name: str) -> ProvidedModel:
        spec = ModelSpec(provider="openai", model=name, base_url=self._address)
        return build(spec, moa.Profile(name), self._endpoints)
