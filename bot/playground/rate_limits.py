"""Slack's rate limits, enforced with HTTP 429 and `Retry-After`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot import slack_limits
from bot.playground.errors import SlackError

if TYPE_CHECKING:
    from bot.playground.clock import Clock

_TIER: Final = {
    "agents.sessions.rename": 3,
    "agents.sessions.setStatus": 3,
    "api.test": 4,
    "apps.connections.open": 2,
    "assistant.threads.setStatus": 3,
    "assistant.threads.setSuggestedPrompts": 3,
    "assistant.threads.setTitle": 3,
    "auth.test": 4,
    "blocks.validate": 3,
    "bots.info": 3,
    "chat.appendStream": 4,
    "chat.delete": 3,
    "chat.getPermalink": 4,
    "chat.postEphemeral": 4,
    "chat.startStream": 2,
    "chat.stopStream": 2,
    "chat.update": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.members": 4,
    "conversations.open": 3,
    "conversations.replies": 3,
    "reactions.add": 3,
    "reactions.get": 3,
    "reactions.remove": 2,
    "team.info": 3,
    "users.conversations": 3,
    "users.info": 4,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}
"""The tier of each method, from the API reference. `apps.connections.open` is one tier higher,
because tests reconnect more often than a server does."""

_POSTS: Final = "chat.postMessage"
_POSTS_BURST: Final = 20.0
_DEFAULT_TIER: Final = 3


@dataclass(slots=True)
class _Bucket:
    tokens: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Sustained calls per minute, and how many may arrive in one burst."""

    per_minute: float
    burst: float


class RateLimits:
    """One token bucket per method, and for `chat.postMessage` one per channel.

    A bucket holds one minute of calls, so a burst passes but a sustained excess doesn't. Set
    `enabled` to False to turn off all limits.
    """

    def __init__(self, clock: Clock, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._clock = clock
        self._overrides: dict[str, Rate] = {}
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def set_rate(self, method: str, *, per_minute: float, burst: float | None = None) -> None:
        """Set the rate of one method and empty its buckets."""
        self._overrides[method] = Rate(per_minute, per_minute if burst is None else burst)
        for key in [key for key in self._buckets if key[0] == method]:
            del self._buckets[key]

    def reset_rate(self, method: str) -> None:
        """Return one method to Slack's own rate, with full buckets."""
        self._overrides.pop(method, None)
        for key in [key for key in self._buckets if key[0] == method]:
            del self._buckets[key]

    def consume(self, method: str, channel: str) -> None:
        """Count one call.

        Raises:
            SlackError: `ratelimited`, with the whole seconds to wait for the next call.
        """
        if not self.enabled:
            return
        rate, now = self._rate(method), self._clock.now()
        key = (method, channel if method == _POSTS else "")
        bucket = self._buckets.setdefault(key, _Bucket(rate.burst, now))
        per_second = rate.per_minute / 60
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.updated_at) * per_second)
        bucket.updated_at = now
        if bucket.tokens < 1:
            wait = max(1, math.ceil((1 - bucket.tokens) / per_second))
            raise SlackError("ratelimited", status=429, retry_after=wait)
        bucket.tokens -= 1

    def _rate(self, method: str) -> Rate:
        if method in self._overrides:
            return self._overrides[method]
        if method == _POSTS:
            return Rate(slack_limits.POSTS_PER_MINUTE, _POSTS_BURST)
        per_minute = slack_limits.CALLS_PER_MINUTE[_TIER.get(method, _DEFAULT_TIER)]
        return Rate(per_minute, per_minute)
