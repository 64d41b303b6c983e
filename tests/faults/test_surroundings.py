"""Other failures around the bot: the model provider, the clock."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from dataclasses import replace
from pathlib import Path

from tests.bot.processes import ROOT, ended, said
from tests.faults.bot_processes import Lives
from tests.faults.scene import SLOWLY, scene
from tests.models.replies import Reply, Status
from tests.stage import MODELS, variables


async def test_a_provider_outage_ends_in_one_notice(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """The asker gets one notice, nothing is left open, and the next question is answered."""
    async with scene(tmp_path, lives, database) as there, there.ready():
        right = dict(there.there.models.models)
        there.there.models.models |= dict.fromkeys(MODELS, Reply(fault=Status(503)))
        asked = await there.ask()
        await there.failed(asked)
        told = [m for m in there.ours(asked) if "None of the models" in m.text]
        assert len(there.ours(asked)) == len(told) == 1
        there.there.models.models.clear()
        there.there.models.models |= right
        await there.answered(await there.ask())


async def test_a_clock_that_is_set_back_loses_nothing(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """The clock jumps back by an hour during a running question and before a queued one."""
    gate = asyncio.Event()
    async with scene(tmp_path, lives, database, replace(SLOWLY, gate=gate)) as there:
        there.configure("[work]\nat_once = 1")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.clock", "run"),
            cwd=tmp_path,
            env={**os.environ, **variables(there.slack, tmp_path, database)}
            | {"PYTHONPATH": str(ROOT)},
            stderr=PIPE,
        )
        try:
            await said(process, "ready")
            asked = [await there.ask()]
            await there.begun(asked[0])
            asked.append(await there.ask())
            process.send_signal(signal.SIGUSR1)
            asked.append(await there.ask())
            gate.set()
            await there.answered(*asked)
            process.send_signal(signal.SIGUSR1)
            asked = [await there.ask(), await there.ask()]
            process.kill()
        finally:
            await ended(process)
        async with there.ready():
            there.slack.clock.advance(61)  # Slack resends unacknowledged events
            await there.answered(*asked)
