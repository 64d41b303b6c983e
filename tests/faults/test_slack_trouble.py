"""Slack fails in different ways: every question is still answered once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.faults.bot_processes import Lives
from tests.faults.scene import scene

AFTER: dict[str, Any] = {"status": 500, "error": "internal_error", "after_effect": True}
LOST: dict[str, Any] = {"after_effect": True, "drop_response": True}
LIMITED: dict[str, Any] = {"status": 429, "error": "ratelimited", "retry_after": 1}
PROXY: dict[str, Any] = {"status": 503, "error": "upstream connect error", "plain": True}

SHOWING = ("agents.sessions.setStatus", "chat.startStream", "chat.appendStream", "chat.stopStream")
LAST_RESORT = {"streaming", "agent_sessions", "assistant_status"}
EDITING = ("reactions.add", "chat.postMessage", "chat.update", "reactions.remove")

EVERYTHING = (*SHOWING, *EDITING, "conversations.replies", "auth.test")


@pytest.fixture
def database(tmp_path: Path) -> str:
    """Use SQLite: Slack's failures don't depend on the database."""
    return f"sqlite:///{tmp_path / 'bot.db'}"


@pytest.mark.parametrize("fault", [AFTER, LOST, LIMITED, PROXY])
async def test_a_failed_call_posts_nothing_twice(
    tmp_path: Path, lives: Lives, database: str, fault: dict[str, Any]
) -> None:
    """Each Web API call of a reply fails once, before or after it takes effect."""
    async with scene(tmp_path, lives, database) as there, there.ready():
        asked = []
        for method in SHOWING:
            there.slack.fail_next(method, **fault)
            asked.append(await there.ask())
        await there.answered(*asked)
        there.slack.app.features -= LAST_RESORT
        for method in EDITING:
            there.slack.fail_next(method, **fault)
            asked.append(await there.ask())
        await there.answered(*asked)


async def test_answers_are_delivered_after_slack_was_down(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """Slack is unreachable while a question is answered; afterwards everything is delivered."""
    is_down = asyncio.Event()
    async with scene(tmp_path, lives, database) as there, there.ready() as life:
        for method in EVERYTHING:
            there.slack.fail_next(method, **PROXY, times=10_000, when=lambda _: is_down.is_set())
        first = await there.ask()
        await there.begun(first)
        is_down.set()
        second = await there.ask()
        await there.wrote(first)
        await life.says("slack_refused")
        await there.wrote(second)
        is_down.clear()
        await there.answered(first, second)


async def test_the_bot_waits_for_a_slow_slack(tmp_path: Path, lives: Lives, database: str) -> None:
    """Slack's late responses delay nobody and cause no repetition."""
    async with scene(tmp_path, lives, database) as there, there.ready():
        for method in SHOWING:
            there.slack.delay(method, 0.7)
        await there.answered(await there.ask(), await there.ask())


async def test_a_broken_connection_loses_no_event(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """Slack repeats unacknowledged events over the next connection: they are answered once."""
    async with scene(tmp_path, lives, database) as there, there.ready():
        there.slack.drop_acks()
        asked = [await there.ask()]
        await there.slack.wait_for(lambda: there.slack.deliveries[-1].acks)
        await there.slack.disconnect_sockets()
        asked.append(await there.ask())
        await there.answered(*asked)
        opened = len(there.slack.calls("apps.connections.open"))
        await there.slack.drop_sockets()
        asked.append(await there.ask())
        await there.slack.wait_for(
            lambda: len(there.slack.calls("apps.connections.open")) > opened, timeout=60
        )
        await there.slack.wait_for(lambda: there.slack.connections == 1, timeout=60)
        there.slack.clock.advance(61)  # events without a connection are resent
        for delivery in there.slack.deliveries[:2]:
            await there.slack.redeliver(delivery.event_id)
        await there.answered(*asked)


async def test_recovery_spares_a_reply_that_streams_in_the_same_thread(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """Recovery removes only what the crash left, not a reply that is streaming."""
    async with scene(tmp_path, lives, database) as there:
        async with there.ready(point="stream started, its ts not stored") as life:
            life.arm()
            first = await there.ask()
            assert await life.ended() is None
        async with there.ready():
            second = await there.ask(within=first)
            await there.answered(first, second)


@pytest.mark.parametrize("fault", [AFTER, LOST, PROXY])
async def test_a_notice_is_posted_once(
    tmp_path: Path, lives: Lives, database: str, fault: dict[str, Any]
) -> None:
    """The notice about a missing reply is posted once, even if Slack's response is lost."""
    async with scene(tmp_path, lives, database) as there:
        there.configure("[limits]\nquestions_per_person_hour = 1")
        async with there.ready():
            await there.answered(await there.ask())
            there.slack.fail_next("chat.postMessage", **fault)
            asked = await there.ask()
            await there.failed(asked)
            assert len(there.ours(asked)) == 1
            assert not there.slack.messages(there.slack.dm(there.there.ana))
