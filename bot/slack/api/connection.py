"""Whether Slack's requests reach this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Literal

Mode = Literal["socket", "http", "worker"]
"""How Slack's requests come in; a worker takes none in, and does the work that others hand over."""

IsUp = Callable[[], Awaitable[bool]]


class SlackLink:
    """What readiness and metrics know of the way in, whichever it is.

    Args:
        mode: how Slack's requests come in.
    """

    def __init__(self, mode: Mode) -> None:
        self.mode: Mode = mode
        self._is_up: IsUp | None = None

    @contextmanager
    def over(self, is_up: IsUp) -> Generator[None, None, None]:
        """For as long as this lasts, requests can come in while `is_up` says so."""
        self._is_up = is_up
        try:
            yield
        finally:
            self._is_up = None

    async def is_up(self) -> bool:
        """Whether requests reach us now; a worker needs none."""
        if self._is_up is None:
            return self.mode == "worker"
        return await self._is_up()
