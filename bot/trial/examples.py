"""Runs the examples: a real bot with scripted models answers questions and holds a brainstorm."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from bot.app import open_bot
from bot.limits import Limits
from bot.server import serve_socket
from bot.slack.brainstorm import ids
from bot.storage.brainstorms import StoredBrainstorms
from bot.trial import example_session as session
from bot.trial.brainstorm_players import BrainstormPlayers
from bot.trial.cast import EXAMPLES, Example
from bot.trial.example_models import PIPELINE, example_config, example_models

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bot.playground.server import LocalSlack
    from bot.playground.state.models import Channel, SlackMessage
    from bot.settings import Settings

log = structlog.get_logger(__name__)

_PATIENCE_S: Final = 10.0
"""The longest wait for one step of the example brainstorm."""

_LOOK_S: Final = 0.05
_END_S: Final = 10.0
"""Seconds in which a run must store its end after its reply, and a brainstorm come to rest."""


async def play_examples(slack: LocalSlack, settings: Settings) -> None:
    """Ask every example question and hold the example brainstorm, all at the same time.

    They cost nothing, so the operator's limits don't apply. On a very slow machine an example may
    stay unfinished; the trial starts without it.
    """
    scripted = replace(settings, config=example_config(), limits=Limits())
    bot = open_bot(scripted, mode="socket", models=example_models())
    async with bot as bot, serve_socket(bot, scripted):
        await slack.wait_for(lambda: slack.connections)
        examples = [_brainstorm(slack), *(_ask(slack, each) for each in EXAMPLES)]
        await asyncio.gather(*map(_finished, examples))
        await bot.jobs.drain(_END_S)
        await _finished(_settled(StoredBrainstorms(bot.database)))


def is_example(message: SlackMessage, root: SlackMessage | None = None) -> bool:
    """Return whether the bot wrote this message with scripted models. `root` is its thread's."""
    if not message.bot_id:
        return False
    return _footer_names(message) or (
        root is not None and _footer_names(root) and ids.BOARD_ACTIONS in str(message.blocks)
    )


def _footer_names(message: SlackMessage) -> bool:
    """Return whether the line of figures of a reply or of a board names the examples' pipeline."""
    contexts = [block for block in message.blocks if block["type"] == "context"]
    texts = [str(each.get("text", "")) for block in contexts for each in block["elements"]]
    return any(PIPELINE in text.split(" · ") for text in texts)


async def _finished(example: Awaitable[None]) -> None:
    try:
        await example
    except TimeoutError:
        log.warning("example_not_finished")


async def _settled(brainstorms: StoredBrainstorms) -> None:
    """Wait until nothing is left to do: a cancelled worker may be opening a connection."""
    async with asyncio.timeout(_END_S):
        while await brainstorms.due(datetime.now(UTC)):  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(_LOOK_S)


async def _ask(slack: LocalSlack, example: Example) -> None:
    channel = next(each for each in slack.conversations if each.name == example.room)
    root = next(m for m in slack.messages(channel) if m.text.startswith(example.under))
    mention = f"<@{slack.bot_user_id}> {example.question}"
    await slack.post(example.who, channel, mention, thread_ts=root.ts)
    await slack.wait_for(lambda: _replied(slack, channel, root.ts))


def _replied(slack: LocalSlack, channel: Channel | str, ts: str) -> bool:
    last = slack.messages(channel, ts)[-1]
    return last.user == slack.bot_user_id and bool(last.metadata) and not last.streaming


async def _brainstorm(slack: LocalSlack) -> None:
    players = BrainstormPlayers(
        slack, session.ROOM, session.STARTER, session.TOPIC, patience_s=_PATIENCE_S
    )
    await players.start()
    await players.hand_in_all(session.PEOPLE, session.NAMED)
    ideas = sum(len(group) for groups in session.THEMES.values() for group in groups)
    own = sum(map(len, session.PEOPLE.values()))
    await players.wait_for_text(f"{own} ideas from 3 people · {ideas - own} ideas from 3 models")
    await players.end_phase("2 of 4 · Themes* · until")
    await players.end_phase("3 of 4 · Dots")
    for person, dots in session.VOTES.items():
        await players.vote(person, dots)
    await players.end_phase("4 of 4 · Result")
    await slack.wait_for(lambda: _replied(slack, session.ROOM, players.board.ts))
