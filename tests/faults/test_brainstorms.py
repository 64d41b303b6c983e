"""A process is killed at every named point of a brainstorm, and another one continues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.brainstorm.session import BrainstormSession
from bot.playground.state.models import SlackMessage, SlackView, User
from bot.slack.brainstorm import ids
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.database import Database, open_database
from tests.bot.processes import LocalServices, local_services
from tests.brainstorm.sessions import MODELS, block_of
from tests.faults.bot_processes import BotLauncher, BotProcess
from tests.faults.kill_points import BRAINSTORMED

AGAIN_S = 0.3
"""Seconds until a person repeats an action that failed or had no effect."""

PATIENCE_S = 90
PHASES = ("1 of 4", "2 of 4 · Themes* · until", "3 of 4", "4 of 4")


PAST: Mapping[str, Callable[[BrainstormSession], object]] = {
    "board posting announced": lambda session: session.board_ts,
    "board posted, its ts not stored": lambda session: session.board_ts,
    "board ts stored": lambda session: session.board_ts,
    "silence settled": lambda session: session.settled or session.step,
    "themes begun": lambda session: session.step >= 1,
    "ideas grouped, not stored": lambda session: session.themes,
    "themes stored": lambda session: session.themes,
    "themes posted, their ts not stored": lambda session: session.themes_ts,
    "themes ts stored": lambda session: session.themes_ts,
    "themes end set": lambda session: session.themes_ts and session.phase_ends_at,
    "dots begun": lambda session: session.step >= 2,
    "result begun": lambda session: session.step >= 3,
    "result posted, its ts not stored": lambda session: session.result_ts,
    "result ts stored": lambda session: session.result_ts,
    "result question stored": lambda session: session.result_ts and session.settled,
    "result run stored": lambda session: session.result_ts and session.settled,
    "result run queued": lambda session: session.result_ts and session.settled,
}
"""Whether a brainstorm has passed a point: a second worker continued before it was killed, too. All
other points recur, or are reached only once a person acts."""


class PlayedBrainstorm:
    """A brainstorm by three people, whatever happens to the bot.

    They repeat actions that were not acknowledged: submit the same form, or click once more.
    """

    def __init__(
        self, services: LocalServices, people: list[User], store: StoredBrainstorms
    ) -> None:
        self.services = services
        self.slack = services.slack
        self.people = people
        self.store = store
        self.form: SlackView | None = None
        self.board: SlackMessage | None = None
        self.handed: set[str] = set()
        self.forms: dict[str, SlackView] = {}
        self.voted: set[str] = set()

    async def run(self) -> None:
        """Continue until the result is written up."""
        self.board = await self._started()
        await self._until_models()
        for person in self.people:
            while person.id not in self.handed:
                await self._hand_in(person)
        await self.slack.wait_for(
            lambda: "6 ideas from 3 people" in self.slack.render(self._board), PATIENCE_S
        )
        await self._until(1)
        await self._until(2)
        for person in self.people:
            while person.id not in self.voted:
                await self._vote(person)
        await self._until(3)
        await self.slack.wait_for(
            lambda: any("[Show answers]" in self.slack.render(m) for m in self._thread()),
            PATIENCE_S,
        )

    async def check(self) -> None:
        """Check that nothing is lost or repeated, and no phase was skipped."""
        boards = self._boards()
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
        assert [*range(1, 13)] == [position for position in calls if 0 < position < 100]
        dots = [sum(ballot.values()) for ballot in await self.store.ballots(session.id)]
        assert dots == [3] * len(self.people)
        assert f"{len(self.people)} people gave {3 * len(self.people)} dots." in "\n".join(shown)

    async def _started(self) -> SlackMessage:
        ana = self.people[0]
        while not self._boards():
            if self.form is None:
                text = "brainstorm How can we ship faster?"
                await self.slack.command(ana, self.services.general, "/moa", text)
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

    async def _until_models(self) -> None:
        """Wait for the models, so that the points come in order."""
        while len(await self.store.ended_calls((await self._session()).id)) < 12:  # noqa: ASYNC110 - a database does not report changes
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

    async def is_past(self, point: str) -> bool:
        """Return whether the brainstorm has passed a point."""
        found = await self.store.latest(self.slack.team_id, self.services.general.id, 1)
        return point in PAST and bool(found) and bool(PAST[point](found[0]))

    async def _session(self) -> BrainstormSession:
        found = await self.store.latest(self.slack.team_id, self.services.general.id, 1)
        return found[0]

    @property
    def _board(self) -> SlackMessage:
        assert self.board is not None
        return self.board

    def _modal(self, person: User, words: str) -> SlackView | None:
        view = self.slack.current_modal(person)
        return view if view and words in self.slack.render(view) else None

    def _boards(self) -> list[SlackMessage]:
        found = self.slack.messages(self.services.general)
        return [message for message in found if ids.BOARD_ACTIONS in str(message.blocks)]

    def _thread(self) -> list[SlackMessage]:
        return self.slack.messages(self.services.general, self._board.ts)[1:]

    def _words(self, person: User) -> list[str]:
        return [f"{person.name}'s first idea", f"{person.name}'s second idea"]


async def until_killed(play: PlayedBrainstorm, alive: list[BotProcess], point: str) -> None:
    """Continue until one of the processes is killed; the others are then not killed there."""
    playing = asyncio.create_task(play.run())
    ending = [asyncio.create_task(bot.exit_code()) for bot in alive]
    try:
        await asyncio.wait([playing, *ending], return_when=asyncio.FIRST_COMPLETED)
        assert any(end.done() for end in ending), f"not killed at: {point}"
    finally:
        for task in (playing, *ending):
            task.cancel()
        await asyncio.wait([playing, *ending])


async def run_brainstorm(
    folder: Path, launcher: BotLauncher, database: str, *, processes: int
) -> None:
    """Run one brainstorm through every point: at each, one process dies and new ones continue."""
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(local_services(folder, MODELS["writer-1"]))
        opened: Database = await open_database(database)
        stack.push_async_callback(opened.dispose)
        people = [services.ana, services.slack.add_user("Ben"), services.slack.add_user("Cleo")]
        for person in people[1:]:
            await services.slack.invite(person, services.general)
        play = PlayedBrainstorm(services, people, StoredBrainstorms(opened))
        for point, at in BRAINSTORMED.items():
            if processes > 1 and (at.nth > 1 or await play.is_past(point)):
                continue  # which of the two repeats an action is left to chance
            async with AsyncExitStack() as alive:
                options: dict[str, Any] = {"database": database, "point": point, "armed": True}
                killable = [
                    await alive.enter_async_context(
                        launcher.start(folder, services.slack, **options)
                    )
                    for _ in range(processes)
                ]
                async with asyncio.timeout(PATIENCE_S):
                    await until_killed(play, killable, point)
        async with (
            launcher.ready(folder, services.slack, database=database),
            asyncio.timeout(PATIENCE_S),
        ):
            await play.run()
        await play.check()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_killed_at_every_point_of_a_brainstorm(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """The next start continues: no idea and no dot is lost, and nothing is repeated."""
    await run_brainstorm(tmp_path, launcher, database, processes=1)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_killed_at_every_point_with_two_workers(
    tmp_path: Path, launcher: BotLauncher, database: str
) -> None:
    """The same holds whichever of two workers dies."""
    await run_brainstorm(tmp_path, launcher, database, processes=2)
