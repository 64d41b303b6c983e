"""Nobody sees other people's ideas during the silence, and strangers can't take part."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.playground.state.models import SlackMessage
from bot.slack.api.metadata import brainstorm_metadata
from bot.slack.brainstorm import ids
from bot.slack.settings.views import VALUE_PREFIX
from tests.brainstorm.sessions import BrainstormScene, brainstorm_scene, is_accepted
from tests.slack.home_actions import choose, home, stranger

SECRET = "Xylophone parade"
CLICKS = (
    ids.SEE,
    ids.VOTE,
    ids.EXPORT_MD,
    ids.EXPORT_CSV,
    ids.MINE,
    ids.THEME,
    f"{ids.TURN_SEEN}{ids.NEXT}",
    f"{ids.IDEA_MENU}:1",
    f"{ids.MY_IDEA_MENU}:1",
)


async def send_click(
    scene: BrainstormScene, user: Any, board: SlackMessage, action: str, value: str
) -> None:
    """Send a click that the board doesn't offer, as a hostile client can."""
    fields: dict[str, Any] = {
        "actions": [{"type": "button", "action_id": action, "value": value, "action_ts": "1.0"}],
        "container": {"type": "message", "channel_id": board.channel},
        "channel": {"id": board.channel},
    }
    await scene.stage.slack.send_interaction(user, "block_actions", **fields)


@pytest.mark.slow
async def test_no_request_reveals_an_idea_during_the_silence(tmp_path: Path) -> None:
    """Neither the board, modals, commands, exports, the Home tab, answers nor the log show one."""
    with capture_logs() as logged:
        async with brainstorm_scene(tmp_path) as scene:
            slack, ana, ben = scene.stage.slack, scene.stage.ana, scene.stage.ben
            board = await scene.start()
            assert is_accepted(await scene.add(ana, board, SECRET, named=True))
            session = await scene.session(board)
            idea = (await scene.store.ideas(session.id))[0]
            for action in CLICKS:
                for value in (f"{session.id}|0", f"{session.id}|{idea.id}|change"):
                    await send_click(scene, ben, board, action, value)
            for word in ("status", "results", "close", "reopen"):
                await slack.command(ben, scene.stage.general, "/moa", f"brainstorm {word}")
            await home(scene.stage, ben)
            ts = await scene.stage.ask("What are the ideas?", board.ts, user=ben)
            await scene.stage.replied(board.ts, 1)
            await slack.wait_for_deliveries()
            sent = [call for call in slack.calls() if SECRET in str(call.args)]
            assert not sent, sent
            assert SECRET not in str(scene.stage.models.questions)
            assert ts
            await slack.click(ana, board, ids.MINE)
            assert SECRET in slack.render(await scene.stage.opened_view(ana, SECRET))
    assert SECRET not in str(logged)


@pytest.mark.parametrize("kind", ["another channel", "removed", "another workspace"])
async def test_strangers_cannot_take_part(tmp_path: Path, kind: str) -> None:
    """They can open nothing, store nothing and end no phase."""
    async with brainstorm_scene(tmp_path) as scene:
        slack = scene.stage.slack
        board = await scene.start()
        assert is_accepted(await scene.add(scene.stage.ana, board, "An idea"))
        await slack.click(scene.stage.ben, board, ids.ADD)
        form = await scene.stage.opened_view(scene.stage.ben, "one per line")
        zoe = await stranger(scene.stage, kind)
        for action in (ids.ADD, ids.MINE, ids.EXTEND, ids.END):
            await slack.click(zoe, board, action)
        done = await slack.submit(zoe, form, {ids.IDEAS: "Mine"})
        assert done.errors
        assert slack.current_modal(zoe) is None
        session = await scene.session(board)
        assert (session.phase, session.extended) == ("silence", False)
        assert [i.text for i in await scene.store.ideas(session.id) if not i.is_model] == [
            "An idea"
        ]


