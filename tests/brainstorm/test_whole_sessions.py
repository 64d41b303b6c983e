"""Whole brainstorms, from the form to the export, with restarts of the bot."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path

import pytest

from bot.playground.state.models import SlackMessage, SlackView, User
from bot.slack.brainstorm import ids
from tests.brainstorm.sessions import BrainstormScene, block_of, brainstorm_scene, is_accepted
from tests.slack.user_actions import wait_until_idle

WORDS = (
    "A bus for *walkers*",
    "=SUM(A1)",
    "Free  coffee <!channel> & <b>cake</b>",
    '  • shoes, "good" ones; `cheap`',
    "más sombra, 👟 для всех",
    "https://example.com/walk?a=1&b=2 <@U1>",
)
"""Ideas with markup, mentions, formulas, spaces and several scripts, all kept as they are."""


AT_ONCE = 20
"""How many people click at the same moment; more take a busy machine over three seconds."""

PAUSE_S = 15
"""Seconds between two groups, by Slack's clock."""

CLICKS, LOOKUPS = 5, 80
"""How often a person clicks, and looks for the form in between, before giving up."""


async def hand_in(scene: BrainstormScene, board: SlackMessage) -> None:
    """Let three people hand in `WORDS`, two each."""
    people = (scene.stage.ana, scene.stage.ben, scene.cleo)
    for person, start in zip(people, (0, 2, 4), strict=True):
        text = "\n".join(WORDS[start : start + 2])
        assert is_accepted(await scene.add(person, board, text, named=start == 0))


async def test_three_people_and_four_models(tmp_path: Path, database: str) -> None:
    """Ideas stay hidden in the silence, dots are counted, and the models write up the result.

    The store and the export have what people wrote, byte for byte.
    """
    async with brainstorm_scene(tmp_path, database=database) as scene:
        ana, ben, slack = scene.stage.ana, scene.stage.ben, scene.stage.slack
        board = await scene.start()
        assert "about $" in slack.render(board)
        await hand_in(scene, board)
        scene.clock.advance(seconds=10)
        await scene.wait_for_text(board, "6 ideas from 3 people · 24 ideas from 4 models")
        assert not scene.thread(board)
        await scene.go_to_dots(board)
        shown = slack.render(scene.thread(board)[0])
        assert "A bus for *walkers* (Ana)" in shown
        assert "Ben" not in shown
        assert is_accepted(await scene.vote(ana, board, {"*walkers*": 2, "=SUM": 1}))
        assert is_accepted(await scene.vote(ben, board, {"*walkers*": 3}))
        assert is_accepted(await scene.vote(ben, board, {"*walkers*": 1, "coffee": 2}))
        late = await scene.add(scene.cleo, board, "A late one")
        assert is_accepted(late)
        await scene.end(board)
        await scene.wait_for_text(board, "4 of 4 · Result")
        await slack.wait_for(lambda: len(scene.thread(board)) >= 3, 30)
        result, written = scene.thread(board)[1:3]
        lines = slack.render(result).splitlines()
        assert "2 people gave 6 dots." in lines
        assert lines[lines.index("1. A bus for *walkers*") + 2].startswith("3 dots · Ana")
        assert "A late one" in str(result.blocks)
        await wait_until_idle(scene.stage)
        assert "[Show answers]" in slack.render(written)
        stored = [idea.text for idea in await scene.store.ideas((await scene.session(board)).id)]
        assert [text for text in stored if "paint" not in text and "plant" not in text] == [
            *WORDS,
            "A late one",
        ]
        for scopes in ({"files:write"}, set[str]()):
            slack.app.scopes -= {"files:write"}
            slack.app.scopes |= scopes
            await check_exports(scene, board)


async def check_exports(scene: BrainstormScene, board: SlackMessage) -> None:
    """Check that both exports have people's words, and that no spreadsheet executes them."""
    rows = await export(scene, board, ids.EXPORT_CSV)
    cells = [cell for row in csv.reader(io.StringIO(rows)) for cell in row]
    for word in WORDS:
        assert word in cells or f"'{word}" in cells, word
    assert "'=SUM(A1)" in cells
    document = await export(scene, board, ids.EXPORT_MD)
    for word in WORDS:
        assert word in document, word


async def export(scene: BrainstormScene, board: SlackMessage, action: str) -> str:
    """Export, and return the file's content, or the text that was posted instead."""
    slack, before = scene.stage.slack, len(scene.thread(board))
    await slack.click(scene.stage.ben, board, action)
    await slack.wait_for(lambda: len(scene.thread(board)) > before, 30)
    await slack.wait_for_deliveries()
    posted = scene.thread(board)[before:]
    if posted[0].files:
        return slack._emulator.files.files[posted[0].files[0]["id"]].data.decode()
    texts = (block["elements"][0]["elements"][0]["text"] for m in posted for block in m.blocks)
    return "".join(texts)


