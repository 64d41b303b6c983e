"""The connection to Slack: losses are detected, logged once, and repaired."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.slack.api import socket_mode
from tests.bot.processes import LocalServices, local_services, started_bot
from tests.bot.prometheus import operators_port, scrape
from tests.forks import Forked
from tests.models.replies import Reply
from tests.stage import on_stage

POLL_S = 0.05


async def wait_until(condition: Callable[[], Any]) -> Any:
    """Wait until something is true, and return it."""
    async with asyncio.timeout(60):
        while not (found := condition()):  # noqa: ASYNC110 - it polls another process
            await asyncio.sleep(POLL_S)
    return found


async def is_ready(base: str) -> bool:
    """Return the result of `/readyz`; its status code must match."""
    async with aiohttp.ClientSession() as session, session.get(f"{base}/readyz") as answer:
        ready = (await answer.json())["ready"]
        assert answer.status == (200 if ready else 503)
        return ready


async def wait_for_readiness(base: str, *, ready: bool) -> None:
    """Wait until `/readyz` and the gauge say so."""
    async with asyncio.timeout(60):
        while await is_ready(base) != ready:  # noqa: ASYNC110 - it polls another process
            await asyncio.sleep(POLL_S)
    assert (await scrape(f"{base}/metrics")).value("slack_connected") == float(ready)


class Watched:
    """A bot process in Socket Mode, and what an operator sees of it.

    Attributes:
        lines: its log so far; each line is one JSON object, so no traceback is among them.
    """

    def __init__(self, services: LocalServices, process: Process | Forked) -> None:
        self.services = services
        self.slack = services.slack
        self.process = process
        self.lines: list[dict[str, Any]] = []

    async def read(self) -> None:
        """Read the log until the process ends."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(json.loads(line))

    async def wait_for_event(self, event: str) -> dict[str, Any]:
        """Wait for a line of the log, and return it."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines if line["event"] == event]

        return (await wait_until(found))[-1]

    @property
    def base(self) -> str:
        """Return the address of the operators' routes."""
        [address] = [line["address"] for line in self.lines if line["event"] == "metrics_served"]
        return address.removesuffix("/metrics")

    @property
    def connection_events(self) -> list[str]:
        """Return the log events about the connection."""
        ours = ("slack_connect", "slack_not_connected", "slack_token")
        return [line["event"] for line in self.lines if line["event"].startswith(ours)]

    async def ready(self) -> bool:
        return await is_ready(self.base)

    async def wait_for_readiness(self, *, ready: bool) -> None:
        await wait_for_readiness(self.base, ready=ready)

    async def assert_answers(self) -> None:
        """Require that a question gets its reply."""
        assert "The reply." in await self.services.complete(await self.services.ask())


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncGenerator[Watched, None]:
    change = {"LOG_FORMAT": "json"}
    options = ("--metrics-port", "0")
    async with (
        local_services(tmp_path, Reply("The reply.")) as services,
        started_bot(tmp_path, services.slack, *options, change=change) as process,
    ):
        watched = Watched(services, process)
        task = asyncio.create_task(watched.read())
        await watched.wait_for_event("ready")
        yield watched
        process.terminate()
        await task
        assert watched.lines[-1]["event"] == "stopped"


async def test_the_bot_is_ready_while_connected(watched: Watched) -> None:
    """It logs the connection once."""
    assert await watched.ready()
    assert (await scrape(f"{watched.base}/metrics")).value("slack_connected") == 1
    assert watched.connection_events.count("slack_connected") == 1


async def test_a_lost_connection_is_reopened(watched: Watched) -> None:
    """Loss and recovery are one line each, and questions get replies as before."""
    await watched.slack.drop_sockets()
    assert (await watched.wait_for_event("slack_connection_lost"))["reason"] == "closed"
    assert (await watched.wait_for_event("slack_connected_again"))["after_s"] >= 0
    await watched.wait_for_readiness(ready=True)
    await watched.assert_answers()
    assert watched.connection_events[-2:] == ["slack_connection_lost", "slack_connected_again"]


async def test_the_bot_is_not_ready_while_slack_refuses_connections(watched: Watched) -> None:
    """The log has one line per cause, no matter how often the bot retries."""
    watched.slack.fail_next("apps.connections.open", error="internal_error", times=2)
    await watched.slack.drop_sockets()
    await watched.wait_for_event("slack_not_connected")
    assert not await watched.ready()
    await watched.wait_for_readiness(ready=True)
    assert watched.connection_events == [
        "slack_connected",
        "slack_connection_lost",
        "slack_not_connected",
        "slack_connected_again",
    ]


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
async def test_a_refused_token_is_logged_once(watched: Watched, code: str) -> None:
    """The log names the variable and Slack's code; a valid token fixes it."""
    watched.slack.fail_next("apps.connections.open", error=code, times=2)
    await watched.slack.drop_sockets()
    line = await watched.wait_for_event("slack_token_refused")
    assert (line["level"], line["variable"], line["code"]) == ("error", "SLACK_APP_TOKEN", code)
    assert not await watched.ready()
    await watched.wait_for_readiness(ready=True)
    await watched.assert_answers()
    assert watched.connection_events.count("slack_token_refused") == 1


