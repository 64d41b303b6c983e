"""Actions of people on replies in the local Slack, and their effects, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select

from bot.playground.delivery.outbox import Ack, Envelope, Transport
from bot.playground.state.models import Channel, SlackMessage, User
from bot.ports import Run
from bot.slack.api.metadata import run_id_of
from bot.slack.ui.blocks import AGAIN
from bot.storage.tables import feedback, runs
from tests.slack.home_actions import EVENTS
from tests.stage import Stage

ALL_EVENTS = (*EVENTS, "agent_session_stopped", "agent_session_title_changed")


@dataclass
class Tape:
    """Records the requests to the app so that they can be replayed."""

    transport: Transport
    sent: list[Envelope] = field(default_factory=list[Envelope])

    async def send(self, envelope: Envelope) -> Ack:
        """Send a request and record it."""
        self.sent.append(envelope)
        return await self.transport.send(envelope)

    async def replay(self) -> Ack:
        """Send the last request again, byte for byte."""
        return await self.transport.send(self.sent[-1])


def taped(stage: Stage) -> Tape:
    """Record what the local Slack sends from now on."""
    outbox = stage.slack._emulator.outbox
    assert outbox.transport is not None
    tape = Tape(outbox.transport)
    outbox.transport = tape
    return tape


async def wait_for_notice(
    stage: Stage, user: User, notice: str, channel: Channel | None = None
) -> SlackMessage:
    """Wait for a message that only this person sees with this text, and return the newest."""

    def found() -> list[SlackMessage]:
        shown = stage.slack.ephemerals(user, channel or stage.general)
        return [m for m in shown if notice in stage.slack.render(m)]

    return (await stage.slack.wait_for(found))[-1]


async def wait_for_direct_message(stage: Stage, user: User, notice: str) -> SlackMessage:
    """Wait for the bot's direct message with this text, and return it."""

    def found() -> list[SlackMessage]:
        shown = stage.slack.messages(stage.slack.dm(user))
        return [m for m in shown if notice in stage.slack.render(m)]

    return (await stage.slack.wait_for(found))[-1]


async def wait_until_idle(stage: Stage) -> None:
    """Wait until no run is active: the end is stored a moment after it is shown."""
    async with asyncio.timeout(20):
        while (queue := await stage.bot.runs.queue()).running or queue.waiting:  # noqa: ASYNC110 - the database has no event for it
            await asyncio.sleep(0.01)


async def regenerate(stage: Stage, user: User, reply: SlackMessage, count: int = 2) -> SlackMessage:
    """Click Regenerate or Try again, and return the thread's `count`-th reply."""
    await wait_until_idle(stage)
    await stage.slack.click(user, reply, AGAIN)
    return await stage.replied(str(reply.thread_ts), count)


async def run_of_reply(stage: Stage, reply: SlackMessage) -> Run:
    """Return the run of a reply."""
    run = await stage.bot.runs.get(str(run_id_of({"metadata": reply.metadata})))
    assert run is not None
    return run


async def count_runs(stage: Stage) -> int:
    """Return how many questions were stored."""
    async with stage.bot.database.connect() as connection:
        return (await connection.scalar(select(func.count()).select_from(runs))) or 0


async def verdicts(stage: Stage) -> Sequence[Row[Any, Any, Any]]:
    """Return the stored feedback: user, verdict and reason."""
    query = select(feedback.c.user, feedback.c.verdict, feedback.c.reason)
    async with stage.bot.database.connect() as connection:
        return (await connection.execute(query)).all()
