"""A question that is deleted while the bot is away, or while it dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.slack.ui import strings
from tests.faults.bot_processes import PATIENCE_S, Life, Lives
from tests.faults.scene import SLOWLY, Asked, Scene, scene

GONE = strings.TROUBLES["thread_gone"]


async def killed_in_its_reply(there: Scene, life: Life) -> Asked:
    """A question whose process dies while its reply grows."""
    life.arm()
    asked = await there.ask()
    assert await life.ended() is None
    return asked


async def assert_withdrawn(there: Scene, asked: Asked) -> None:
    """Nothing of it is in the channel, and the asker was told."""
    async with asyncio.timeout(PATIENCE_S):
        while there.state(asked) != "failed" or there.held():  # noqa: ASYNC110 - a database tells nobody of changes
            await asyncio.sleep(0.05)
    slack, general = there.slack, there.there.general
    ours = [m for m in general.messages.values() if m.user == slack.bot_user_id]
    assert ours == []
    told = slack.messages(slack.dm(there.there.ana))
    assert GONE in slack.render(told[-1])
    assert there.words_stored(asked) == []


async def test_deleted_while_nobody_was_there(tmp_path: Path, lives: Lives, database: str) -> None:
    """The next start finds the thread gone, and brings no answer into the channel."""
    async with scene(tmp_path, lives, database, writer=SLOWLY) as there:
        async with there.ready(point="aggregator in the middle of its stream") as life:
            asked = await killed_in_its_reply(there, life)
        await there.slack.delete_thread(there.there.general, asked.ts)
        async with there.ready():
            await assert_withdrawn(there, asked)


async def test_deleted_within_a_thread_while_nobody_was_there(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """The thread stands, but the question in it is gone: what was begun for it goes too."""
    async with scene(tmp_path, lives, database, writer=SLOWLY) as there:
        root = await there.slack.post(there.there.ana, there.there.general, "A plan.")
        async with there.ready(point="aggregator in the middle of its stream") as life:
            life.arm()
            asked = await there.ask(within=Asked(root, root, ""))
            assert await life.ended() is None
        await there.slack.delete(there.there.general, asked.ts)
        async with there.ready():
            await assert_withdrawn(there, asked)


async def test_killed_after_it_heard_of_the_deletion(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """What Slack was told is acknowledged is done after a restart: Slack does not say it again."""
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
