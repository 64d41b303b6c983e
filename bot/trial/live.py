"""Sends a page's changes as server-sent events."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from bot.trial.window import NotVisibleError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from bot.playground.server import LocalSlack
    from bot.trial.draw.regions import Regions

_GATHER_S: Final = 0.08
"""Seconds during which changes are collected into one event."""
_RENEW_S: Final = 10.0
"""Seconds after which the page is redrawn even without a change, because statuses expire."""


class LiveUpdates:
    """Follows the local Slack and sends changes to open pages."""

    def __init__(self, slack: LocalSlack) -> None:
        self._slack = slack
        self._closed = False

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._slack.announce_change()

    async def follow(self, draw: Callable[[], Regions]) -> AsyncGenerator[str, None]:
        """Yield an event for each change. The first contains everything.

        The last one is `gone`, if the page's content was deleted.
        """
        sent: dict[str, dict[str, str]] = {}
        while not self._closed:
            version = self._slack.changes
            try:
                regions = draw()
            except NotVisibleError:
                yield "event: gone\ndata: {}\n\n"
                return
            changed = {name: _difference(name, items, sent) for name, items in regions.items()}
            event = {name: each for name, each in changed.items() if each}
            yield f"data: {json.dumps(event)}\n\n" if event else ": still here\n\n"
            try:
                async with asyncio.timeout(_RENEW_S):
                    await self._slack.wait_for_change(version)
            except TimeoutError:
                continue
            await asyncio.sleep(_GATHER_S)


def _difference(
    name: str, items: list[Any], sent: dict[str, dict[str, str]]
) -> dict[str, Any] | None:
    """Return a region's order and its changed items, or None if nothing changed."""
    hashes = {each.key: each.hash for each in items}
    before = sent.get(name)
    if before is not None and list(before.items()) == list(hashes.items()):
        return None
    sent[name] = hashes
    known = before or {}
    fresh = {
        each.key: {"hash": each.hash, "html": str(each.html)}
        for each in items
        if known.get(each.key) != each.hash
    }
    return {"order": list(hashes), "items": fresh}
