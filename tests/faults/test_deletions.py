"""A question is deleted while the bot is down, or while it dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.slack.ui.strings.troubles import TROUBLES
from tests.faults.bot_processes import PATIENCE_S, Life, Lives
from tests.faults.scene import SLOWLY, Asked, Scene, scene

GONE = TROUBLES["thread_gone"]


async def killed_in_its_reply(there: Scene, life: Life) -> Asked:
    """Ask a question whose process dies while its reply streams."""
    life.arm()
    asked = await there.ask()
    assert await life.ended() is None
    return asked


async def assert_withdrawn(there: Scene, asked: Asked) -> None:
    """Check that nothing of it is left in the channel and that the asker knows."""
    async with asyncio.timeout(PATIENCE_S):
        while there.state(asked) != "failed" or there.held():  # noqa: ASYNC110 - a database tells nobody of changes
            await asyncio.sleep(0.05)
    slack, general = there.slack, there.there.general
    ours = [m for m in general.messages.values() if m.user == slack.bot_user_id]
    assert ours == []
    told = slack.messages(slack.dm(there.there.ana))
    assert GONE in slack.render(told[-1])
    assert there.words_stored(asked) == []


async def test_deleted_while_the_bot_was_down(tmp_path: Path, lives: Lives, database: str) -> None:
    """The next start finds the thread deleted, and posts no answer into the channel."""
    async with scene(tmp_path, lives, database, writer=SLOWLY) as there:
        async with there.ready(point="aggregator in the middle of its stream") as life:
            asked = await killed_in_its_reply(there, life)
        await there.slack.delete_thread(there.there.general, asked.ts)
        async with there.ready():
            await assert_withdrawn(there, asked)


async def test_deleted_within_a_thread_while_the_bot_was_down(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """Only the question in the thread is deleted: its unfinished reply is removed."""
    async with scene(tmp_path, lives, database, writer=SLOWLY) as there:
        root = await there.slack.post(there.there.ana, there.there.general, "A plan.")
        async with there.ready(point="aggregator in the middle of its stream") as life:
            life.arm()
            asked = await there.ask(within=Asked(root, root, ""))
            assert await life.ended() is None
        await there.slack.delete(there.there.general, asked.ts)
        async with there.ready():
            await assert_withdrawn(there, asked)


async def test_killed_after_receiving_the_deletion(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """An acknowledged event is handled after a restart, since Slack does not repeat it."""
    async with scene(tmp_path, lives, database, writer=SLOWLY) as there:
        there.slack.app.events.add("message.channels")
        async with there.ready(point="deletion stored") as life:
            asked = await there.ask()
            await there.begun(asked)
            life.arm()
            await there.slack.delete(there.there.general, asked.ts)
            assert await life.ended() is None
        async with there.ready():
            await assert_withdrawn(there, asked)
