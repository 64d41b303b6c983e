"""Processes are killed at random during a few questions; `benchmarks.bot.kills` asks hundreds."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.faults.bot_processes import BotLauncher
from tests.faults.random_kills import kill_at_random
from tests.faults.scene import SLOWLY, scene

QUESTIONS = 12


@pytest.mark.parametrize(("kind", "processes"), [("sqlite", 1), ("postgres", 2)])
async def test_random_kills_lose_and_repeat_nothing(
    tmp_path: Path, launcher: BotLauncher, databases: Databases, kind: str, processes: int
) -> None:
    """There are as many answers as questions, whenever the processes died."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    writer = replace(SLOWLY, pace_s=0.05)
    async with scene(tmp_path, launcher, databases.fresh(kind), writer) as scenario:
        tally = await kill_at_random(scenario, questions=QUESTIONS, processes=processes, seed=seed)
    assert tally.questions >= QUESTIONS
    assert tally.kills > 0
