"""Unusual brainstorms: odd input, deleted boards, archived channels, failing models."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.slack.brainstorm import ids
from tests.brainstorm.idea_views import (
    SILENT,
    go_to_result,
    idea_menu,
    open_ideas,
)
from tests.brainstorm.sessions import (
    MODELS,
    block_of,
    brainstorm_scene,
    is_accepted,
)
from tests.models.replies import HangBeforeHeaders, Reply
from tests.slack.user_actions import wait_for_direct_message, wait_for_notice, wait_until_idle


async def test_without_any_idea_it_closes_with_an_explanation(tmp_path: Path) -> None:
    """The board and a message to the starter say why, and it can be reopened."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        board = await scene.start()
        await scene.end(board)
        text = await scene.wait_for_text(board, "Nobody handed in an idea")
        assert "[Reopen]" in text
        await wait_for_direct_message(scene.stage, scene.stage.ana, "ended without any ideas")
        await scene.stage.slack.click(scene.stage.ana, board, ids.REOPEN)
        await scene.wait_for_text(board, "1 of 4 · Silence")
        assert is_accepted(await scene.add(scene.stage.ben, board, "At last"))
        await scene.end(board)
        await scene.wait_for_text(board, "2 of 4 · Themes* · until")


async def test_the_board_says_that_ideas_are_being_grouped(tmp_path: Path) -> None:
    """While a slow model groups them, the board no longer shows the silence."""
    slow = MODELS | {"writer-1": Reply(fault=HangBeforeHeaders())}
    async with brainstorm_scene(tmp_path, models=slow) as scene:
        board = await scene.start()
        await scene.wait_for_text(board, "24 ideas from 4 models")
        await scene.end(board)
        text = await scene.wait_for_text(board, "I'm grouping the ideas by theme")
        assert "2 of 4 · Themes" in text
        assert "[End phase]" not in text


async def test_people_can_continue_when_all_models_fail(tmp_path: Path) -> None:
    """Their ideas are grouped by the words they share, voted on, and exported."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        board = await scene.start()
        assert is_accepted(await scene.add(scene.stage.ben, board, "Only idea"))
        await scene.go_to_dots(board)
        assert is_accepted(await scene.vote(scene.cleo, board, {"Only idea": 3}))
        await scene.end(board)
        await scene.wait_for_text(board, "4 of 4 · Result")
        await scene.stage.slack.wait_for(lambda: len(scene.thread(board)) >= 3, 30)
        assert "1. Only idea\n<⋯>\n3 dots" in scene.stage.slack.render(scene.thread(board)[1])


@pytest.mark.parametrize("phase", ["silence", "dots", "result"])
async def test_a_deleted_board_is_posted_again_once(tmp_path: Path, phase: str) -> None:
    """It has the same content. Deleted again, the brainstorm closes, but it can be reopened."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        slack, stage = scene.stage.slack, scene.stage
        board = await scene.start()
        assert is_accepted(await scene.add(stage.ben, board, "An idea"))
        if phase != "silence":
            await scene.go_to_dots(board)
        if phase == "result":
            await scene.end(board)
            await scene.wait_for_text(board, "4 of 4 · Result")
            await slack.wait_for(lambda: len(scene.thread(board)) >= 3, 30)
            await wait_until_idle(stage)
        before = slack.render(board)
        await slack.delete(stage.general, board.ts)
        await slack.wait_for(lambda: [b for b in scene.boards() if b.ts != board.ts], 30)
        again = next(b for b in scene.boards() if b.ts != board.ts)
        assert slack.render(again).splitlines()[:2] == before.splitlines()[:2]
        await slack.delete(stage.general, again.ts)
        await wait_for_direct_message(stage, stage.ana, "was deleted twice")
        assert [b for b in scene.boards() if b.ts not in {board.ts, again.ts}] == []
        await slack.command(stage.ana, stage.general, "/moa", "brainstorm reopen")
        await slack.wait_for(
            lambda: scene.boards() and scene.boards()[-1].ts not in {board.ts, again.ts}, 30
        )
        session = await scene.session(scene.boards()[-1])
        assert "An idea" in [idea.text for idea in await scene.store.ideas(session.id)]


async def test_an_archived_channel_closes_it(tmp_path: Path) -> None:
    """A message tells the starter why and how to continue; nothing is lost."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        board = await scene.start()
        assert is_accepted(await scene.add(scene.stage.ben, board, "An idea"))
        scene.stage.general.archived = True
        scene.clock.advance(minutes=10)
        await wait_for_direct_message(scene.stage, scene.stage.ana, "was archived")
        session = await scene.session(board)
        assert (session.phase, session.closing) == ("closed", "archived")
        scene.stage.general.archived = False
        await scene.stage.slack.command(
            scene.stage.ana, scene.stage.general, "/moa", "brainstorm reopen"
        )
        await scene.wait_for_text(board, "2 of 4 · Themes* · until")


async def test_several_brainstorms_in_a_channel_do_not_mix(tmp_path: Path) -> None:
    """Each has its own ideas, dots and result."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        first = await scene.start()
        second = await scene.start(scene.stage.ben, topic="Another topic")
        assert is_accepted(await scene.add(scene.cleo, first, "For the first"))
        assert is_accepted(await scene.add(scene.cleo, second, "For the second"))
        await scene.end(second, scene.stage.ben)
        await scene.wait_for_text(second, "2 of 4 · Themes* · until")
        shown = scene.stage.slack.render(scene.thread(second)[0])
        assert "For the second" in shown
        assert "For the first" not in shown
        assert "Silence" in scene.stage.slack.render(first)
        await scene.stage.slack.command(
            scene.stage.ana, scene.stage.general, "/moa", "brainstorm status"
        )
        listed = await wait_for_notice(scene.stage, scene.stage.ana, "Brainstorms here")
        text = scene.stage.slack.render(listed)
        assert "Another topic" in text
        assert scene.topic in text


