"""Whether the process can take questions, and its metrics."""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.ports import QueueStats, RunStore
from bot.slack.api.connection import Mode, SlackLink
from bot.storage.database import Database
from bot.telemetry.metrics import Metrics

QUEUE_TIMEOUT_S = 5.0
"""Seconds to wait for the queue's figures; Prometheus waits 10 by default."""


class Health:
    """The health of a bot whose database is open.

    Args:
        database: must answer for the bot to be ready.
        runs: has the queue's figures.
        metrics: what was counted.
        link: the connection to Slack, which must be up for the bot to be ready.

    Attributes:
        link: the connection to Slack.
    """

    def __init__(
        self, database: Database, runs: RunStore, metrics: Metrics, link: SlackLink
    ) -> None:
        self._database = database
        self._runs = runs
        self._metrics = metrics
        self.link = link

    async def is_ready(self) -> bool:
        """Return whether Slack is connected and the database answers."""
        return await self.link.is_up() and await self._has_database()

    async def scrape(self) -> bytes:
        """Return all metrics, with the queue's figures read from the run store now."""
        mode = self.link.mode
        return self._metrics.render(
            await self._queue(),
            connected=await self.link.is_up() if mode == "socket" else None,
            takes_events=mode != "worker",
        )

    async def _has_database(self) -> bool:
        try:
            async with self._database.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def _queue(self) -> QueueStats | None:
        try:
            async with asyncio.timeout(QUEUE_TIMEOUT_S):
                return await self._runs.queue()
        except (SQLAlchemyError, OSError):  # OSError includes TimeoutError
            return None


class ProcessHealth:
    """The health of the process from its first moment, before there is a bot, to its last.

    Args:
        mode: how Slack's requests arrive.

    Attributes:
        bot: the health of the bot; None while there is none, and then nothing is ready.
    """

    def __init__(self, mode: Mode) -> None:
        self.bot: Health | None = None
        self._mode: Mode = mode

    async def is_ready(self) -> bool:
        """Return whether there is a bot that can take questions."""
        return self.bot is not None and await self.bot.is_ready()

    async def scrape(self) -> bytes:
        """Return the bot's metrics. Before there is one, no Slack and no database is connected."""
        if self.bot:
            return await self.bot.scrape()
        connected = False if self._mode == "socket" else None
        return Metrics((), ()).render(None, connected=connected, takes_events=False)
