"""Whole brainstorms in the local Slack: three people, four scripted models, a manual clock."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.brainstorm.session import BrainstormSession, Phase
from bot.playground.people.actions import ActionResult
from bot.playground.state.models import Channel, SlackMessage, SlackView, User
from bot.slack.brainstorm import ids
from bot.storage.brainstorms import StoredBrainstorms
from tests.models.replies import Reply, Request
from tests.slack.user_actions import ALL_EVENTS
from tests.stage import CONFIG, Stage, on_stage

FOURTH = """
[models.yellow]
provider = "openai"
model = "yellow-1"
base_url = "{openai}"
price = {{ input = 1.0, output = 2.0 }}

[pipelines.four]
description = "Four models."
aggregator = "writer"

[[pipelines.four.layers]]
proposers = ["red", "green", "blue", "yellow"]
"""

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TIMEOUT_S = 30


@dataclass
class ManualClock:
    """A clock that moves only when a test advances it."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


def scripted(request: Request) -> str:
    """Return what a model writes: two ideas of its own, or the reply to any other question."""
    words = " ".join(words for _, words in request.turns)
    if "probability" in words.lower():
        number = len(words) % 97
        return (
            f"1. Idea {number} of {request.model}: paint a line (probability: 0.2)\n"
            f"2. Idea {number} of {request.model}: plant a tree (probability: 0.1)"
        )
    return f"The answer of {request.model}."


MODELS = {
    f"{name}-1": Reply(text=scripted) for name in ("red", "green", "blue", "yellow", "writer")
}


@dataclass
class BrainstormScene:
    """A stage with a third person and a clock."""

    stage: Stage
    clock: ManualClock
    cleo: User
    topic: str = "How can we get more people to walk to work?"
    words: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def store(self) -> StoredBrainstorms:
        return StoredBrainstorms(self.stage.bot.database)

    async def form(self, user: User | None = None, topic: str | None = None) -> SlackView:
        """Open the form with the command."""
        text = f"brainstorm {self.topic if topic is None else topic}"
        await self.stage.slack.command(user or self.stage.ana, self.stage.general, "/moa", text)
        return await self.stage.opened_view(user or self.stage.ana, "[Start]")

    async def start(self, user: User | None = None, **filled: Any) -> SlackMessage:
        """Start a brainstorm and return its board."""
        before = len(self.boards())
        view = await self.form(user)
        done = await self.stage.slack.submit(user or self.stage.ana, view, filled)
        assert is_accepted(done), done
        await self.stage.slack.wait_for(lambda: len(self.boards()) > before, TIMEOUT_S)
        return self.boards()[-1]

    def boards(self, channel: Channel | None = None) -> list[SlackMessage]:
        """Return the boards in a channel."""
        found = self.stage.slack.messages(channel or self.stage.general)
        return [m for m in found if ids.BOARD_ACTIONS in str(m.blocks)]

    def thread(self, board: SlackMessage) -> list[SlackMessage]:
        """Return the messages in a board's thread."""
        return self.stage.slack.messages(board.channel, board.ts)[1:]

    async def session(self, board: SlackMessage) -> BrainstormSession:
        """Return the stored brainstorm of a board."""
        match = re.search(rf"{ids.BOARD_ACTIONS}:([\w-]+)", str(board.blocks))
        assert match
        session = await self.store.get(match[1])
        assert session
        return session

    async def wait_for_text(self, board: SlackMessage, words: str) -> str:
        """Wait until a board shows certain words, and return its text."""
        slack = self.stage.slack
        await slack.wait_for(lambda: words in slack.render(board), TIMEOUT_S)
        return slack.render(board)

    async def wait_for_phase(self, board: SlackMessage, phase: Phase) -> BrainstormSession:
        """Wait until the board shows a phase, and return the stored brainstorm."""
        titles = {
            "silence": "Silence", "themes": "Themes", "dots": "Dots", "result": "Result",
            "closed": "Closed",
        }  # fmt: skip
        await self.wait_for_text(board, titles[phase])
        session = await self.session(board)
        assert session.phase == phase
        return session

    async def add(
        self, user: User, board: SlackMessage, text: str, *, named: bool = False
    ) -> ActionResult:
        """Hand in ideas through the form."""
        slack = self.stage.slack
        await slack.click(user, board, ids.ADD)
        view = await self.stage.opened_view(user, "one per line")
        values = {ids.IDEAS: text, ids.NAME: [ids.NAME] if named else []}
        return await slack.submit(user, view, values)

    async def add_too_late(self, user: User, board: SlackMessage) -> str:
        """Click *Add ideas*, which the board no longer has, and return the refusal."""
        slack, session = self.stage.slack, await self.session(board)
        button = {"type": "button", "action_id": ids.ADD, "action_ts": "1.0", "value": session.id}
        before = len(slack.ephemerals(user, board.channel))
        await slack.send_interaction(
            user,
            "block_actions",
            actions=[button],
            channel={"id": board.channel},
            response_url=slack._emulator.new_response_url(user.id, board.channel, board),
        )
        await slack.wait_for(lambda: len(slack.ephemerals(user, board.channel)) > before)
        return slack.render(slack.ephemerals(user, board.channel)[-1])

    async def end(self, board: SlackMessage, user: User | None = None) -> None:
        """End the phase."""
        await self.stage.slack.click(user or self.stage.ana, board, ids.END)

    async def vote_form(self, user: User, board: SlackMessage) -> SlackView:
        """Open the form for dots."""
        await self.stage.slack.click(user, board, ids.VOTE)
        return await self.stage.opened_view(user, "Give dots")

    async def vote(self, user: User, board: SlackMessage, dots: Mapping[str, int]) -> ActionResult:
        """Give dots to the ideas with these words."""
        view = await self.vote_form(user, board)
        values = {block_of(view, words): str(count) for words, count in dots.items()}
        return await self.stage.slack.submit(user, view, values)

    async def go_to_dots(self, board: SlackMessage) -> None:
        """End phases until the dots."""
        await self.end(board)
        await self.wait_for_text(board, "2 of 4 · Themes* · until")
        await self.end(board)
        await self.wait_for_text(board, "3 of 4 · Dots")


def block_of(view: SlackView, words: str) -> str:
    """Return the id of the input whose label has these words."""
    return next(
        str(block["block_id"])
        for block in view.blocks
        if block["type"] == "input" and words in block["label"]["text"]
    )


def is_accepted(done: ActionResult) -> bool:
    """Return whether the app accepted a submission."""
    return not done.errors and not done.error


@asynccontextmanager
async def brainstorm_scene(folder: Path, **options: Any) -> AsyncGenerator[BrainstormScene, None]:
    """Run a bot with brainstorms on a manual clock."""
    clock = ManualClock()
    usual = {"events": ALL_EVENTS, "models": MODELS, "default": "four", "config": CONFIG + FOURTH}
    chosen: dict[str, Any] = usual | options
    async with on_stage(folder, now=clock, **chosen) as stage:
        cleo = stage.slack.add_user("Cleo")
        await stage.slack.invite(cleo, stage.general)
        yield BrainstormScene(stage, clock, cleo)
