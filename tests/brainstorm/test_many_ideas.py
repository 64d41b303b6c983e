"""Ideas can be read, changed and withdrawn, however many and odd they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.slack.brainstorm import ids
from tests.brainstorm.idea_views import (
    SILENT,
    click_in_modal,
    go_to_result,
    idea_menu,
    read_all_ideas,
)
from tests.brainstorm.sessions import (
    brainstorm_scene,
    is_accepted,
)


@pytest.mark.parametrize("count", [3, 30, 100])
async def test_many_ideas_are_readable_in_pages(tmp_path: Path, count: int) -> None:
    """Every idea can be opened and voted on; no modal or message is too long for Slack."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        board = await scene.start()
        ideas = [
            f"Number {number} would be {'quite ' * (number % 9)}good" for number in range(count)
        ]
        assert is_accepted(await scene.add(scene.stage.ben, board, "\n".join(ideas[:60])))
        if ideas[60:]:
            assert is_accepted(await scene.add(scene.cleo, board, "\n".join(ideas[60:])))
        await scene.go_to_dots(board)
        shown = await read_all_ideas(scene, board)
        stored = await scene.store.ideas((await scene.session(board)).id)
        grouping = (await scene.session(board)).themes
        assert grouping is not None
        shorts = {idea.id: idea.text for idea in stored}
        for group in grouping.groups:
            assert shorts[group.representative] in shown
        assert sum(len(group.idea_ids) for group in grouping.groups) == count
        view = await scene.vote_form(scene.stage.ben, board)
        given = 0
        while True:
            chosen = view.blocks[-3]["block_id"] if count > 20 else view.blocks[-1]["block_id"]
            if given < 3:
                scene.stage.slack._fill_in(view, {chosen: "1"})
                given += 1
            if f"{ids.TURN_VOTE}{ids.NEXT}" not in str(view.blocks):
                break
            await click_in_modal(scene, view, f"{ids.TURN_VOTE}{ids.NEXT}")
        assert is_accepted(await scene.stage.slack.submit(scene.stage.ben, view))
        ballot = await scene.store.ballot((await scene.session(board)).id, scene.stage.ben.id)
        assert sum(ballot.values()) == given


@pytest.mark.slow
async def test_five_hundred_ideas(tmp_path: Path) -> None:
    """A brainstorm with five hundred ideas works up to the export."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        board = await scene.start()
        for part in range(5):
            text = "\n".join(f"Idea {part}-{n}: try {n * 7919 % 997}" for n in range(100))
            assert is_accepted(await scene.add(scene.stage.ben, board, text))
        result = await go_to_result(scene, board)
        assert "*See ideas* opens the other 485 ideas." in scene.stage.slack.render(result)
        before = len(scene.thread(board))
        await scene.stage.slack.click(scene.stage.ben, board, ids.EXPORT_CSV)
        await scene.stage.slack.wait_for(lambda: len(scene.thread(board)) > before, 30)
        files = scene.stage.slack._emulator.files.files
        exported = files[scene.thread(board)[before].files[0]["id"]].data.decode()
        assert all(f"Idea {part}-{n}: " in exported for part in range(5) for n in range(100))


async def test_odd_ideas(tmp_path: Path) -> None:
    """An idea of 3,000 characters and a hundred copies of one idea are kept word for word."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        board = await scene.start()
        long = ("word " * 600)[:3_000]
        assert is_accepted(await scene.add(scene.stage.ben, board, long))
        assert is_accepted(await scene.add(scene.cleo, board, "\n".join(["The same"] * 100)))
        assert "" not in (await scene.add(scene.cleo, board, " \n\t\n")).errors.values()  # pyright: ignore[reportOptionalMemberAccess]
        await scene.go_to_dots(board)
        ideas = await scene.store.ideas((await scene.session(board)).id)
        assert sorted({idea.text for idea in ideas}) == ["The same", long]
        assert len(ideas) == 101
        assert "100 wordings" in await read_all_ideas(scene, board)


async def test_own_ideas_can_be_read_changed_and_withdrawn(tmp_path: Path) -> None:
    """This works during the silence; afterwards they can't be changed."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        slack, ben = scene.stage.slack, scene.stage.ben
        board = await scene.start()
        assert is_accepted(await scene.add(ben, board, "\n".join(f"Idea {n}" for n in range(25))))
        await slack.click(ben, board, ids.MINE)
        view = await scene.stage.opened_view(ben, "1 to 20 of 25")
        await slack.click(ben, view, f"{ids.TURN_MINE}{ids.NEXT}")
        await slack.wait_for(lambda: "21 to 25 of 25" in slack.render(view))
        action, value = await idea_menu(scene, view, "Idea 24")
        await slack.click(ben, view, action, f"{value}|withdraw")
        await slack.wait_for(lambda: "21 to 24 of 24" in slack.render(view))
        action, value = await idea_menu(scene, view, "Idea 20")
        await slack.click(ben, view, action, f"{value}|change")
        form = await scene.stage.opened_view(ben, "Change your idea")
        assert (await slack.submit(ben, form, {ids.IDEA: "two\nlines"})).errors
        assert is_accepted(await slack.submit(ben, form, {ids.IDEA: "A *better* one"}))
        await scene.stage.opened_view(ben, "Your ideas")
        texts = [idea.text for idea in await scene.store.ideas((await scene.session(board)).id)]
        assert len(texts) == 24
        assert texts[20] == "A *better* one"
        await scene.end(board)
        await scene.wait_for_text(board, "2 of 4 · Themes* · until")
        action, value = await idea_menu(scene, view, "Idea 3")
        await slack.click(ben, view, action, f"{value}|withdraw")
        await scene.stage.opened_view(ben, "change this idea")
        assert len(await scene.store.ideas((await scene.session(board)).id)) == 24
