"""Whole brainstorms, from the form to the export."""

from __future__ import annotations

from pathlib import Path

from tests.brainstorm.sessions import accepted, room


async def test_three_people_and_four_models(tmp_path: Path) -> None:
    """From the form to the result: ideas stay hidden, dots are counted, the models write it up."""
    async with room(tmp_path) as here:
        ana, ben, slack = here.stage.ana, here.stage.ben, here.stage.slack
        board = await here.start()
        print(slack.render(board))
        for view in [await here.form(ben)]:
            print(slack.render(view))
        assert accepted(await here.add(ana, board, "A bus for *walkers*\n=SUM(A1)", named=True))
        assert accepted(await here.add(ben, board, "Free  coffee <!channel>"))
        assert accepted(await here.add(here.cleo, board, "free coffee & <b>cake</b>"))
        here.clock.turn(seconds=10)
        print(await here.shows(board, "4 ideas from 3 people"))
        await here.to_dots(board)
        print(slack.render(board))
        for message in here.thread(board):
            print(slack.render(message))
        view = await here.vote_form(ben, board)
        print(slack.render(view))
        assert accepted(await here.vote(ana, board, {"*walkers*": 2, "=SUM": 1}))
        assert accepted(await here.vote(ben, board, {"*walkers*": 3}))
        await here.end(board)
        print(await here.shows(board, "4 of 4 · Result"))
        await slack.wait_for(lambda: len(here.thread(board)) >= 3, 30)
        for message in here.thread(board):
            print(slack.render(message))
