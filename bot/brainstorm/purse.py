"""Keeps a brainstorm's calls within the budgets: each call is checked before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from bot.errors import Postponed
from moa import Chunk, Hedge, Model, Profile, Prompt, Rejected, Sampling, Usage
from moa.engine.model_request import MAX_OUTPUT_RESERVE
from moa.pipeline.token_budget import prompt_tokens
from moa.ports import in_queue

BUDGET: Final = "budget"
"""The error kind of a call that was not made."""

PAUSE_S = 1.0
"""Seconds until the allowance is looked up again while the database is away."""

Allowance = Callable[[], Awaitable[float | None]]
"""Returns the most that a brainstorm may have cost by now, in US dollars; None for no limit."""


class BudgetUsedUp(Rejected):
    """The budget is used up, so this model was not asked."""

    kind = BUDGET


class Purse:
    """Pays for calls that run at the same time, as long as the allowance lasts.

    A call may start if it fits with the highest cost of all that run. Otherwise it waits until
    others have ended. The last one may start while anything is left, so that the allowance is
    exceeded by one call at most.

    Args:
        allowance: the limit, looked up before each call.
        spent: what the brainstorm has cost so far.
    """

    def __init__(self, allowance: Allowance, spent: float) -> None:
        self._allowance = allowance
        self._spent = spent
        self._running: list[float] = []
        self._changed = asyncio.Event()
        self._is_empty = False

    async def take(self, most: float) -> None:
        """Wait until a call that costs so much at most may start.

        Raises:
            BudgetUsedUp: nothing is left.
        """
        while not self._is_empty:
            limit = await self._limit()
            if limit is None or self._fits(most, limit):
                self._running.append(most)
                return
            if not self._running:
                self._is_empty = True
                break
            self._changed.clear()
            await self._changed.wait()
        raise BudgetUsedUp(is_permanent=False)

    def put_back(self, most: float, cost: float) -> None:
        """End a call that was started with `take`, with what it did cost."""
        self._running.remove(most)
        self._spent += cost
        self._changed.set()

    async def _limit(self) -> float | None:
        """Look up the allowance. A call whose deadline passes meanwhile is cancelled."""
        while True:
            try:
                return await self._allowance()
            except Postponed:
                await asyncio.sleep(PAUSE_S)

    def _fits(self, most: float, limit: float) -> bool:
        if not self._running:
            return self._spent < limit
        return self._spent + sum(self._running) + most <= limit


class PaidModel:
    """A Model whose calls are paid from a purse."""

    def __init__(self, model: Model, purse: Purse) -> None:
        self._model = model
        self._purse = purse
        profile = model.profile
        hedge = profile.hedge and Hedge(
            PaidModel(profile.hedge.model, purse), profile.hedge.after_s
        )
        self._profile = replace(profile, hedge=hedge)

    @property
    def profile(self) -> Profile:
        """The model's profile, with a hedge that is paid from the same purse."""
        return self._profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Call the model once the purse allows it; see `moa.Model`.

        Raises:
            ModelError: the call failed, or the budget is used up.
        """
        most = self._cost(self._most(prompt, sampling))
        in_queue.set(True)
        await self._purse.take(most)
        in_queue.set(False)
        cost = 0.0
        try:
            async with aclosing(self._model.stream(prompt, sampling)) as chunks:
                async for chunk in chunks:
                    # A call that is cut off has no usage: then it counts in full.
                    cost = self._cost(chunk.usage) if chunk.usage else cost or most
                    yield chunk
        finally:
            self._purse.put_back(most, cost)

    def _most(self, prompt: Prompt, sampling: Sampling) -> Usage:
        written = sampling.max_output_tokens
        tokens = MAX_OUTPUT_RESERVE if written is None else written
        read = min(prompt_tokens(prompt), self._profile.context_window)
        return Usage(read, tokens + self._profile.reasoning_tokens)

    def _cost(self, usage: Usage) -> float:
        known = self._profile.cost(usage) if usage.cost_usd is None else usage.cost_usd
        return known or 0.0
