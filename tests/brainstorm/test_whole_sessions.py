"""Whole brainstorms, from the form to the export, with restarts of the bot in between."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path

import pytest

from bot.playground.state.models import SlackMessage, SlackView, User
from bot.slack.brainstorm import ids
from tests.brainstorm.sessions import Room, accepted, block_of, room
from tests.slack.user_actions import idle

WORDS = (
    "A bus for *walkers*",
    "=SUM(A1)",
    "Free  coffee <!channel> & <b>cake</b>",
    '  • shoes, "good" ones; `cheap`',
    "más sombra, 👟 для всех",
    "https://example.com/walk?a=1&b=2 <@U1>",
)
"""What people write: markup, mentions, formulas, spaces and every script, to be kept as it is."""


AT_ONCE = 20
"""People who click in the same moment; a busy machine needs three seconds for more."""

PAUSE_S = 15
"""Seconds between two groups, by Slack's clock."""

CLICKS, LOOKS = 5, 80
"""How often a person clicks before giving up, and looks for the form in between."""


async def hand_in(here: Room, board: SlackMessage) -> None:
    """Three people hand in `WORDS`, two each."""
    people = (here.stage.ana, here.stage.ben, here.cleo)
    for person, start in zip(people, (0, 2, 4), strict=True):
        text = "\n".join(WORDS[start : start + 2])
        assert accepted(await here.add(person, board, text, named=start == 0))


async def test_three_people_and_four_models(tmp_path: Path, database: str) -> None:
    """Ideas stay hidden in the silence, dots are counted, and the models write up the result.

    What people wrote stands in the store and in the export byte for byte.
    """
    async with room(tmp_path, database=database) as here:
        ana, ben, slack = here.stage.ana, here.stage.ben, here.stage.slack
        board = await here.start()
        assert "about $" in slack.render(board)
        await hand_in(here, board)
        here.clock.turn(seconds=10)
        await here.shows(board, "6 ideas from 3 people · 24 ideas from 4 models")
        assert not here.thread(board)
        await here.to_dots(board)
        shown = slack.render(here.thread(board)[0])
        assert "A bus for *walkers* (Ana)" in shown
        assert "Ben" not in shown
        assert accepted(await here.vote(ana, board, {"*walkers*": 2, "=SUM": 1}))
        assert accepted(await here.vote(ben, board, {"*walkers*": 3}))
        assert accepted(await here.vote(ben, board, {"*walkers*": 1, "coffee": 2}))
        late = await here.add(here.cleo, board, "A late one")
        assert accepted(late)
        await here.end(board)
        await here.shows(board, "4 of 4 · Result")
        await slack.wait_for(lambda: len(here.thread(board)) >= 3, 30)
        result, written = here.thread(board)[1:3]
        lines = slack.render(result).splitlines()
        assert "2 people gave 6 dots." in lines
        assert lines[lines.index("1. A bus for *walkers*") + 2].startswith("3 dots · Ana")
        assert "A late one" in str(result.blocks)
        await idle(here.stage)
        assert "[Show answers]" in slack.render(written)
        stored = [idea.text for idea in await here.store.ideas((await here.session(board)).id)]
        assert [text for text in stored if "paint" not in text and "plant" not in text] == [
            *WORDS,
            "A late one",
        ]
        for scopes in ({"files:write"}, set[str]()):
            slack.app.scopes -= {"files:write"}
            slack.app.scopes |= scopes
            await check_exports(here, board)


async def check_exports(here: Room, board: SlackMessage) -> None:
    """People's words stand in both exports, but that no spreadsheet runs them."""
    rows = await exported(here, board, ids.EXPORT_CSV)
    cells = [cell for row in csv.reader(io.StringIO(rows)) for cell in row]
    for word in WORDS:
        assert word in cells or f"'{word}" in cells, word
    assert "'=SUM(A1)" in cells
    document = await exported(here, board, ids.EXPORT_MD)
    for word in WORDS:
        assert word in document, word


async def exported(here: Room, board: SlackMessage, action: str) -> str:
    """Export, and return the file, or the text in its place put together."""
    slack, before = here.stage.slack, len(here.thread(board))
    await slack.click(here.stage.ben, board, action)
    await slack.wait_for(lambda: len(here.thread(board)) > before, 30)
    await slack.wait_for_deliveries()
    posted = here.thread(board)[before:]
    if posted[0].files:
        return slack._emulator.files.files[posted[0].files[0]["id"]].data.decode()
    texts = (block["elements"][0]["elements"][0]["text"] for m in posted for block in m.blocks)
    return "".join(texts)


