"""Other failures around the bot: the model provider, the clock."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from dataclasses import replace
from pathlib import Path

from tests.bot.processes import ROOT, log_until, rest_of_log
from tests.faults.bot_processes import BotLauncher
from tests.faults.scene import SLOWLY, scene
from tests.models.replies import Reply, Status
from tests.stage import MODELS, variables


async def test_a_provider_outage_ends_in_one_notice(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """The asker gets one notice, nothing is left open, and the next question is answered."""
    async with scene(tmp_path, launcher, database) as scenario, scenario.ready():
        right = dict(scenario.services.models.models)
        scenario.services.models.models |= dict.fromkeys(MODELS, Reply(fault=Status(503)))
        asked = await scenario.ask()
        await scenario.failed(asked)
        told = [m for m in scenario.ours(asked) if "None of the models" in m.text]
        assert len(scenario.ours(asked)) == len(told) == 1
        scenario.services.models.models.clear()
        scenario.services.models.models |= right
        await scenario.answered(await scenario.ask())


async def test_a_clock_that_is_set_back_loses_nothing(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """The clock jumps back by an hour during a running question and before a queued one."""
    gate = asyncio.Event()
    async with scene(tmp_path, launcher, database, replace(SLOWLY, gate=gate)) as scenario:
        scenario.configure("[work]\nat_once = 1")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.clock", "run"),
            cwd=tmp_path,
            env={**os.environ, **variables(scenario.slack, tmp_path, database)}
            | {"PYTHONPATH": str(ROOT)},
            stderr=PIPE,
        )
        try:
            await log_until(process, "ready")
            asked = [await scenario.ask()]
            await scenario.begun(asked[0])
            asked.append(await scenario.ask())
            process.send_signal(signal.SIGUSR1)
            asked.append(await scenario.ask())
            gate.set()
            await scenario.answered(*asked)
            process.send_signal(signal.SIGUSR1)
            asked = [await scenario.ask(), await scenario.ask()]
            process.kill()
        finally:
            await rest_of_log(process)
        async with scenario.ready():
            scenario.slack.clock.advance(61)  # Slack resends unacknowledged events
            await scenario.answered(*asked)
