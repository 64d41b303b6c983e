"""People of the local Slack who hold a brainstorm, as examples and pictures need one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack.brainstorm import ids

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bot.playground.server import LocalSlack
    from bot.playground.state.models import SlackMessage, SlackView


@dataclass(frozen=True, slots=True)
class BrainstormPlayers:
    """A brainstorm that one person starts and others take part in.

    Attributes:
        room: the channel's name.
        starter: who starts it and ends its phases.
        topic: what it is about; it tells its board from others in the channel.
        patience_s: the longest wait for a step; then TimeoutError.
    """

    slack: LocalSlack
    room: str
    starter: str
    topic: str
    patience_s: float = 60.0

    @property
    def board(self) -> SlackMessage:
        """Its board."""
        found = self._board()
        assert found
        return found

    def _board(self) -> SlackMessage | None:
        posted = self.slack.messages(self.room)
        boards = (m for m in posted if ids.BOARD_ACTIONS in str(m.blocks) and self.topic in m.text)
        return next(boards, None)

    async def start(self) -> None:
        """Start it and wait for its board."""
        await self.slack.command(self.starter, self.room, "/moa", f"brainstorm {self.topic}")
        await self.slack.submit(self.starter, await self._modal(self.starter, ids.START_VIEW))
        await self.slack.wait_for(self._board, self.patience_s)

    async def hand_in(self, person: str, ideas: Sequence[str], *, named: bool) -> None:
        """Hand in a person's ideas, with or without their name."""
        await self.slack.click(person, self.board, ids.ADD)
        values = {ids.IDEAS: "\n".join(ideas), ids.NAME: [ids.NAME] if named else []}
        await self.slack.submit(person, await self._modal(person, ids.ADD_VIEW), values)

    async def hand_in_all(
        self, ideas: Mapping[str, Sequence[str]], named: Collection[str] = ()
    ) -> None:
        """Hand in everyone's ideas, one person after the other."""
        for person, own in ideas.items():
            await self.hand_in(person, own, named=person in named)

    async def end_phase(self, wait_for_text: str) -> None:
        """End the phase and wait until the board shows some words."""
        await self.slack.click(self.starter, self.board, ids.END)
        await self.wait_for_text(wait_for_text)

    async def wait_for_text(self, words: str) -> None:
        """Wait until the board shows some words."""
        await self.slack.wait_for(lambda: words in self.slack.render(self.board), self.patience_s)

    async def vote(self, person: str, dots: Mapping[str, int]) -> None:
        """Give a person's dots to the ideas on the first page that begin with these words."""
        await self.slack.click(person, self.board, ids.VOTE)
        view = await self._modal(person, ids.VOTE_VIEW)
        values = {
            str(block["block_id"]): str(count)
            for block in view.blocks
            for words, count in dots.items()
            if block["type"] == "input" and block["label"]["text"].startswith(words)
        }
        await self.slack.submit(person, view, values)

    async def _modal(self, person: str, callback_id: str) -> SlackView:
        """Wait for a person's open modal."""

        def found() -> SlackView | None:
            view = self.slack.current_modal(person)
            return view if view and view.callback_id == callback_id else None

        view = await self.slack.wait_for(found, self.patience_s)
        assert view
        return view