@pytest.mark.parametrize(
    ("who", "chosen", "takes_part"),
    [
        ("guest", "workspace", True),
        ("guest", "full_members", False),
        ("another workspace", "workspace", False),
        ("another workspace", "everyone", True),
    ],
)
async def test_the_channel_decides_whether_guests_and_outsiders_take_part(
    tmp_path: Path, who: str, chosen: str, *, takes_part: bool
) -> None:
    """Guests and people from other organisations take part if the channel's settings allow it."""
    async with brainstorm_scene(tmp_path) as scene:
        slack = scene.stage.slack
        await choose(scene.stage, scene.stage.ana, brainstorm_with=VALUE_PREFIX + chosen)
        board = await scene.start()
        zoe = await stranger(scene.stage, who)
        await slack.click(zoe, board, ids.ADD)
        if takes_part:
            await scene.stage.opened_view(zoe, "one per line")
        else:
            await slack.wait_for(lambda: slack.ephemerals(zoe, scene.stage.general))
            assert slack.current_modal(zoe) is None


async def test_sources_are_hidden_if_the_channel_hides_names(tmp_path: Path) -> None:
    """No message and no export names a person or a model."""
    async with brainstorm_scene(tmp_path) as scene:
        slack = scene.stage.slack
        await choose(scene.stage, scene.stage.ana, names=f"{VALUE_PREFIX}anonymous")
        board = await scene.start()
        assert is_accepted(await scene.add(scene.stage.ben, board, "An idea", named=True))
        await scene.go_to_dots(board)
        shown = slack.render(scene.thread(board)[0])
        assert "An idea" in shown
        for name in ("Ben", "someone", "(red", "(blue"):
            assert name not in shown


@pytest.mark.slow
async def test_dots_are_secret_until_the_end(tmp_path: Path) -> None:
    """Others see how many people have voted, and exports show no more than that."""
    async with brainstorm_scene(tmp_path) as scene:
        slack, ana, ben = scene.stage.slack, scene.stage.ana, scene.stage.ben
        board = await scene.start(minutes="10")
        assert is_accepted(await scene.add(ana, board, "An idea"))
        await scene.go_to_dots(board)
        assert is_accepted(await scene.vote(ana, board, {"An idea": 3}))
        scene.clock.advance(seconds=5)
        await scene.wait_for_text(board, "1 person voted")
        view = await scene.vote_form(ben, board)
        assert "<3 dots" not in slack.render(view)
        session = await scene.session(board)
        for action in (ids.EXPORT_MD, ids.EXPORT_CSV, ids.REOPEN):
            await send_click(scene, ben, board, action, f"{session.id}|{session.step}")
        await slack.command(ben, scene.stage.general, "/moa", "brainstorm results")
        assert "3 dots" not in "".join(slack.render(m) for m in scene.thread(board))
        assert len(scene.thread(board)) == 1
        again = await scene.vote_form(ana, board)
        assert "<3 dots ▾>" in slack.render(again)


async def test_another_apps_copy_of_the_tag_is_no_message_of_ours(tmp_path: Path) -> None:
    """After a lost post, a brainstorm takes up its own message only, and posts it otherwise."""
    async with brainstorm_scene(tmp_path) as scene:
        slack = scene.stage.slack
        app = slack.add_user("Copycat", bot=True)
        await slack.invite(app, scene.stage.general)
        board = await scene.start()
        await scene.wait_for_text(board, "24 ideas from 4 models")
        session = await scene.session(board)
        for boards, step in product(range(3), range(9)):
            ts = await slack.post(app, scene.stage.general, "Copied.", thread_ts=board.ts)
            tag = brainstorm_metadata(session.id, f"themes:{boards}:{step}")
            slack.message(scene.stage.general, ts).metadata = tag
        slack.fail_next("chat.postMessage", status=500)
        await scene.end(board)
        await scene.wait_for_text(board, "2 of 4 · Themes* · until")
        [themes] = [m for m in scene.thread(board) if m.user == slack.bot_user_id]
        assert (await scene.session(board)).themes_ts == themes.ts
