"""A brainstorm stops before it exceeds a budget by more than one call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from bot.brainstorm import purse
from bot.brainstorm.purse import BudgetUsedUp, PaidModel, Purse
from bot.slack.ui.strings import brainstorm as strings
from bot.storage.database import DatabaseAway
from moa import Chunk, Hedge, Model, Profile, Prompt, Sampling, Usage
from moa.brainstorm import DrawFailed, IdeasDrawn, draw_ideas, group_ideas, ideas_of
from moa.types import Call
from tests.brainstorm.sessions import FOURTH, MODELS, brainstorm_scene, is_accepted
from tests.stage import CONFIG

CAP = 100
"""Output tokens of a call; each costs a cent, so a call costs a dollar at most."""

WORDS = "1. Paint a line (probability: 0.2)\n2. Plant a tree (probability: 0.1)"


class Dear:
    """A model that writes as much as it may, and counts its calls."""

    def __init__(self, name: str = "dear", hedge: Model | None = None) -> None:
        self.calls = 0
        self.profile = Profile(
            name,
            proposer_max_output_tokens=CAP,
            max_attempts=1,
            cost=lambda usage: usage.output_tokens / 100,
            hedge=Hedge(hedge, 0.0) if hedge else None,
        )

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        self.calls += 1
        await asyncio.sleep(0.001)
        yield Chunk(WORDS)
        yield Chunk(usage=Usage(10, CAP), stop="end")


async def draw(model: Model, budget: float, calls: int = 12) -> list[IdeasDrawn | DrawFailed]:
    """Draw ideas from a model on a budget, eight calls at once."""

    async def allowance() -> float:
        return budget

    paid = PaidModel(model, Purse(allowance, 0.0))
    drawing = draw_ideas("Walkers", [paid], calls=calls, at_once=8)
    return [each async for each in drawing if isinstance(each, IdeasDrawn | DrawFailed)]


@pytest.mark.parametrize(
    ("budget", "made"), [(0.0, 0), (0.5, 1), (1.0, 1), (3.0, 3), (3.5, 4), (11.5, 12), (50.0, 12)]
)
async def test_a_budget_is_exceeded_by_one_call_at_most(budget: float, made: int) -> None:
    """Calls that run at the same time count in full until it is known what they cost."""
    model = Dear()
    ended = await draw(model, budget)
    assert model.calls == made
    assert len(ended) == 12
    failures = [each for each in ended if isinstance(each, DrawFailed)]
    assert len(failures) == 12 - made
    assert {each.call.error_kind for each in failures} <= {"budget"}
    assert all("budget is used up" in each.error for each in failures)
    assert sum(each.call.cost_usd or 0 for each in ended) <= max(budget, 0) + 1


async def test_a_hedge_is_paid_from_the_same_budget() -> None:
    """It counts as one more call."""
    spare = Dear("spare")
    model = Dear(hedge=spare)
    await draw(model, 3.0)
    assert model.calls + spare.calls <= 4


async def test_a_cheaper_call_leaves_room_for_more() -> None:
    """What a call did not use is free for the next ones, which wait for it."""

    class Brief(Dear):
        async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
            async for chunk in super().stream(prompt, sampling):
                yield replace(chunk, usage=chunk.usage and Usage(10, CAP // 10))

    model = Brief()
    await draw(model, 2.0)
    assert model.calls == 12


async def test_a_call_that_is_cut_off_counts_in_full() -> None:
    """Nobody knows what it cost."""

    class Cut(Dear):
        async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
            self.calls += 1
            yield Chunk(WORDS)
            raise BudgetUsedUp("broken off", kind="unavailable")

    model = Cut()
    await draw(model, 3.0)
    assert model.calls == 3


async def test_calls_wait_while_the_budget_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database may be restarting. A call that failed would never be made again."""
    monkeypatch.setattr(purse, "PAUSE_S", 0.0)
    lookups = count()

    async def allowance() -> float:
        if next(lookups) % 3:
            raise DatabaseAway("OperationalError")
        return 50.0

    model = Dear()
    drawing = draw_ideas("Walkers", [PaidModel(model, Purse(allowance, 0.0))], calls=4)
    assert [type(each) async for each in drawing] == [IdeasDrawn] * 4
    assert model.calls == 4


async def test_ideas_are_grouped_by_words_without_a_budget() -> None:
    """The grouping never fails, and costs nothing then."""

    async def nothing_left() -> float:
        return 0.0

    model, calls = Dear(), list[Call]()
    drawn = await draw(Dear(), 50.0, calls=1)
    assert isinstance(drawn[0], IdeasDrawn)
    paid = PaidModel(model, Purse(nothing_left, 0.0))
    grouping = await group_ideas("Walkers", ideas_of(drawn[0]), models=[paid], on_call=calls.append)
    assert grouping.by == "words"
    assert model.calls == 0


async def test_models_stop_early_in_slack(tmp_path: Path) -> None:
    """The usual cost fits, the calls cost more: the board says so, and people go on."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    thinking = (CONFIG + FOURTH).replace("price =", "reasoning_tokens = 40_000\nprice =")
    models = {name: replace(reply, output_tokens=40_500) for name, reply in MODELS.items()}
    async with brainstorm_scene(tmp_path / "a", config=thinking) as scene:
        usual = (await scene.session(await scene.start())).reserved_usd
    budget = usual * 1.01
    limits = f"\n[limits]\nper_person_day_usd = {budget}\n"
    async with brainstorm_scene(
        tmp_path / "b", extra=limits, config=thinking, models=models
    ) as scene:
        board = await scene.start()
        await scene.wait_for_text(board, strings.BUDGET_USED_UP)
        spent, one_call = (await scene.session(board)).cost_usd, 40_500 * 2 / 1e6
        assert spent == pytest.approx(budget, abs=one_call * 1.1)
        assert spent < 12 * one_call
        assert is_accepted(await scene.add(scene.stage.ana, board, "A bench at every corner"))
        asked = len(scene.stage.models.questions)
        await scene.end(board)
        await scene.wait_for_text(board, "2 of 4 · Themes* · until")
        assert len(scene.stage.models.questions) == asked