async def test_closing_and_reopening(tmp_path: Path) -> None:
    """It continues in the phase in which it was closed; one with a result goes back to the dots."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        slack, stage = scene.stage.slack, scene.stage
        board = await scene.start()
        assert is_accepted(await scene.add(stage.ben, board, "An idea"))
        await slack.command(stage.ben, stage.general, "/moa", "brainstorm close")
        await wait_for_notice(stage, stage.ben, "Only Ana")
        await slack.command(stage.ana, stage.general, "/moa", "brainstorm close")
        await scene.wait_for_text(board, "Closed")
        late = await scene.add_too_late(stage.ben, board)
        assert "moved on" in late
        await slack.command(stage.ana, stage.general, "/moa", "brainstorm reopen")
        await scene.wait_for_text(board, "1 of 4 · Silence")
        await go_to_result(scene, board)
        await slack.command(stage.ana, stage.general, "/moa", "brainstorm reopen")
        await scene.wait_for_text(board, "3 of 4 · Dots")
        assert is_accepted(await scene.vote(stage.ben, board, {"An idea": 3}))
        before = len(scene.thread(board))
        await scene.end(board)
        await slack.wait_for(lambda: len(scene.thread(board)) >= before + 2, 30)
        assert "3 dots" in slack.render(scene.thread(board)[before])
        await slack.command(stage.ben, stage.general, "/moa", "brainstorm results")
        await wait_for_notice(stage, stage.ben, "1. An idea (3 dots)")


async def test_the_questions_about_an_idea(tmp_path: Path) -> None:
    """Develop, challenge, more like this and combine are each answered once, in the thread."""
    async with brainstorm_scene(tmp_path) as scene:
        slack, ben = scene.stage.slack, scene.stage.ben
        board = await scene.start()
        assert is_accepted(await scene.add(ben, board, "A bus <!here>\nA tram"))
        await scene.wait_for_text(board, "24 ideas from 4 models")
        result = await go_to_result(scene, board)
        view = await open_ideas(scene, board)
        shown = [block for block in result.blocks if "A bus" in str(block)]
        source = result if shown else view
        if not shown:
            for option in view.blocks[0]["elements"][0]["options"]:
                await slack.click(ben, view, ids.THEME, option["value"])
                if "A bus" in slack.render(view):
                    break
        action, value = await idea_menu(scene, source, "A bus")
        before = len(scene.thread(board))
        for count, do in enumerate(("develop", "challenge", "more"), 1):
            await slack.click(ben, source, action, f"{value}|{do}")
            await slack.wait_for(
                lambda count=count: len(scene.thread(board)) >= before + 2 * count, 30
            )
            await wait_until_idle(scene.stage)
        asked, reply = scene.thread(board)[before : before + 2]
        assert "Ben asks:" in slack.render(asked)
        assert "<!here>" in slack.render(asked)
        assert "[Show answers]" in slack.render(reply)
        assert any(
            "A tram" in str(question.turns) for question in scene.stage.models.questions[-5:]
        )
        await slack.click(ben, source, action, f"{value}|combine")
        form = await scene.stage.opened_view(ben, "With which idea?")
        groups = form.blocks[1]["element"]["option_groups"]
        other = groups[0]["options"][0]["value"]
        assert is_accepted(await slack.submit(ben, form, {ids.OTHER: other}))
        await slack.wait_for(
            lambda: (
                "Combine these ideas" in slack.render(scene.thread(board)[-1])
                or len(scene.thread(board)) >= before + 8
            ),
            30,
        )
        await wait_until_idle(scene.stage)


async def test_the_export_is_a_file_if_the_app_may_write_files(tmp_path: Path) -> None:
    """With the scope `files:write`, it is a Markdown or CSV file."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        slack = scene.stage.slack
        slack.app.scopes |= {"files:write"}
        board = await scene.start()
        assert is_accepted(await scene.add(scene.stage.ben, board, "=1+1"))
        await go_to_result(scene, board)
        before = len(scene.thread(board))
        await slack.click(scene.stage.ben, board, ids.EXPORT_MD)
        await slack.click(scene.stage.ben, board, ids.EXPORT_CSV)
        await slack.wait_for(lambda: len(scene.thread(board)) >= before + 2, 30)
        files = [message.files[0]["name"] for message in scene.thread(board)[before:]]
        assert files == ["brainstorm.md", "brainstorm.csv"]


async def test_a_person_cannot_give_more_dots_than_they_have(tmp_path: Path) -> None:
    """The form says how many dots they have, and keeps what they chose."""
    async with brainstorm_scene(tmp_path, models=SILENT) as scene:
        board = await scene.start(dots="2")
        assert is_accepted(await scene.add(scene.stage.ben, board, "One bus\nTwo trams"))
        await scene.go_to_dots(board)
        view = await scene.vote_form(scene.cleo, board)
        values = {block_of(view, "One bus"): "2", block_of(view, "Two trams"): "1"}
        done = await scene.stage.slack.submit(scene.cleo, view, values)
        assert "2 dots" in str(done.errors)
        values[block_of(view, "One bus")] = "1"
        assert is_accepted(await scene.stage.slack.submit(scene.cleo, view, values))