@pytest.mark.parametrize("asked_before", [False, True])
async def test_a_refused_bot_token_is_logged_once(watched: Watched, *, asked_before: bool) -> None:
    """It is logged once, no matter how many calls fail; so is the recovery."""
    if asked_before:
        await watched.assert_answers()
    watched.slack.app.revoked = True
    for _ in range(2):
        await watched.services.ask()
    await watched.slack.wait_for_deliveries()
    line = await watched.wait_for_event("slack_token_refused")
    assert (line["variable"], line["code"]) == ("SLACK_BOT_TOKEN", "token_revoked")
    watched.slack.restore_tokens()
    await watched.assert_answers()
    assert watched.connection_events == [
        "slack_connected",
        "slack_token_refused",
        "slack_token_accepted",
    ]
    assert [each for each in watched.lines if each["level"] == "error"] == [line]


async def test_the_bot_recovers_when_a_removed_app_is_reinstalled(watched: Watched) -> None:
    """It recovers from revoked tokens and a closed connection."""
    await watched.slack.revoke_tokens()
    assert (await watched.wait_for_event("slack_token_refused"))["code"] == "token_revoked"
    await watched.wait_for_readiness(ready=False)
    watched.slack.restore_tokens()
    await watched.wait_for_readiness(ready=True)
    await watched.assert_answers()


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_slack_asks_for_a_new_connection(watched: Watched, reason: str) -> None:
    """The new session opens before the old one closes: no event is lost."""
    await watched.slack.disconnect_sockets(reason)
    await watched.slack.wait_for(lambda: watched.slack.connections == 2)
    await watched.assert_answers()
    await watched.slack.wait_for(lambda: watched.slack.connections == 1, timeout=30)
    assert await watched.ready()
    assert "slack_connection_lost" not in watched.connection_events
    assert all(len(each.acks) == 1 for each in watched.slack.deliveries)


async def test_socket_mode_is_switched_off(watched: Watched) -> None:
    """The line has Slack's reason."""
    watched.slack.fail_next("apps.connections.open", error="not_allowed", times=2)
    await watched.slack.disconnect_sockets("link_disabled")
    assert (await watched.wait_for_event("slack_connection_lost"))["reason"] == "link_disabled"
    await watched.wait_for_event("slack_not_connected")
    assert not await watched.ready()
    await watched.wait_for_readiness(ready=True)


async def test_an_open_session_without_pongs_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open session without pongs counts as lost."""
    monkeypatch.setattr(socket_mode, "PING_S", 0.4)
    async with on_stage(tmp_path) as stage, operators_port(stage.bot.health) as port:
        stage.slack.freeze_sockets()
        await stage.slack.wait_for(lambda: stage.slack.connections == 2)
        await wait_for_readiness(f"http://127.0.0.1:{port}", ready=True)
        await stage.replied(await stage.ask("What is the risk?"))


async def test_a_failed_websocket_address_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address works once: after a failure, Slack is asked for a new one."""
    monkeypatch.setattr(socket_mode, "OPEN_TIMEOUT_S", 0.5)
    async with on_stage(tmp_path) as stage, operators_port(stage.bot.health) as port:
        stage.slack.refuse_sockets(2)
        await stage.slack.drop_sockets()
        await wait_for_readiness(f"http://127.0.0.1:{port}", ready=False)
        await wait_for_readiness(f"http://127.0.0.1:{port}", ready=True)
        await stage.replied(await stage.ask("What is the risk?"))


@pytest.mark.slow
async def test_the_bot_is_not_ready_before_the_first_connection(tmp_path: Path) -> None:
    """While Slack refuses the first websocket, it runs and is not ready."""
    async with (
        local_services(tmp_path, Reply("The reply.")) as services,
        started_bot(
            tmp_path, services.slack, "--metrics-port", "0", change={"LOG_FORMAT": "json"}
        ) as process,
    ):
        services.slack.refuse_sockets(1)
        watched = Watched(services, process)
        task = asyncio.create_task(watched.read())
        await watched.wait_for_event("metrics_served")
        await watched.wait_for_readiness(ready=False)
        await watched.wait_for_readiness(ready=True)
        process.kill()
        await task


async def test_the_age_of_the_last_event(watched: Watched) -> None:
    """It grows while Slack is silent, and restarts with an event."""
    age = await _age(watched, lambda value: value > 0.5)
    await watched.assert_answers()
    assert await _age(watched, lambda value: value < age) < age


async def _age(watched: Watched, wanted: Callable[[float], bool]) -> float:
    async with asyncio.timeout(30):
        while True:
            value = (await scrape(f"{watched.base}/metrics")).value("slack_last_event_seconds")
            assert value is not None
            if wanted(value):
                return value
            await asyncio.sleep(0.05)
