"""Remembers for a few seconds who was allowed to open answers in a channel."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

REMEMBERED_S = 10.0
"""Seconds for which Slack's confirmation counts. A person who leaves a channel, or whose channel is
shared with another organisation, keeps access for at most that long. Otherwise each page of answers
would cost two calls, and Slack allows about 50 calls of conversations.info a minute
(https://docs.slack.dev/apis/web-api/rate-limits)."""

MAX_REMEMBERED = 1_000


class RecentGrants:
    """Keys that were granted recently. Refusals and errors are never remembered.

    Args:
        now: returns the current time in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._granted_at: OrderedDict[Hashable, float] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        """Return whether a key was granted in the last `REMEMBERED_S` seconds."""
        granted_at = self._granted_at.get(key)
        return granted_at is not None and self._now() - granted_at < REMEMBERED_S

    def __len__(self) -> int:
        """Return how many keys take up memory."""
        return len(self._granted_at)

    def add(self, key: Hashable) -> None:
        """Remember a key from now on. The oldest one is dropped if there are too many."""
        self._granted_at.pop(key, None)
        self._granted_at[key] = self._now()
        while len(self._granted_at) > MAX_REMEMBERED:
            self._granted_at.popitem(last=False)
