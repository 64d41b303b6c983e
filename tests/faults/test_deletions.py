"""A question is deleted while the bot is down, or as it dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.slack.ui.strings.troubles import TROUBLES
from tests.faults.bot_processes import PATIENCE_S, BotLauncher, BotProcess
from tests.faults.scene import SLOWLY, Asked, Scene, scene

GONE = TROUBLES["thread_gone"]


async def killed_in_its_reply(scenario: Scene, bot: BotProcess) -> Asked:
    """Ask a question whose process dies while its reply streams."""
    bot.arm()
    asked = await scenario.ask()
    assert await bot.exit_code() is None
    return asked


async def assert_withdrawn(scenario: Scene, asked: Asked) -> None:
    """Check that nothing of it is left in the channel and that the asker was notified."""
    async with asyncio.timeout(PATIENCE_S):
        while scenario.state(asked) != "failed" or scenario.queued_jobs():  # noqa: ASYNC110 - a database does not report changes
            await asyncio.sleep(0.05)
    slack, general = scenario.slack, scenario.services.general
    ours = [m for m in general.messages.values() if m.user == slack.bot_user_id]
    assert ours == []
    told = slack.messages(slack.dm(scenario.services.ana))
    assert GONE in slack.render(told[-1])
    assert scenario.stored_texts(asked) == []


async def test_a_question_deleted_while_the_bot_was_down(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """The next start finds the thread deleted, and posts no answer into the channel."""
    async with scene(tmp_path, launcher, database, writer=SLOWLY) as scenario:
        async with scenario.ready(point="aggregator in the middle of its stream") as bot:
            asked = await killed_in_its_reply(scenario, bot)
        await scenario.slack.delete_thread(scenario.services.general, asked.ts)
        async with scenario.ready():
            await assert_withdrawn(scenario, asked)


async def test_a_question_in_a_thread_deleted_while_the_bot_was_down(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """Only the question in the thread is deleted: its unfinished reply is removed."""
    async with scene(tmp_path, launcher, database, writer=SLOWLY) as scenario:
        root = await scenario.slack.post(
            scenario.services.ana, scenario.services.general, "A plan."
        )
        async with scenario.ready(point="aggregator in the middle of its stream") as bot:
            bot.arm()
            asked = await scenario.ask(within=Asked(root, root, ""))
            assert await bot.exit_code() is None
        await scenario.slack.delete(scenario.services.general, asked.ts)
        async with scenario.ready():
            await assert_withdrawn(scenario, asked)


async def test_killed_after_receiving_the_deletion(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """An acknowledged event is handled after a restart, since Slack does not repeat it."""
    async with scene(tmp_path, launcher, database, writer=SLOWLY) as scenario:
        scenario.slack.app.events.add("message.channels")
        async with scenario.ready(point="deletion stored") as bot:
            asked = await scenario.ask()
            await scenario.begun(asked)
            bot.arm()
            await scenario.slack.delete(scenario.services.general, asked.ts)
            assert await bot.exit_code() is None
        async with scenario.ready():
            await assert_withdrawn(scenario, asked)
