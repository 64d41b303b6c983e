"""Addresses in topics, ideas, themes and names: only those that the asker typed can be links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bot.playground.checks.blocks import walk
from bot.playground.state.models import SlackMessage, User
from bot.slack.brainstorm import ids
from tests.brainstorm.sessions import MODELS, Room, accepted, room
from tests.models.replies import Reply, Request
from tests.slack.user_actions import idle

LEAK = "https://evil.example/?q=secret"
OWN = "https://own.example/plan"
TOPIC = "Is https://topic.example/walk good?"
NAMED = "name.example and https://name.example/x"

_SHOWN_AS_CODE = re.compile(r"`[^`\n]+`")
_TOKEN = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"\b(?:evil|own|topic|name)\.example")


def hostile(request: Request) -> str:
    """Write addresses as ideas, as titles of themes, and in the reply."""
    words = " ".join(words for _, words in request.turns)
    if "probability" in words:
        number = len(words) % 97
        return f"1. Read {LEAK} for {request.model} {number} (probability: 0.1)"
    if (last := re.search(r"Sort the numbers 1 to (\d+)", words)) is not None:
        numbers = [*range(1, int(last[1]) + 1)]
        return f'{{"themes": [{{"title": "See {LEAK}", "ideas": {numbers}}}]}}'
    return f"Read {LEAK}, {OWN} and {TOPIC}"


HOSTILE = {name: Reply(text=hostile) for name in MODELS}


async def to_result(here: Room) -> tuple[SlackMessage, User]:
    """Hold a brainstorm of a person with an address as a name; return its board and the person."""
    zoe = here.stage.slack.add_user(NAMED)
    await here.stage.slack.invite(zoe, here.stage.general)
    here.topic = TOPIC
    board = await here.start(zoe)
    assert accepted(await here.add(here.stage.ben, board, f"Follow {OWN}", named=True))
    await here.shows(board, "from 4 models")
    await here.end(board, here.stage.ana)  # is told that it isn't hers
    await here.end(board, zoe)
    await here.shows(board, "2 of 4 · Themes* · until")
    await here.end(board, zoe)
    await here.shows(board, "3 of 4 · Dots")
    await here.end(board, zoe)
    await here.stage.slack.wait_for(lambda: len(here.thread(board)) >= 3, 30)
    await idle(here.stage)
    return board, zoe


async def asked_about(here: Room, board: SlackMessage, words: str, user: User) -> str:
    """Have someone ask to develop the idea with these words, and return the reply."""
    result = next(m for m in here.thread(board) if ids.IDEA_MENU in str(m.blocks))
    menu = next(
        block["accessory"]
        for block in result.blocks
        if "accessory" in block and words in block["text"]["text"]
    )
    before = len(replies(here, board))
    slack = here.stage.slack
    await slack.click(user, result, menu["action_id"], menu["options"][0]["value"])
    return await reply(here, board, before)


def replies(here: Room, board: SlackMessage) -> list[str]:
    shown = map(here.stage.slack.render, here.thread(board))
    return [text for text in shown if "[Regenerate]" in text]


async def reply(here: Room, board: SlackMessage, before: int) -> str:
    """Wait for the next reply in the thread."""
    await here.stage.slack.wait_for(lambda: len(replies(here, board)) > before, 30)
    return replies(here, board)[-1]


async def test_no_idea_allows_a_link(tmp_path: Path) -> None:
    """Who asks about an idea allows the addresses that they wrote, never those of the idea.

    Nor does the question that was posted for them, when they ask on in the thread.
    """
    async with room(tmp_path, models=HOSTILE) as here:
        board, _ = await to_result(here)
        [written] = replies(here, board)
        assert f"Read `{LEAK}`, `{OWN}` and {TOPIC}" in written
        ana, ben = here.stage.ana, here.stage.ben
        for idea in (LEAK, OWN):
            assert f"Read `{LEAK}`, `{OWN}`" in await asked_about(here, board, idea, ana)
            assert f"Read `{LEAK}`, {OWN}" in await asked_about(here, board, idea, ben)
        await here.stage.ask("And now?", board.ts, user=ana)
        assert f"Read `{LEAK}`, `{OWN}`" in await reply(here, board, 5)
        assert [u.url for u in here.stage.slack.unfurls if "evil" in u.url] == []


async def test_nothing_that_people_or_models_wrote_is_a_link_on_the_board(tmp_path: Path) -> None:
    """Topics, themes, ideas and names are literal text or code in every message and command."""
    async with room(tmp_path, models=HOSTILE) as here:
        board, zoe = await to_result(here)
        for word in ("status", "results", "close", "reopen"):
            await here.stage.slack.command(zoe, here.stage.general, "/moa", f"brainstorm {word}")
        slack, general = here.stage.slack, here.stage.general
        thread = [m for m in here.thread(board) if "Regenerate" not in slack.render(m)]
        people = [slack.user(member) for member in general.members]
        told = [m for person in people if person for m in slack.ephemerals(person, general)]
        texts = [text for m in (board, *thread, *told) for text in mrkdwn_of(m)]
        for written in ("evil.example", "own.example", "topic.example", "name.example"):
            assert any(written in text for text in texts), written
        unmarked = [_SHOWN_AS_CODE.sub("", _TOKEN.sub("", text)) for text in texts]
        assert [text for text in unmarked if _ADDRESS.search(text)] == []


def mrkdwn_of(message: SlackMessage) -> Iterator[str]:
    """Yield the texts of a message in which Slack may find addresses."""
    yield message.text
    for part in walk(message.blocks):
        if part.get("type") == "mrkdwn":
            yield part["text"]
