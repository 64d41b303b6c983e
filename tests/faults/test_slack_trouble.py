"""Slack fails in different ways: every question is still answered once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.faults.bot_processes import BotLauncher
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
    tmp_path: Path, launcher: BotLauncher, database: str, fault: dict[str, Any]
) -> None:
    """Each Web API call of a reply fails once, before or after it takes effect."""
    async with scene(tmp_path, launcher, database) as scenario, scenario.ready():
        asked = []
        for method in SHOWING:
            scenario.slack.fail_next(method, **fault)
            asked.append(await scenario.ask())
        await scenario.answered(*asked)
        scenario.slack.app.features -= LAST_RESORT
        for method in EDITING:
            scenario.slack.fail_next(method, **fault)
            asked.append(await scenario.ask())
        await scenario.answered(*asked)


async def test_answers_are_delivered_after_slack_was_down(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """Slack is unreachable while a question is answered; afterwards everything is delivered."""
    is_down = asyncio.Event()
    async with scene(tmp_path, launcher, database) as scenario, scenario.ready() as bot:
        for method in EVERYTHING:
            scenario.slack.fail_next(method, **PROXY, times=10_000, when=lambda _: is_down.is_set())
        first = await scenario.ask()
        await scenario.begun(first)
        is_down.set()
        second = await scenario.ask()
        await scenario.wrote(first)
        await bot.wait_for_log("slack_refused")
        await scenario.wrote(second)
        is_down.clear()
        await scenario.answered(first, second)


async def test_the_bot_waits_for_a_slow_slack(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """Slack's late responses delay nobody and cause no repetition."""
    async with scene(tmp_path, launcher, database) as scenario, scenario.ready():
        for method in SHOWING:
            scenario.slack.delay(method, 0.7)
        await scenario.answered(await scenario.ask(), await scenario.ask())


async def test_a_broken_connection_loses_no_event(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """Slack repeats unacknowledged events over the next connection: they are answered once."""
    async with scene(tmp_path, launcher, database) as scenario, scenario.ready():
        scenario.slack.drop_acks()
        asked = [await scenario.ask()]
        await scenario.slack.wait_for(lambda: scenario.slack.deliveries[-1].acks)
        await scenario.slack.disconnect_sockets()
        asked.append(await scenario.ask())
        await scenario.answered(*asked)
        opened = len(scenario.slack.calls("apps.connections.open"))
        await scenario.slack.drop_sockets()
        asked.append(await scenario.ask())
        await scenario.slack.wait_for(
            lambda: len(scenario.slack.calls("apps.connections.open")) > opened, timeout=60
        )
        await scenario.slack.wait_for(lambda: scenario.slack.connections == 1, timeout=60)
        scenario.slack.clock.advance(61)  # events without a connection are resent
        for delivery in scenario.slack.deliveries[:2]:
            await scenario.slack.redeliver(delivery.event_id)
        await scenario.answered(*asked)


async def test_recovery_spares_a_reply_that_streams_in_the_same_thread(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """Recovery removes only what the crash left, not a reply that is streaming."""
    async with scene(tmp_path, launcher, database) as scenario:
        async with scenario.ready(point="stream started, its ts not stored") as bot:
            bot.arm()
            first = await scenario.ask()
            assert await bot.exit_code() is None
        async with scenario.ready():
            second = await scenario.ask(within=first)
            await scenario.answered(first, second)


@pytest.mark.parametrize("fault", [AFTER, LOST, PROXY])
async def test_a_notice_is_posted_once(
    tmp_path: Path, launcher: BotLauncher, database: str, fault: dict[str, Any]
) -> None:
    """The notice about a missing reply is posted once, even if Slack's response is lost."""
    async with scene(tmp_path, launcher, database) as scenario:
        scenario.configure("[limits]\nquestions_per_person_hour = 1")
        async with scenario.ready():
            await scenario.answered(await scenario.ask())
            scenario.slack.fail_next("chat.postMessage", **fault)
            asked = await scenario.ask()
            await scenario.failed(asked)
            assert len(scenario.ours(asked)) == 1
            assert not scenario.slack.messages(scenario.slack.dm(scenario.services.ana))