async def test_phases_end_by_themselves(tmp_path: Path, database: str) -> None:
    """Each phase ends when its time is up, without a click; a result closes after a week."""
    async with room(tmp_path, database=database) as here:
        board = await here.start(minutes="20", dots="1")
        assert accepted(await here.add(here.cleo, board, "Only this"))
        await here.shows(board, "24 ideas from 4 models")
        here.clock.turn(minutes=20)
        await here.shows(board, "2 of 4 · Themes* · until 12:30")
        here.clock.turn(minutes=10)
        await here.shows(board, "3 of 4 · Dots* · until 12:40")
        view = await here.vote_form(here.cleo, board)
        done = await here.stage.slack.submit(here.cleo, view, {block_of(view, "Only this"): "1"})
        assert accepted(done)
        here.clock.turn(minutes=10)
        await here.shows(board, "4 of 4 · Result")
        await here.stage.slack.wait_for(lambda: len(here.thread(board)) >= 3, 30)
        await idle(here.stage)
        here.clock.turn(days=7)
        await here.shows(board, "[Reopen]")


async def test_the_countdown_is_drawn_every_minute(tmp_path: Path) -> None:
    """In the last twenty minutes the board says how many are left."""
    async with room(tmp_path) as here:
        board = await here.start(minutes="30")
        assert "left" not in here.stage.slack.render(board)
        here.clock.turn(minutes=11)
        await here.shows(board, "19 minutes left")
        here.clock.turn(minutes=18)
        await here.shows(board, "1 minute left")


async def test_a_phase_is_extended_once_by_anyone(tmp_path: Path) -> None:
    """The second click gets a reason, and the next phase can be extended again."""
    async with room(tmp_path) as here:
        slack, ben = here.stage.slack, here.stage.ben
        board = await here.start()
        old = slack.message(board.channel, board.ts)
        await slack.click(ben, old, ids.EXTEND)
        await here.shows(board, "until 12:15")
        assert "[+5 minutes]" not in slack.render(board)


@pytest.mark.parametrize("who", ["ben", "cleo"])
async def test_only_the_starter_ends_a_phase(tmp_path: Path, who: str) -> None:
    """Others are told whom to ask. Once the starter has left the channel, anyone may."""
    async with room(tmp_path) as here:
        slack = here.stage.slack
        other = here.stage.ben if who == "ben" else here.cleo
        board = await here.start()
        assert accepted(await here.add(other, board, "An idea"))
        await here.end(board, other)
        told = await slack.wait_for(lambda: slack.ephemerals(other, here.stage.general))
        assert "Only Ana" in slack.render(told[-1])
        await slack.leave(here.stage.ana, here.stage.general)
        await here.end(board, other)
        await here.shows(board, "2 of 4 · Themes* · until")


@pytest.mark.slow
async def test_two_hundred_people_vote(tmp_path: Path, database: str) -> None:
    """Everyone can vote, every dot counts, and Slack is asked few times who is in the channel."""
    async with room(tmp_path, database=database) as here:
        slack, general = here.stage.slack, here.stage.general
        crowd = [slack.add_user(f"Person {number}") for number in range(200)]
        for person in crowd:
            await slack.invite(person, general)
        board = await here.start()
        assert accepted(await here.add(here.stage.ben, board, "A bus\nA tram\nA ferry"))
        await here.to_dots(board)
        before = len(slack.calls("conversations.members"))

        async def open_form(person: User) -> SlackView:
            """Click until the form opens: Slack gives a busy machine three seconds for it."""
            for _ in range(CLICKS):
                await slack.click(person, board, ids.VOTE)
                for _ in range(LOOKS):
                    if view := slack.current_modal(person):
                        return view
                    await asyncio.sleep(0.05)
            raise AssertionError(f"no form opened for {person.name}")

        async def vote(number: int, person: User) -> None:
            view = await open_form(person)
            given = {"A bus": 2, "A tram": 1} if number % 2 else {"A ferry": 3}
            values = {block_of(view, words): str(count) for words, count in given.items()}
            assert accepted(await slack.submit(person, view, values))

        numbered = [*enumerate(crowd)]
        for start in range(0, len(crowd), AT_ONCE):
            batch = numbered[start : start + AT_ONCE]
            await asyncio.gather(*(vote(number, person) for number, person in batch))
            # Slack opens about a hundred forms a minute (tier 4).
            slack.clock.advance(PAUSE_S)
        assert len(slack.calls("conversations.members")) - before < len(crowd)
        await here.end(board)
        await here.shows(board, "4 of 4 · Result")
        await slack.wait_for(lambda: len(here.thread(board)) >= 3, 30)
        text = slack.render(here.thread(board)[1])
        assert "200 people gave 600 dots." in text
        for words in (
            "1. A ferry\n<⋯>\n300 dots",
            "2. A bus\n<⋯>\n200 dots",
            "3. A tram\n<⋯>\n100 dots",
        ):
            assert words in text
        await idle(here.stage)
