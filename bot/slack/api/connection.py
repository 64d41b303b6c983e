"""Tells whether Slack's requests reach this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Literal

Mode = Literal["socket", "http", "worker"]
"""How Slack's requests arrive. A worker receives none, and only runs queued questions."""

IsUp = Callable[[], Awaitable[bool]]


async def always_up() -> bool:
    """Return True: a worker needs no requests, and HTTP needs only an open port."""
    return True


class SlackLink:
    """The connection to Slack as readiness checks and metrics see it, in any mode.

    Args:
        mode: how Slack's requests arrive.
    """

    def __init__(self, mode: Mode) -> None:
        self.mode: Mode = mode
        self._is_up: IsUp | None = None

    @contextmanager
    def attach(self, is_up: IsUp) -> Generator[None, None, None]:
        """Use `is_up` to tell whether requests reach us, until the context exits."""
        self._is_up = is_up
        try:
            yield
        finally:
            self._is_up = None

    async def is_up(self) -> bool:
        """Return whether Slack can be used and, except in a worker, its requests reach us now."""
        return self._is_up is not None and await self._is_up()
