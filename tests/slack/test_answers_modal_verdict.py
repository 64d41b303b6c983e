"""People can mark one answer as the best."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import select

from bot.slack.ui.strings import answers_modal as strings
from bot.storage.tables import feedback
from tests.slack.modal_walk import choose, reveal, verdict
from tests.stage import Stage, on_stage


async def test_an_answer_can_be_marked_as_best_and_unmarked(tmp_path: Path, database: str) -> None:
    """The mark is personal; marking another answer moves it, and a second click removes it."""
    async with on_stage(tmp_path, database=database) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        for person in (stage.ana, stage.ben):
            await reveal(stage, person, reply)
        await choose(stage, stage.ana, "red")
        assert f"[{strings.ANSWERS_BEST_CHOSEN}]" in await verdict(stage, stage.ana)
        await choose(stage, stage.ben, "red")
        await verdict(stage, stage.ben)
        await choose(stage, stage.ana, "green")
        assert f"[{strings.ANSWERS_BEST_CHOSEN}]" in await verdict(stage, stage.ana)
        assert await _verdicts(stage) == {(stage.ana.id, "1-2"), (stage.ben.id, "1-1")}
        assert "You marked *green (" in await choose(stage, stage.ana, "Overview")
        shown = await choose(stage, stage.ben, "red")
        assert "You marked this answer as the best." in shown
        assert f"[{strings.ANSWERS_BEST}]" in await verdict(stage, stage.ben)
        assert await _verdicts(stage) == {(stage.ana.id, "1-2")}


async def test_a_repeated_click_counts_once(tmp_path: Path) -> None:
    """A repeated click does not cancel the first one."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ana, reply)
        await choose(stage, stage.ana, "red")
        await asyncio.gather(*(stage.slack.click(stage.ana, view, "reveal_best") for _ in range(2)))
        await stage.opened_view(stage.ana, strings.ANSWERS_BEST_CHOSEN)
        await stage.slack.wait_for_deliveries()
        assert await _verdicts(stage) == {(stage.ana.id, "1-1")}


async def test_a_former_member_cannot_mark_an_answer(tmp_path: Path) -> None:
    """Every click is authorised again before anything is stored."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await reveal(stage, stage.ben, reply)
        await choose(stage, stage.ben, "red")
        await stage.slack.leave(stage.ben, stage.general)
        shown = await verdict(stage, stage.ben)
        assert strings.ANSWERS_FORBIDDEN["members"] in shown
        assert "The answer of" not in shown
        assert await _verdicts(stage) == set()


async def _verdicts(stage: Stage) -> set[tuple[str, str]]:
    query = select(feedback.c.user, feedback.c.target).where(feedback.c.verdict == "best")
    async with stage.bot.database.connect() as connection:
        return {(row.user, row.target) for row in await connection.execute(query)}
