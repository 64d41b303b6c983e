"""Brainstorms that go differently: bad input, deleted boards, archived channels, failing models."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.playground.state.models import SlackMessage, SlackView
from bot.slack.brainstorm import ids
from tests.brainstorm.sessions import MODELS, Room, accepted, block_of, room
from tests.models.replies import Reply, Status
from tests.slack.user_actions import idle, said_directly, told

SILENT = dict.fromkeys([*MODELS], Reply(fault=Status(400)))


async def idea_menu(here: Room, view: SlackView | SlackMessage, words: str) -> tuple[str, str]:
    """The menu of the idea with these words, and the value of its entry "Develop"."""
    block = next(
        block
        for block in view.blocks
        if block["type"] == "section" and words in block["text"]["text"] and "accessory" in block
    )
    menu = block["accessory"]
    return menu["action_id"], menu["options"][0]["value"].rpartition("|")[0]


async def to_result(here: Room, board: SlackMessage) -> SlackMessage:
    """Go on to the result; the message with it."""
    await here.to_dots(board)
    await here.end(board)
    await here.shows(board, "4 of 4 · Result")
    await here.stage.slack.wait_for(lambda: len(here.thread(board)) >= 3, 30)
    await idle(here.stage)
    return here.thread(board)[1]


async def seen(here: Room, board: SlackMessage) -> SlackView:
    """Open all ideas."""
    await here.stage.slack.click(here.stage.ben, board, ids.SEE)
    return await here.stage.opened_view(here.stage.ben, "== Ideas by theme ==")


async def turned(here: Room, view: SlackView, action: str, value: str | None = None) -> str:
    """Click in an open modal, and return what it shows then."""
    slack = here.stage.slack
    before = len(slack.calls("views.update"))
    await slack.click(here.stage.ben, view, action, value)
    await slack.wait_for(lambda: len(slack.calls("views.update")) > before)
    return slack.render(view)


async def all_seen(here: Room, board: SlackMessage) -> str:
    """Turn every page of every theme, and return all that was shown."""
    view, shown = await seen(here, board), ""
    for theme in view.blocks[0]["elements"][0]["options"]:
        shown += await turned(here, view, ids.THEME, theme["value"])
        while f"{ids.TURN_SEEN}{ids.NEXT}" in str(view.blocks):
            shown += await turned(here, view, f"{ids.TURN_SEEN}{ids.NEXT}")
    return shown


async def test_without_an_idea_it_closes_in_plain_words(tmp_path: Path) -> None:
    """Board and starter are told, and it can be opened again."""
    async with room(tmp_path, models=SILENT) as here:
        board = await here.start()
        await here.end(board)
        text = await here.shows(board, "Nobody handed in an idea")
        assert "[Reopen]" in text
        await said_directly(here.stage, here.stage.ana, "ended without any ideas")
        await here.stage.slack.click(here.stage.ana, board, ids.REOPEN)
        await here.shows(board, "1 of 4 · Silence")
        assert accepted(await here.add(here.stage.ben, board, "At last"))
        await here.end(board)
        await here.shows(board, "2 of 4 · Themes* · until")


async def test_people_go_on_when_all_models_fail(tmp_path: Path) -> None:
    """Their ideas are grouped by the words they share, voted on, and exported."""
    async with room(tmp_path, models=SILENT) as here:
        board = await here.start()
        assert accepted(await here.add(here.stage.ben, board, "Only idea"))
        await here.to_dots(board)
        assert accepted(await here.vote(here.cleo, board, {"Only idea": 3}))
        await here.end(board)
        await here.shows(board, "4 of 4 · Result")
        await here.stage.slack.wait_for(lambda: len(here.thread(board)) >= 3, 30)
        assert "1. Only idea\n<⋯>\n3 dots" in here.stage.slack.render(here.thread(board)[1])


@pytest.mark.parametrize("count", [3, 30, 100])
async def test_many_ideas_are_readable_in_pages(tmp_path: Path, count: int) -> None:
    """Every idea can be opened and voted on; no modal or message is too long for Slack."""
    async with room(tmp_path, models=SILENT) as here:
        board = await here.start()
        ideas = [
            f"Number {number} would be {'quite ' * (number % 9)}good" for number in range(count)
        ]
        assert accepted(await here.add(here.stage.ben, board, "\n".join(ideas[:60])))
        if ideas[60:]:
            assert accepted(await here.add(here.cleo, board, "\n".join(ideas[60:])))
        await here.to_dots(board)
        shown = await all_seen(here, board)
        stored = await here.store.ideas((await here.session(board)).id)
        grouping = (await here.session(board)).themes
        assert grouping is not None
        shorts = {idea.id: idea.text for idea in stored}
        for group in grouping.groups:
            assert shorts[group.representative] in shown
        assert sum(len(group.idea_ids) for group in grouping.groups) == count
        view = await here.vote_form(here.stage.ben, board)
        given = 0
        while True:
            chosen = view.blocks[-3]["block_id"] if count > 20 else view.blocks[-1]["block_id"]
            if given < 3:
                here.stage.slack._fill_in(view, {chosen: "1"})
                given += 1
            if f"{ids.TURN_VOTE}{ids.NEXT}" not in str(view.blocks):
                break
            await turned(here, view, f"{ids.TURN_VOTE}{ids.NEXT}")
        assert accepted(await here.stage.slack.submit(here.stage.ben, view))
        ballot = await here.store.ballot((await here.session(board)).id, here.stage.ben.id)
        assert sum(ballot.values()) == given


@pytest.mark.slow
async def test_five_hundred_ideas(tmp_path: Path) -> None:
    """A whole brainstorm of them, to the export."""
    async with room(tmp_path, models=SILENT) as here:
        board = await here.start()
        for part in range(5):
            text = "\n".join(f"Idea {part}-{n}: try {n * 7919 % 997}" for n in range(100))
            assert accepted(await here.add(here.stage.ben, board, text))
        result = await to_result(here, board)
        assert "more. *See ideas*" in here.stage.slack.render(result)
        before = len(here.thread(board))
        await here.stage.slack.click(here.stage.ben, board, ids.EXPORT_CSV)
        await here.stage.slack.wait_for(lambda: len(here.thread(board)) > before, 30)
        files = here.stage.slack._emulator.files.files
        exported = files[here.thread(board)[before].files[0]["id"]].data.decode()
        assert all(f"Idea {part}-{n}: " in exported for part in range(5) for n in range(100))


async def test_odd_ideas(tmp_path: Path) -> None:
    """One of 3,000 characters, and the same one a hundred times: joined, and kept word for word."""
    async with room(tmp_path, models=SILENT) as here:
        board = await here.start()
        long = ("word " * 600)[:3_000]
        assert accepted(await here.add(here.stage.ben, board, long))
        assert accepted(await here.add(here.cleo, board, "\n".join(["The same"] * 100)))
        assert "" not in (await here.add(here.cleo, board, " \n\t\n")).errors.values()  # pyright: ignore[reportOptionalMemberAccess]
        await here.to_dots(board)
        ideas = await here.store.ideas((await here.session(board)).id)
        assert sorted({idea.text for idea in ideas}) == ["The same", long]
        assert len(ideas) == 101
        assert "100 wordings" in await all_seen(here, board)


async def test_own_ideas_can_be_read_changed_and_withdrawn(tmp_path: Path) -> None:
    """While the silence lasts; afterwards they stay as they are."""
    async with room(tmp_path, models=SILENT) as here:
        slack, ben = here.stage.slack, here.stage.ben
        board = await here.start()
        assert accepted(await here.add(ben, board, "\n".join(f"Idea {n}" for n in range(25))))
        await slack.click(ben, board, ids.MINE)
        view = await here.stage.opened_view(ben, "1 to 20 of 25")
        await slack.click(ben, view, f"{ids.TURN_MINE}{ids.NEXT}")
        await slack.wait_for(lambda: "21 to 25 of 25" in slack.render(view))
        action, value = await idea_menu(here, view, "Idea 24")
        await slack.click(ben, view, action, f"{value}|withdraw")
        await slack.wait_for(lambda: "21 to 24 of 24" in slack.render(view))
        action, value = await idea_menu(here, view, "Idea 20")
        await slack.click(ben, view, action, f"{value}|change")
        form = await here.stage.opened_view(ben, "Change your idea")
        assert (await slack.submit(ben, form, {ids.IDEA: "two\nlines"})).errors
        assert accepted(await slack.submit(ben, form, {ids.IDEA: "A *better* one"}))
        await here.stage.opened_view(ben, "Your ideas")
        texts = [idea.text for idea in await here.store.ideas((await here.session(board)).id)]
        assert len(texts) == 24
        assert texts[20] == "A *better* one"
        await here.end(board)
        await here.shows(board, "2 of 4 · Themes* · until")
        action, value = await idea_menu(here, view, "Idea 3")
        await slack.click(ben, view, action, f"{value}|withdraw")
        await here.stage.opened_view(ben, "change this idea")
        assert len(await here.store.ideas((await here.session(board)).id)) == 24


@pytest.mark.parametrize("phase", ["silence", "dots", "result"])
async def test_a_deleted_board_is_posted_anew_once(tmp_path: Path, phase: str) -> None:
    """With all that is in it. Deleted again, the brainstorm closes, and can be reopened."""
    async with room(tmp_path, models=SILENT) as here:
        slack, stage = here.stage.slack, here.stage
        board = await here.start()
        assert accepted(await here.add(stage.ben, board, "An idea"))
        if phase != "silence":
            await here.to_dots(board)
        if phase == "result":
            await here.end(board)
            await here.shows(board, "4 of 4 · Result")
            await slack.wait_for(lambda: len(here.thread(board)) >= 3, 30)
            await idle(stage)
        before = slack.render(board)
        await slack.delete(stage.general, board.ts)
        await slack.wait_for(lambda: [b for b in here.boards() if b.ts != board.ts], 30)
        again = next(b for b in here.boards() if b.ts != board.ts)
        assert slack.render(again).splitlines()[:2] == before.splitlines()[:2]
        await slack.delete(stage.general, again.ts)
        await said_directly(stage, stage.ana, "was deleted twice")
        assert [b for b in here.boards() if b.ts not in {board.ts, again.ts}] == []
        await slack.command(stage.ana, stage.general, "/moa", "brainstorm reopen")
        await slack.wait_for(
            lambda: here.boards() and here.boards()[-1].ts not in {board.ts, again.ts}, 30
        )
        session = await here.session(here.boards()[-1])
        assert "An idea" in [idea.text for idea in await here.store.ideas(session.id)]


async def test_an_archived_channel_closes_it(tmp_path: Path) -> None:
    """The starter is told why and how it goes on; nothing is lost."""
    async with room(tmp_path, models=SILENT) as here:
        board = await here.start()
        assert accepted(await here.add(here.stage.ben, board, "An idea"))
        here.stage.general.archived = True
        here.clock.turn(minutes=10)
        await said_directly(here.stage, here.stage.ana, "was archived")
        session = await here.session(board)
        assert (session.phase, session.closing) == ("closed", "archived")
        here.stage.general.archived = False
        await here.stage.slack.command(
            here.stage.ana, here.stage.general, "/moa", "brainstorm reopen"
        )
        await here.shows(board, "2 of 4 · Themes* · until")


async def test_several_in_a_channel_do_not_mix(tmp_path: Path) -> None:
    """Each has its own ideas, dots and result."""
    async with room(tmp_path, models=SILENT) as here:
        first = await here.start()
        second = await here.start(here.stage.ben, topic="Another topic")
        assert accepted(await here.add(here.cleo, first, "For the first"))
        assert accepted(await here.add(here.cleo, second, "For the second"))
        await here.end(second, here.stage.ben)
        await here.shows(second, "2 of 4 · Themes* · until")
        shown = here.stage.slack.render(here.thread(second)[0])
        assert "For the second" in shown
        assert "For the first" not in shown
        assert "Silence" in here.stage.slack.render(first)
        await here.stage.slack.command(
            here.stage.ana, here.stage.general, "/moa", "brainstorm status"
        )
        listed = await told(here.stage, here.stage.ana, "Brainstorms here")
        text = here.stage.slack.render(listed)
        assert "Another topic" in text
        assert here.topic in text


async def test_closing_and_reopening(tmp_path: Path) -> None:
    """It goes on where it was closed; one with a result goes back to the dots."""
    async with room(tmp_path, models=SILENT) as here:
        slack, stage = here.stage.slack, here.stage
        board = await here.start()
        assert accepted(await here.add(stage.ben, board, "An idea"))
        await slack.command(stage.ben, stage.general, "/moa", "brainstorm close")
        await told(stage, stage.ben, "Only Ana")
        await slack.command(stage.ana, stage.general, "/moa", "brainstorm close")
        await here.shows(board, "Closed")
        late = await here.add_refused(stage.ben, board, "Too late")
        assert "moved on" in late
        await slack.command(stage.ana, stage.general, "/moa", "brainstorm reopen")
        await here.shows(board, "1 of 4 · Silence")
        await to_result(here, board)
        await slack.command(stage.ana, stage.general, "/moa", "brainstorm reopen")
        await here.shows(board, "3 of 4 · Dots")
        assert accepted(await here.vote(stage.ben, board, {"An idea": 3}))
        before = len(here.thread(board))
        await here.end(board)
        await slack.wait_for(lambda: len(here.thread(board)) >= before + 2, 30)
        assert "3 dots" in slack.render(here.thread(board)[before])
        await slack.command(stage.ben, stage.general, "/moa", "brainstorm results")
        await told(stage, stage.ben, "1. An idea (3 dots)")


async def test_what_can_be_asked_of_an_idea(tmp_path: Path) -> None:
    """Develop, challenge, more like it and combine: each is answered in the thread, once."""
    async with room(tmp_path) as here:
        slack, ben = here.stage.slack, here.stage.ben
        board = await here.start()
        assert accepted(await here.add(ben, board, "A bus <!here>\nA tram"))
        await here.shows(board, "24 ideas from 4 models")
        result = await to_result(here, board)
        view = await seen(here, board)
        shown = [block for block in result.blocks if "A bus" in str(block)]
        source = result if shown else view
        if not shown:
            for option in view.blocks[0]["elements"][0]["options"]:
                await slack.click(ben, view, ids.THEME, option["value"])
                if "A bus" in slack.render(view):
                    break
        action, value = await idea_menu(here, source, "A bus")
        before = len(here.thread(board))
        for count, do in enumerate(("develop", "challenge", "more"), 1):
            await slack.click(ben, source, action, f"{value}|{do}")
            await slack.wait_for(
                lambda count=count: len(here.thread(board)) >= before + 2 * count, 30
            )
            await idle(here.stage)
        asked, reply = here.thread(board)[before : before + 2]
        assert "Ben asks:" in slack.render(asked)
        assert "<!here>" in slack.render(asked)
        assert "[Show answers]" in slack.render(reply)
        assert any("A tram" in str(question.turns) for question in here.stage.models.questions[-5:])
        await slack.click(ben, source, action, f"{value}|combine")
        form = await here.stage.opened_view(ben, "With which idea?")
        groups = form.blocks[1]["element"]["option_groups"]
        other = groups[0]["options"][0]["value"]
        assert accepted(await slack.submit(ben, form, {ids.OTHER: other}))
        await slack.wait_for(
            lambda: (
                "Combine these ideas" in slack.render(here.thread(board)[-1])
                or len(here.thread(board)) >= before + 8
            ),
            30,
        )
        await idle(here.stage)


async def test_the_export_is_a_file_where_the_app_may_write_files(tmp_path: Path) -> None:
    """With the scope `files:write`, as Markdown and as CSV."""
    async with room(tmp_path, models=SILENT) as here:
        slack = here.stage.slack
        slack.app.scopes |= {"files:write"}
        board = await here.start()
        assert accepted(await here.add(here.stage.ben, board, "=1+1"))
        await to_result(here, board)
        before = len(here.thread(board))
        await slack.click(here.stage.ben, board, ids.EXPORT_MD)
        await slack.click(here.stage.ben, board, ids.EXPORT_CSV)
        await slack.wait_for(lambda: len(here.thread(board)) >= before + 2, 30)
        files = [message.files[0]["name"] for message in here.thread(board)[before:]]
        assert files == ["brainstorm.md", "brainstorm.csv"]


async def test_more_dots_than_one_has_are_refused(tmp_path: Path) -> None:
    """The form says how many there are, and keeps what was chosen."""
    async with room(tmp_path, models=SILENT) as here:
        board = await here.start(dots="2")
        assert accepted(await here.add(here.stage.ben, board, "One bus\nTwo trams"))
        await here.to_dots(board)
        view = await here.vote_form(here.cleo, board)
        values = {block_of(view, "One bus"): "2", block_of(view, "Two trams"): "1"}
        done = await here.stage.slack.submit(here.cleo, view, values)
        assert "2 dots" in str(done.errors)
        values[block_of(view, "One bus")] = "1"
        assert accepted(await here.stage.slack.submit(here.cleo, view, values))
