"""Of the addresses in topics, ideas, themes and names, only those the asker typed become links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bot.playground.checks.blocks import walk
from bot.playground.state.models import SlackMessage, User
from bot.slack.brainstorm import ids
from tests.brainstorm.sessions import MODELS, BrainstormScene, brainstorm_scene, is_accepted
from tests.models.replies import Reply, Request
from tests.slack.user_actions import wait_until_idle

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


async def to_result(scene: BrainstormScene) -> tuple[SlackMessage, User]:
    """Run a brainstorm started by a person whose name is an address; return its board and them."""
    zoe = scene.stage.slack.add_user(NAMED)
    await scene.stage.slack.invite(zoe, scene.stage.general)
    scene.topic = TOPIC
    board = await scene.start(zoe)
    assert is_accepted(await scene.add(scene.stage.ben, board, f"Follow {OWN}", named=True))
    await scene.wait_for_text(board, "from 4 models")
    await scene.end(board, scene.stage.ana)  # refused: it isn't hers
    await scene.end(board, zoe)
    await scene.wait_for_text(board, "2 of 4 · Themes* · until")
    await scene.end(board, zoe)
    await scene.wait_for_text(board, "3 of 4 · Dots")
    await scene.end(board, zoe)
    await scene.stage.slack.wait_for(lambda: len(scene.thread(board)) >= 3, 30)
    await wait_until_idle(scene.stage)
    return board, zoe


async def develop_idea(scene: BrainstormScene, board: SlackMessage, words: str, user: User) -> str:
    """Have someone ask to develop the idea with these words, and return the reply."""
    result = next(m for m in scene.thread(board) if ids.IDEA_MENU in str(m.blocks))
    menu = next(
        block["accessory"]
        for block in result.blocks
        if "accessory" in block and words in block["text"]["text"]
    )
    before = len(replies(scene, board))
    slack = scene.stage.slack
    await slack.click(user, result, menu["action_id"], menu["options"][0]["value"])
    return await reply(scene, board, before)


def replies(scene: BrainstormScene, board: SlackMessage) -> list[str]:
    shown = map(scene.stage.slack.render, scene.thread(board))
    return [text for text in shown if "[Regenerate]" in text]


async def reply(scene: BrainstormScene, board: SlackMessage, before: int) -> str:
    """Wait for the next reply in the thread."""
    await scene.stage.slack.wait_for(lambda: len(replies(scene, board)) > before, 30)
    return replies(scene, board)[-1]


async def test_no_idea_allows_a_link(tmp_path: Path) -> None:
    """Asking about an idea allows only the addresses that the asker wrote, never those in the idea.

    The same holds for later questions in the thread.
    """
    async with brainstorm_scene(tmp_path, models=HOSTILE) as scene:
        board, _ = await to_result(scene)
        [written] = replies(scene, board)
        assert f"Read `{LEAK}`, `{OWN}` and {TOPIC}" in written
        ana, ben = scene.stage.ana, scene.stage.ben
        for idea in (LEAK, OWN):
            assert f"Read `{LEAK}`, `{OWN}`" in await develop_idea(scene, board, idea, ana)
            assert f"Read `{LEAK}`, {OWN}" in await develop_idea(scene, board, idea, ben)
        await scene.stage.ask("And now?", board.ts, user=ana)
        assert f"Read `{LEAK}`, `{OWN}`" in await reply(scene, board, 5)
        assert [u.url for u in scene.stage.slack.unfurls if "evil" in u.url] == []


async def test_no_text_on_the_board_is_a_link(tmp_path: Path) -> None:
    """Topics, themes, ideas and names are literal text or code in every message and command."""
    async with brainstorm_scene(tmp_path, models=HOSTILE) as scene:
        board, zoe = await to_result(scene)
        for word in ("status", "results", "close", "reopen"):
            await scene.stage.slack.command(zoe, scene.stage.general, "/moa", f"brainstorm {word}")
        slack, general = scene.stage.slack, scene.stage.general
        thread = [m for m in scene.thread(board) if "Regenerate" not in slack.render(m)]
        people = [slack.user(member) for member in general.members]
        notices = [m for person in people if person for m in slack.ephemerals(person, general)]
        texts = [text for m in (board, *thread, *notices) for text in mrkdwn_of(m)]
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
