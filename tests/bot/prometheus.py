"""Read `/metrics` as Prometheus does."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import aiohttp
from prometheus_client.parser import text_string_to_metric_families as families

from bot.health import Health
from bot.http import admin_web_app, serve
from bot.playground.server import LocalSlack


class Scraped:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families(text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of our series with exactly these labels; None if there is none."""
        return self._values.get((f"moa_bot_{name}", frozenset(labels.items())))

    def labels(self) -> set[str]:
        """Return all label values, except those of histogram buckets."""
        return {value for _, labels in self._values for name, value in labels if name != "le"}


async def scrape(url: str) -> Scraped:
    """Fetch and parse the metrics at an address."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return Scraped(await answer.text())


def operators_port(health: Health) -> AbstractAsyncContextManager[int]:
    """Serve the operators' routes on a port of their own, and yield it."""
    return serve(admin_web_app(health.is_ready, health.scrape), "127.0.0.1", 0)


def metrics_url(slack: LocalSlack) -> str:
    """Return the metrics address of a bot in HTTP mode."""
    assert slack.request_url is not None
    return slack.request_url.replace("/slack/events", "/metrics")
