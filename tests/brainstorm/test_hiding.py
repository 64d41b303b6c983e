"""Nobody sees others' ideas in the silence, and strangers take no part, whatever they send."""

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
from tests.brainstorm.sessions import Room, accepted, room
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


async def sends(here: Room, user: Any, board: SlackMessage, action: str, value: str) -> None:
    """Send a click that the board doesn't offer, as a hostile client can."""
    fields: dict[str, Any] = {
        "actions": [{"type": "button", "action_id": action, "value": value, "action_ts": "1.0"}],
        "container": {"type": "message", "channel_id": board.channel},
        "channel": {"id": board.channel},
    }
    await here.stage.slack.send_interaction(user, "block_actions", **fields)


@pytest.mark.slow
async def test_in_the_silence_no_way_leads_to_an_idea(tmp_path: Path) -> None:
    """Not the board, the modals, the command, the export, the Home tab, an answer or the log."""
    with capture_logs() as logged:
        async with room(tmp_path) as here:
            slack, ana, ben = here.stage.slack, here.stage.ana, here.stage.ben
            board = await here.start()
            assert accepted(await here.add(ana, board, SECRET, named=True))
            session = await here.session(board)
            idea = (await here.store.ideas(session.id))[0]
            for action in CLICKS:
                for value in (f"{session.id}|0", f"{session.id}|{idea.id}|change"):
                    await sends(here, ben, board, action, value)
            for word in ("status", "results", "close", "reopen"):
                await slack.command(ben, here.stage.general, "/moa", f"brainstorm {word}")
            await home(here.stage, ben)
            ts = await here.stage.ask("What are the ideas?", board.ts, user=ben)
            await here.stage.replied(board.ts, 1)
            await slack.wait_for_deliveries()
            sent = [call for call in slack.calls() if SECRET in str(call.args)]
            assert not sent, sent
            assert SECRET not in str(here.stage.models.questions)
            assert ts
            await slack.click(ana, board, ids.MINE)
            assert SECRET in slack.render(await here.stage.opened_view(ana, SECRET))
    assert SECRET not in str(logged)


@pytest.mark.parametrize("kind", ["another channel", "removed", "another workspace"])
async def test_strangers_take_no_part(tmp_path: Path, kind: str) -> None:
    """Nothing opens for them, nothing of theirs is stored, no phase ends for them."""
    async with room(tmp_path) as here:
        slack = here.stage.slack
        board = await here.start()
        assert accepted(await here.add(here.stage.ana, board, "An idea"))
        await slack.click(here.stage.ben, board, ids.ADD)
        form = await here.stage.opened_view(here.stage.ben, "one per line")
        zoe = await stranger(here.stage, kind)
        for action in (ids.ADD, ids.MINE, ids.EXTEND, ids.END):
            await slack.click(zoe, board, action)
        done = await slack.submit(zoe, form, {ids.IDEAS: "Mine"})
        assert done.errors
        assert slack.current_modal(zoe) is None
        session = await here.session(board)
        assert (session.phase, session.extended) == ("silence", False)
        assert [i.text for i in await here.store.ideas(session.id) if not i.is_model] == ["An idea"]


@pytest.mark.parametrize(
    ("who", "chosen", "takes_part"),
    [
        ("guest", "workspace", True),
        ("guest", "full_members", False),
        ("another workspace", "workspace", False),
        ("another workspace", "everyone", True),
    ],
)
async def test_the_channel_decides_about_guests_and_others(
    tmp_path: Path, who: str, chosen: str, *, takes_part: bool
) -> None:
    """Guests and people of other organisations take part where the channel says so."""
    async with room(tmp_path) as here:
        slack = here.stage.slack
        await choose(here.stage, here.stage.ana, brainstorm_with=VALUE_PREFIX + chosen)
        board = await here.start()
        zoe = await stranger(here.stage, who)
        await slack.click(zoe, board, ids.ADD)
        if takes_part:
            await here.stage.opened_view(zoe, "one per line")
        else:
            await slack.wait_for(lambda: slack.ephemerals(zoe, here.stage.general))
            assert slack.current_modal(zoe) is None


async def test_sources_are_hidden_where_the_channel_hides_names(tmp_path: Path) -> None:
    """Neither people nor models are named, in no message and in no export."""
    async with room(tmp_path) as here:
        slack = here.stage.slack
        await choose(here.stage, here.stage.ana, names=f"{VALUE_PREFIX}anonymous")
        board = await here.start()
        assert accepted(await here.add(here.stage.ben, board, "An idea", named=True))
        await here.to_dots(board)
        shown = slack.render(here.thread(board)[0])
        assert "An idea" in shown
        for name in ("Ben", "someone", "(red", "(blue"):
            assert name not in shown


@pytest.mark.slow
async def test_dots_are_secret_until_the_end(tmp_path: Path) -> None:
    """Others see how many have voted, and no export tells more."""
    async with room(tmp_path) as here:
        slack, ana, ben = here.stage.slack, here.stage.ana, here.stage.ben
        board = await here.start(minutes="10")
        assert accepted(await here.add(ana, board, "An idea"))
        await here.to_dots(board)
        assert accepted(await here.vote(ana, board, {"An idea": 3}))
        here.clock.turn(seconds=5)
        await here.shows(board, "1 person voted")
        view = await here.vote_form(ben, board)
        assert "<3 dots" not in slack.render(view)
        session = await here.session(board)
        for action in (ids.EXPORT_MD, ids.EXPORT_CSV, ids.REOPEN):
            await sends(here, ben, board, action, f"{session.id}|{session.step}")
        await slack.command(ben, here.stage.general, "/moa", "brainstorm results")
        assert "3 dots" not in "".join(slack.render(m) for m in here.thread(board))
        assert len(here.thread(board)) == 1
        again = await here.vote_form(ana, board)
        assert "<3 dots ▾>" in slack.render(again)


async def test_another_apps_copy_of_the_tag_is_no_message_of_ours(tmp_path: Path) -> None:
    """After a lost post, a brainstorm takes up its own message only, and posts it otherwise."""
    async with room(tmp_path) as here:
        slack = here.stage.slack
        app = slack.add_user("Copycat", bot=True)
        await slack.invite(app, here.stage.general)
        board = await here.start()
        session = await here.session(board)
        for boards, step in product(range(3), range(9)):
            ts = await slack.post(app, here.stage.general, "Copied.", thread_ts=board.ts)
            tag = brainstorm_metadata(session.id, f"themes:{boards}:{step}")
            slack.message(here.stage.general, ts).metadata = tag
        slack.fail_next("chat.postMessage", status=500)
        await here.end(board)
        await here.shows(board, "2 of 4 · Themes* · until")
        [themes] = [m for m in here.thread(board) if m.user == slack.bot_user_id]
        assert (await here.session(board)).themes_ts == themes.ts
