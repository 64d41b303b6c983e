"""What people say of single answers: "this one was best"."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import select

from bot.slack.ui import strings
from bot.storage.tables import feedback
from tests.slack.modal_walk import choose, reveal, verdict
from tests.stage import Stage, on_stage


async def test_one_answer_is_found_best_and_the_verdict_taken_back(
    tmp_path: Path, database: str
) -> None:
    """A verdict is one person's; choosing another answer moves it, a second click takes it back."""
    async with on_stage(tmp_path, database=database) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        for person in (stage.ana, stage.ben):
            await reveal(stage, person, reply)
        await choose(stage, stage.ana, "red")
        assert f"[{strings.REVEAL_BEST_CHOSEN}]" in await verdict(stage, stage.ana)
        await choose(stage, stage.ben, "red")
        await verdict(stage, stage.ben)
        await choose(stage, stage.ana, "green")
        assert f"[{strings.REVEAL_BEST_CHOSEN}]" in await verdict(stage, stage.ana)
        assert await _verdicts(stage) == {(stage.ana.id, "1-2"), (stage.ben.id, "1-1")}
        assert "You found *green (" in await choose(stage, stage.ana, "Overview")
        shown = await choose(stage, stage.ben, "red")
        assert "You found this answer the best." in shown
        assert f"[{strings.REVEAL_BEST}]" in await verdict(stage, stage.ben)
        assert await _verdicts(stage) == {(stage.ana.id, "1-2")}


async def test_a_verdict_that_slack_sends_twice_counts_once(tmp_path: Path) -> None:
    """A click says what its button said: two quick ones do not cancel each other out."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ana, reply)
        await choose(stage, stage.ana, "red")
        await asyncio.gather(*(stage.slack.click(stage.ana, view, "reveal_best") for _ in range(2)))
        await stage.opened_view(stage.ana, strings.REVEAL_BEST_CHOSEN)
        await stage.slack.wait_for_deliveries()
        assert await _verdicts(stage) == {(stage.ana.id, "1-1")}


async def test_a_verdict_of_somebody_who_left_is_not_taken(tmp_path: Path) -> None:
    """Each click in an open modal is authorised anew, and nothing is stored before that."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await reveal(stage, stage.ben, reply)
        await choose(stage, stage.ben, "red")
        await stage.slack.leave(stage.ben, stage.general)
        shown = await verdict(stage, stage.ben)
        assert strings.REVEAL_FORBIDDEN["members"] in shown
        assert "The answer of" not in shown
        assert await _verdicts(stage) == set()


async def _verdicts(stage: Stage) -> set[tuple[str, str]]:
    query = select(feedback.c.user, feedback.c.target).where(feedback.c.verdict == "best")
    async with stage.bot.database.connect() as connection:
        return {(row.user, row.target) for row in await connection.execute(query)}
