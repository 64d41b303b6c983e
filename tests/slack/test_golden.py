"""The prompts of forty kinds of messages, compared with files that people can read.

After an intended change, rewrite the files and read them:

    MOA_GOLDEN=write python3 -m tests tests/slack/test_golden.py
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bot.playground.clock import Clock
from bot.playground.state.installation import BOT_SCOPES
from tests.models.replies import Reply, Request
from tests.slack.golden_app_cases import long_thread
from tests.slack.golden_cases import CASES, Case
from tests.stage import CONFIG, Mode, Stage, on_stage

FOLDER = Path(__file__).parent / "golden"
WRITES = os.environ.get("MOA_GOLDEN") == "write"

START = 1_795_440_600.0
"""Monday, 23 November 2026, 10:50 in Lisbon."""

EVERYTHING = """# Plan

Work **four** days, see [the trial](https://good.example/trial).

1. Ask `hr`
2. Try it

| Team | Day |
| --- | --- |
| Red | Friday |

```python
print("free")
```"""


MODELS = {"writer-1": Reply(text=EVERYTHING)}


@pytest.fixture
def mode() -> Mode:
    """Run once only: neither the connection nor the database changes a prompt."""
    return "socket"


def as_text(request: Request) -> str:
    """Return a request as a golden file shows it."""
    parts = [("system", request.system), *request.turns]
    text = "\n\n".join(f"=== {role} ===\n{content}" for role, content in parts)
    images = "".join(f"\n[image: {kind}]" for kind, _ in request.images)
    return f"{text}{images}\n"


async def received(stage: Stage, act: Case) -> str:
    """Return what the model receives in a case."""
    before = len(stage.models.questions)
    async with asyncio.timeout(20):
        await act(stage)
        await stage.models.questions_ended(before + 1)
        await idle(stage)
    return as_text(stage.models.questions[-1])


async def idle(stage: Stage) -> None:
    """Wait until every question was answered."""
    await stage.slack.wait_for_deliveries()
    while await stage.bot.runs.unfinished():  # noqa: ASYNC110 - the store has no event for it
        await asyncio.sleep(0.01)


def check(name: str, text: str) -> str:
    """Compare a prompt with its golden file, or write the file. Return the prompt if it differs."""
    file = FOLDER / f"{name}.txt"
    if WRITES:
        file.write_text(text, encoding="utf-8")
    same = file.is_file() and file.read_text(encoding="utf-8") == text
    return "" if same else f"{name}:\n{text}"


async def test_forty_kinds_of_messages_read_well(tmp_path: Path, mode: Mode) -> None:
    """Each case's prompt is exactly its golden file."""
    different: list[str] = []
    async with on_stage(
        tmp_path, mode=mode, default="single", clock=Clock(scale=0.0, start=START), models=MODELS
    ) as stage:
        stage.ana.tz = stage.ben.tz = "Europe/Lisbon"
        for name in CASES:
            different.append(check(name, await received(stage, CASES[name])))
            stage.slack.app.scopes = set(BOT_SCOPES)
    assert not any(different), "\n".join(filter(None, different))
    assert len(CASES) >= 40
    assert {file.stem for file in FOLDER.glob("*.txt")} == {*CASES, "long_thread"}


async def test_a_long_thread_reads_well_in_a_small_window(tmp_path: Path, mode: Mode) -> None:
    """The first message and the newest are there, and the missing ones are counted."""
    config = CONFIG.replace('model = "writer-1"', 'model = "writer-1"\ncontext_window = 2048')
    async with on_stage(
        tmp_path, mode=mode, default="single", clock=Clock(scale=0.0, start=START), models=MODELS,
        config=config,
    ) as stage:  # fmt: skip
        assert not check("long_thread", await received(stage, long_thread))
