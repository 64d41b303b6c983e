"""Looks things up in Slack concurrently, within a time limit, and caches the results."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

CACHE_SIZE = 5_000
"""Entries in a cache. The least recently used is dropped first."""

RETRY_AFTER_S = 300.0
"""Seconds before a failed lookup is repeated."""

AT_ONCE = 40
"""Concurrent lookups. Slack allows over 100 a minute (tier 4), and bursts."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    """A result, or None after a failed lookup, and when to look it up again."""

    found: T | None
    due: float


class LookupCache(Generic[T]):
    """Caches the results of one kind of lookup.

    Args:
        fetch: looks something up by id; None if that fails.
        fresh_s: seconds after which it is looked up again. If that fails, the old result stays.
    """

    def __init__(self, fetch: Callable[[str], Awaitable[T | None]], fresh_s: float) -> None:
        self._fetch = fetch
        self._fresh_s = fresh_s
        self._entries: OrderedDict[str, _Entry[T]] = OrderedDict()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, key: str) -> T | None:
        """Return the result, after a lookup if needed, or None if that fails."""
        if self._is_due(key):
            await self._refresh(key)
        return self._known(key)

    async def get_all(self, keys: Iterable[str], seconds: float) -> dict[str, T | None]:
        """Return the result for each key, after at most this many seconds for all lookups."""
        wanted = list(dict.fromkeys(keys))
        due = [key for key in wanted if self._is_due(key)]
        if due:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await asyncio.gather(*map(self._refresh, due))
        return {key: self._known(key) for key in wanted}

    async def _refresh(self, key: str) -> None:
        """Look a key up. Simultaneous callers share one lookup."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if self._is_due(key):
                    await self._look_up(key)
        finally:
            if not lock.locked():
                self._locks.pop(key, None)

    async def _look_up(self, key: str) -> None:
        async with self._slots:
            found = await self._fetch(key)
        seconds = RETRY_AFTER_S if found is None else self._fresh_s
        old = self._entries.get(key)
        kept = old.found if found is None and old else found
        self._entries[key] = _Entry(kept, time.monotonic() + seconds)
        self._entries.move_to_end(key)
        if len(self._entries) > CACHE_SIZE:
            self._entries.popitem(last=False)

    def _is_due(self, key: str) -> bool:
        entry = self._entries.get(key)
        return entry is None or time.monotonic() >= entry.due

    def _known(self, key: str) -> T | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry.found