async def test_phases_end_when_their_time_is_up(tmp_path: Path, database: str) -> None:
    """Each phase ends without a click; a result closes after a week."""
    async with brainstorm_scene(tmp_path, database=database) as scene:
        board = await scene.start(minutes="20", dots="1")
        assert is_accepted(await scene.add(scene.cleo, board, "Only this"))
        await scene.wait_for_text(board, "24 ideas from 4 models")
        scene.clock.advance(minutes=20)
        await scene.wait_for_text(board, "2 of 4 · Themes* · until 12:30")
        scene.clock.advance(minutes=10)
        await scene.wait_for_text(board, "3 of 4 · Dots* · until 12:40")
        view = await scene.vote_form(scene.cleo, board)
        done = await scene.stage.slack.submit(scene.cleo, view, {block_of(view, "Only this"): "1"})
        assert is_accepted(done)
        scene.clock.advance(minutes=10)
        await scene.wait_for_text(board, "4 of 4 · Result")
        await scene.stage.slack.wait_for(lambda: len(scene.thread(board)) >= 3, 30)
        await wait_until_idle(scene.stage)
        scene.clock.advance(days=7)
        await scene.wait_for_text(board, "[Reopen]")


async def test_the_countdown_is_updated_every_minute(tmp_path: Path) -> None:
    """During the last twenty minutes the board shows how many are left."""
    async with brainstorm_scene(tmp_path) as scene:
        board = await scene.start(minutes="30")
        assert "left" not in scene.stage.slack.render(board)
        scene.clock.advance(minutes=11)
        await scene.wait_for_text(board, "19 minutes left")
        scene.clock.advance(minutes=18)
        await scene.wait_for_text(board, "1 minute left")


async def test_a_phase_is_extended_once_by_anyone(tmp_path: Path) -> None:
    """The second click is refused with a reason; the next phase can be extended again."""
    async with brainstorm_scene(tmp_path) as scene:
        slack, ben = scene.stage.slack, scene.stage.ben
        board = await scene.start()
        old = slack.message(board.channel, board.ts)
        await slack.click(ben, old, ids.EXTEND)
        await scene.wait_for_text(board, "until 12:15")
        assert "[+5 minutes]" not in slack.render(board)


@pytest.mark.parametrize("who", ["ben", "cleo"])
async def test_only_the_starter_ends_a_phase(tmp_path: Path, who: str) -> None:
    """Others learn whom to ask. Once the starter has left the channel, anyone may end it."""
    async with brainstorm_scene(tmp_path) as scene:
        slack = scene.stage.slack
        other = scene.stage.ben if who == "ben" else scene.cleo
        board = await scene.start()
        assert is_accepted(await scene.add(other, board, "An idea"))
        await scene.end(board, other)
        told = await slack.wait_for(lambda: slack.ephemerals(other, scene.stage.general))
        assert "Only Ana" in slack.render(told[-1])
        await slack.leave(scene.stage.ana, scene.stage.general)
        await scene.end(board, other)
        await scene.wait_for_text(board, "2 of 4 · Themes* · until")


@pytest.mark.slow
async def test_two_hundred_people_vote(tmp_path: Path, database: str) -> None:
    """Everyone can vote, every dot counts, and Slack is rarely asked who is in the channel."""
    async with brainstorm_scene(tmp_path, database=database) as scene:
        slack, general = scene.stage.slack, scene.stage.general
        crowd = [slack.add_user(f"Person {number}") for number in range(200)]
        for person in crowd:
            await slack.invite(person, general)
        board = await scene.start()
        assert is_accepted(await scene.add(scene.stage.ben, board, "A bus\nA tram\nA ferry"))
        await scene.go_to_dots(board)
        before = len(slack.calls("conversations.members"))

        async def open_form(person: User) -> SlackView:
            """Click until the form opens: Slack gives a busy machine three seconds for it."""
            for _ in range(CLICKS):
                await slack.click(person, board, ids.VOTE)
                for _ in range(LOOKUPS):
                    if view := slack.current_modal(person):
                        return view
                    await asyncio.sleep(0.05)
            raise AssertionError(f"no form opened for {person.name}")

        async def vote(number: int, person: User) -> None:
            view = await open_form(person)
            given = {"A bus": 2, "A tram": 1} if number % 2 else {"A ferry": 3}
            values = {block_of(view, words): str(count) for words, count in given.items()}
            assert is_accepted(await slack.submit(person, view, values))

        numbered = [*enumerate(crowd)]
        for start in range(0, len(crowd), AT_ONCE):
            batch = numbered[start : start + AT_ONCE]
            await asyncio.gather(*(vote(number, person) for number, person in batch))
            # Slack opens about a hundred forms a minute (tier 4).
            slack.clock.advance(PAUSE_S)
        assert len(slack.calls("conversations.members")) - before < len(crowd)
        await scene.end(board)
        await scene.wait_for_text(board, "4 of 4 · Result")
        await slack.wait_for(lambda: len(scene.thread(board)) >= 3, 30)
        text = slack.render(scene.thread(board)[1])
        assert "200 people gave 600 dots." in text
        for words in (
            "1. A ferry\n<⋯>\n300 dots",
            "2. A bus\n<⋯>\n200 dots",
            "3. A tram\n<⋯>\n100 dots",
        ):
            assert words in text
        await wait_until_idle(scene.stage)
