"""A process is killed at every named point of a run; the next process continues from there.

The points are named in `tests.faults.kill_points`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.databases import KINDS, Databases
from tests.faults.bot_processes import BotLauncher
from tests.faults.kill_points import EDITED, PLAINER, POINTS, REQUEUED, RESUMED, WAITING
from tests.faults.scene import Asked, Paid, Scene, scene

ON_THE_WAY_S = 0.3
"""Seconds in which a server receives data sent by a process that was then killed."""

CHAINS = 4
"""The number of bots among which the points are divided."""

LAST_RESORT = {"streaming", "agent_sessions", "assistant_status"}


async def killed_at_each(
    scenario: Scene, points: Iterable[str], *options: str, busy: bool = False
) -> None:
    """Kill one process after the other, each at a different point; then let the last one finish.

    Each process gets two questions: one is at the point, the other one anywhere.

    Args:
        scenario: the workspace and models.
        points: where the processes are killed.
        options: command-line options.
        busy: whether a third question is running when those two arrive.
    """
    left: list[tuple[Asked, Paid]] = []
    for point in [*points, None]:
        async with scenario.ready(*options, point=point) as bot:
            scenario.slack.clock.advance(61)  # Slack resends unacknowledged events
            await scenario.answered(*(asked for asked, _ in left))
            for asked, before in left:
                scenario.check_paid(asked, before)
            if point is None:
                return
            asked = [await scenario.ask()] if busy else []
            for one in asked:
                await scenario.begun(one)
            bot.arm()
            asked += [await scenario.ask(), await scenario.ask()]
            assert await bot.exit_code() is None, f"not killed at: {point}"
            await asyncio.sleep(ON_THE_WAY_S)
            left = [(one, scenario.paid(one)) for one in asked]


@pytest.mark.parametrize("kind", KINDS)
async def test_killed_at_any_point_of_a_question(
    tmp_path: Path, launcher: BotLauncher, databases: Databases, kind: str
) -> None:
    """Each question is answered exactly once, nothing is left open, nothing is paid twice."""

    async def chain(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        async with scene(folder, launcher, databases.fresh(kind)) as scenario:
            await killed_at_each(scenario, [*POINTS][number::CHAINS])

    # In parallel, since each of them mostly waits.
    async with asyncio.TaskGroup() as group:
        for number in range(CHAINS):
            group.create_task(chain(number))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_killed_while_all_slots_are_taken(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """A queued question is as safe as a running one."""
    async with scene(tmp_path, launcher, database) as scenario:
        scenario.configure("[work]\nat_once = 1")
        await killed_at_each(scenario, WAITING, busy=True)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_killed_where_slack_can_neither_stream_nor_show_a_session(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """No status line and no reaction of a dead process remains, however progress is shown."""
    async with scene(tmp_path, launcher, database) as scenario:
        scenario.slack.app.features -= LAST_RESORT
        await killed_at_each(scenario, EDITED)


@pytest.mark.parametrize("point", PLAINER)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_killed_where_slack_refuses_the_buttons(
    tmp_path: Path, launcher: BotLauncher, database: str, point: str
) -> None:
    """The reply remains, and its buttons follow once, in a separate message."""
    async with scene(tmp_path, launcher, database) as scenario:
        scenario.slack.fail_next(
            "chat.stopStream",
            error="invalid_blocks",
            times=999,
            when=lambda args: bool(args.get("blocks")),
        )
        async with scenario.ready(point=point) as bot:
            bot.arm()
            asked = await scenario.ask()
            assert await bot.exit_code() is None
        async with scenario.ready():
            await scenario.slack.wait_for(lambda: scenario.state(asked) == "answered", timeout=30)
            thread = "\n".join(map(scenario.slack.render, scenario.ours(asked)))
            assert thread.count("nine ten.") == 1
            assert thread.count("[Show answers]") == 1
            assert not any(message.streaming for message in scenario.ours(asked))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_killed_with_slack_by_http(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """Events over HTTP are as safe as over Socket Mode."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    async with scene(tmp_path, launcher, database) as scenario:
        scenario.slack.request_url = f"http://127.0.0.1:{port}/slack/events"
        points = ("question stored, not acknowledged", "acknowledged, not queued", "begun")
        await killed_at_each(scenario, points, "--http", "--port", port)


async def test_killed_again_during_recovery(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """A process that dies during recovery leaves nothing more behind than the first one."""
    async with scene(tmp_path, launcher, database) as scenario:
        async with scenario.ready(point="aggregator in the middle of its stream") as bot:
            bot.arm()
            asked = [await scenario.ask(), await scenario.ask()]
            assert await bot.exit_code() is None
        for point in RESUMED if database.startswith("sqlite") else [*REQUEUED, *RESUMED]:
            async with scenario.start(point=point, armed=True) as bot:
                assert await bot.exit_code() is None, f"not killed at: {point}"
            await asyncio.sleep(ON_THE_WAY_S)
        left = [(one, scenario.paid(one)) for one in asked]
        async with scenario.ready():
            await scenario.answered(*asked)
        for one, before in left:
            scenario.check_paid(one, before)
