"""Runs the examples: a real bot with scripted models answers questions and holds a brainstorm."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.app import open_bot
from bot.server import serve_socket
from bot.slack.brainstorm import ids
from bot.trial import example_session as session
from bot.trial.brainstorm_players import BrainstormPlayers
from bot.trial.cast import EXAMPLES, Example
from bot.trial.example_models import PIPELINE, example_config, example_models

if TYPE_CHECKING:
    from bot.playground.server import LocalSlack
    from bot.playground.state.models import Channel, SlackMessage
    from bot.settings import Settings

_END_S: Final = 10.0
"""Seconds in which a run must store its end after its reply."""


async def play_examples(slack: LocalSlack, settings: Settings) -> None:
    """Ask every example question and hold the example brainstorm, all at the same time."""
    scripted = replace(settings, config=example_config())
    bot = open_bot(scripted, mode="socket", models=example_models())
    async with bot as bot, serve_socket(bot, scripted):
        await slack.wait_for(lambda: slack.connections)
        await asyncio.gather(_brainstorm(slack), *(_ask(slack, each) for each in EXAMPLES))
        await bot.jobs.drain(_END_S)


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
    players = BrainstormPlayers(slack, session.ROOM, session.STARTER, session.TOPIC)
    await players.start()
    await players.hand_in_all(session.PEOPLE, session.NAMED)
    ideas = sum(len(group) for groups in session.THEMES.values() for group in groups)
    own = sum(map(len, session.PEOPLE.values()))
    await players.shows(f"{own} ideas from 3 people · {ideas - own} ideas from 3 models")
    await players.end_phase("2 of 4 · Themes* · until")
    await players.end_phase("3 of 4 · Dots")
    for person, dots in session.VOTES.items():
        await players.vote(person, dots)
    await players.end_phase("4 of 4 · Result")
    await slack.wait_for(lambda: _replied(slack, session.ROOM, players.board.ts))
