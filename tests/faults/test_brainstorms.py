"""A process is killed at every named point of a brainstorm; the next one, or another, goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.brainstorm.session import BrainstormSession
from bot.playground.state.models import SlackMessage, SlackView, User
from bot.slack.brainstorm import ids
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.database import Database, open_database
from tests.bot.processes import World, world
from tests.brainstorm.sessions import MODELS, block_of
from tests.databases import Databases
from tests.faults.bot_processes import Life, Lives
from tests.faults.kill_points import BRAINSTORMED

CHAINS = 3
"""The points are divided among so many bots, which mostly wait."""

AGAIN_S = 0.3
"""Seconds until a person tries again what failed or did not happen."""

PATIENCE_S = 90
PHASES = ("1 of 4", "2 of 4 · Themes* · until", "3 of 4", "4 of 4")


class Play:
    """A brainstorm that three people hold, whatever happens to the bot.

    They do again what was not acknowledged: submit the same form, or click once more.
    """

    def __init__(self, there: World, people: list[User], store: StoredBrainstorms) -> None:
        self.there = there
        self.slack = there.slack
        self.people = people
        self.store = store
        self.form: SlackView | None = None
        self.board: SlackMessage | None = None
        self.handed: set[str] = set()
        self.forms: dict[str, SlackView] = {}
        self.voted: set[str] = set()
        self.earlier = len(self._boards())

    async def run(self) -> None:
        """Go on until the result is written up."""
        self.board = await self._started()
        for person in self.people:
            while person.id not in self.handed:
                await self._hand_in(person)
        await self._until_ideas()
        await self._until(1)
        await self._until(2)
        for person in self.people:
            while person.id not in self.voted:
                await self._vote(person)
        await self._until(3)
        while "[Show answers]" not in "\n".join(map(self.slack.render, self._thread())):
            await asyncio.sleep(AGAIN_S)

    async def check(self) -> None:
        """Nothing is lost, nothing is there twice, and no phase was skipped."""
        boards = self._boards()[self.earlier :]
        assert len(boards) == 1, "\n\n".join(map(self.slack.render, boards))
        shown = [self.slack.render(message) for message in self._thread()]
        assert sum("# The ideas by theme" in text for text in shown) == 1, shown
        assert sum("# Result:" in text for text in shown) == 1, shown
        assert sum("[Show answers]" in text for text in shown) == 1, shown
        session = await self._session()
        assert (session.phase, session.step) == ("result", 3)
        ideas = await self.store.ideas(session.id)
        written = sorted(idea.text for idea in ideas if not idea.is_model)
        assert written == sorted(text for person in self.people for text in self._words(person))
        calls = await self.store.ended_calls(session.id)
        assert [*range(1, 13)] == [position for position in calls if position < 100]
        dots = [sum(ballot.values()) for ballot in await self.store.ballots(session.id)]
        assert dots == [3] * len(self.people)
        assert f"{len(self.people)} people gave {3 * len(self.people)} dots." in "\n".join(shown)

    async def _started(self) -> SlackMessage:
        ana = self.people[0]
        while not self._boards()[self.earlier :]:
            if self.form is None:
                text = f"brainstorm Topic {self.earlier}"
                await self.slack.command(ana, self.there.general, "/moa", text)
                self.form = self.slack.current_modal(ana)
            elif self.form is self.slack.current_modal(ana):
                await self.slack.submit(ana, self.form)
            await asyncio.sleep(AGAIN_S)
        return self._boards()[-1]

    async def _hand_in(self, person: User) -> None:
        if person.id not in self.forms:
            await self.slack.click(person, self._board, ids.ADD)
            await asyncio.sleep(AGAIN_S / 3)
            if view := self._modal(person, "one per line"):
                self.forms[person.id] = view
            return
        text = "\n".join(self._words(person))
        done = await self.slack.submit(person, self.forms[person.id], {ids.IDEAS: text})
        if not done.error and not done.errors:
            self.handed.add(person.id)
            return
        await asyncio.sleep(AGAIN_S)

    async def _vote(self, person: User) -> None:
        await self.slack.click(person, self._board, ids.VOTE)
        await asyncio.sleep(AGAIN_S / 3)
        view = self._modal(person, "Give dots")
        if view is None:
            return
        values = {block_of(view, self._words(person)[0]): "2"}
        values[block_of(view, self._words(self.people[0])[1])] = "1"
        done = await self.slack.submit(person, view, values)
        if not done.error and not done.errors:
            self.voted.add(person.id)
            return
        await self.slack.close(person, view)
        await asyncio.sleep(AGAIN_S)

    async def _until_ideas(self) -> None:
        """Wait for the models, so that each run of the test has the same ideas."""
        while len(await self.store.ended_calls((await self._session()).id)) < 12:
            await asyncio.sleep(AGAIN_S)

    async def _until(self, phase: int) -> None:
        """End phases until the board shows this one."""
        clicked = 0
        while not any(title in self.slack.render(self._board) for title in PHASES[phase:]):
            shows_before = PHASES[phase - 1] in self.slack.render(self._board)
            if shows_before and clicked % 10 == 0:  # again after three seconds
                await self.slack.click(self.people[0], self._board, ids.END)
            clicked += 1
            await asyncio.sleep(AGAIN_S)

    async def _session(self) -> BrainstormSession:
        found = await self.store.latest(self.slack.team_id, self.there.general.id, 1)
        return found[0]

    @property
    def _board(self) -> SlackMessage:
        assert self.board is not None
        return self.board

    def _modal(self, person: User, words: str) -> SlackView | None:
        view = self.slack.current_modal(person)
        return view if view and words in self.slack.render(view) else None

    def _boards(self) -> list[SlackMessage]:
        found = self.slack.messages(self.there.general)
        return [message for message in found if ids.BOARD_ACTIONS in str(message.blocks)]

    def _thread(self) -> list[SlackMessage]:
        return self.slack.messages(self.there.general, self._board.ts)[1:]

    def _words(self, person: User) -> list[str]:
        return [f"{person.name}'s first idea", f"{person.name}'s second idea"]


async def until_killed(play: Play, life: Life) -> bool:
    """Play until a process is killed, or to the end; whether it was killed."""
    playing, ending = asyncio.create_task(play.run()), asyncio.create_task(life.ended())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait([playing, ending], return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            playing.result()
        return ending.done()
    finally:
        for task in (playing, ending):
            task.cancel()
        await asyncio.wait([playing, ending])


async def held(
    folder: Path, lives: Lives, database: str, points: Iterable[str], *, others: int
) -> None:
    """Hold a brainstorm for each point. A process dies at it; `others` are there beside it."""
    folder.mkdir()
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(world(folder, MODELS["writer-1"]))
        opened: Database = await open_database(database)
        stack.push_async_callback(opened.dispose)
        people = [there.ana, there.slack.add_user("Ben"), there.slack.add_user("Cleo")]
        for person in people[1:]:
            await there.slack.invite(person, there.general)
        for _ in range(others):
            other = lives.ready(folder, there.slack, database=database)
            await stack.enter_async_context(other)
        for point in points:
            play = Play(there, people, StoredBrainstorms(opened))
            options = {"database": database, "point": point, "armed": True}
            async with lives.ready(folder, there.slack, **options) as life:
                killed = await until_killed(play, life)
            assert killed or others, f"not killed at: {point}"
            async with asyncio.timeout(PATIENCE_S):
                if others:
                    await play.run()
                else:
                    async with lives.ready(folder, there.slack, database=database):
                        await play.run()
            await play.check()


@pytest.mark.slow
@pytest.mark.parametrize("chain", range(CHAINS))
async def test_killed_at_any_point_of_a_brainstorm(
    tmp_path: Path, lives: Lives, databases: Databases, chain: int
) -> None:
    """On SQLite the next start goes on: no idea and no dot is lost, nothing is posted twice."""
    points = [*BRAINSTORMED][chain::CHAINS]
    await held(tmp_path / "bot", lives, databases.fresh("sqlite"), points, others=0)


@pytest.mark.slow
@pytest.mark.parametrize("chain", range(CHAINS))
async def test_killed_beside_another_worker(
    tmp_path: Path, lives: Lives, databases: Databases, chain: int
) -> None:
    """On Postgres another process goes on, at once or within seconds, with the same promises."""
    database = databases.fresh("postgres")
    assert make_url(database).get_backend_name() == "postgresql"
    points = [*BRAINSTORMED][chain::CHAINS]
    await held(tmp_path / "bot", lives, database, points, others=1)
