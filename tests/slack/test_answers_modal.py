"""Who may open the answers, and what the modal says if it can't show them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from bot.playground.state.models import User
from bot.slack.permissions import recent
from bot.slack.ui.blocks import button
from bot.slack.ui.strings import answers_modal as strings
from tests.slack.modal_walk import reveal, turn
from tests.stage import Stage, on_stage

ONLY_MEMBERS = "Only people in this channel"
WRITTEN = "The reply was written by writer."
"""Words of the overview."""


@pytest.mark.parametrize("stranger", ["another channel", "removed", "another workspace"])
async def test_strangers_see_nothing(tmp_path: Path, stranger: str) -> None:
    """People outside the channel or the workspace are refused."""
    async with on_stage(tmp_path) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        person = await _stranger(stage, stranger)
        await stage.slack.click(person, reply, "show_answers")
        view = await stage.opened_view(person, ONLY_MEMBERS)
        assert "written by" not in stage.slack.render(view)


async def _stranger(stage: Stage, kind: str) -> User:
    if kind == "removed":
        await stage.slack.leave(stage.ben, stage.general)
        return stage.ben
    team_id = "T99999999" if kind == "another workspace" else None
    return stage.slack.add_user("Zoe", team_id=team_id)


async def test_a_forged_value_shows_nothing(tmp_path: Path) -> None:
    """A made-up run ID opens a modal without answers."""
    async with on_stage(tmp_path) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        for block in reply.blocks:
            for element in block.get("elements", ()):
                if element.get("action_id") == "show_answers":
                    element["value"] = "forged"
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, "no longer stored")


async def test_with_the_requester_policy_only_the_asker_sees_answers(tmp_path: Path) -> None:
    """With `reveal = "requester"` other members are refused."""
    extra = '\n[slack]\nreveal = "requester"\n'
    async with on_stage(tmp_path, extra=extra) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        await stage.slack.click(stage.ben, reply, "show_answers")
        await stage.opened_view(stage.ben, "Only the person who asked")
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, WRITTEN)


async def test_with_the_nobody_policy_no_one_sees_answers(tmp_path: Path) -> None:
    """With `reveal = "nobody"` there is no button, and older buttons open nothing."""
    async with on_stage(tmp_path, extra='\n[slack]\nreveal = "nobody"\n') as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        assert "[Show answers]" not in stage.slack.render(reply)
        assert reply.metadata is not None
        run_id = reply.metadata["event_payload"]["run_id"]
        old = button("Show answers", "show_answers", run_id)
        reply.blocks = [{"type": "actions", "block_id": "reply_actions", "elements": [old]}]
        await stage.slack.click(stage.ana, reply, "show_answers")
        view = await stage.opened_view(stage.ana, strings.ANSWERS_FORBIDDEN["nobody"])
        assert "written by" not in stage.slack.render(view)


async def test_in_a_shared_channel_only_the_asker_sees_answers(tmp_path: Path) -> None:
    """In Slack Connect channels the answers are for the person who asked."""
    async with on_stage(tmp_path) as stage:
        shared = stage.slack.add_channel(
            "shared", members=[stage.ana, stage.ben], connected=["T99999999"]
        )
        ts = await stage.slack.post(stage.ana, shared, f"{stage.mention} What is the risk?")
        reply = await stage.replied(ts, channel=shared)
        await stage.slack.click(stage.ben, reply, "show_answers")
        view = await stage.opened_view(stage.ben, strings.ANSWERS_OUTSIDE)
        assert "written by" not in stage.slack.render(view)
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, WRITTEN)


async def test_an_expired_trigger_asks_for_another_click(tmp_path: Path) -> None:
    """If the modal does not open in time, only the person who clicked is asked to click again."""
    async with on_stage(tmp_path) as stage:
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        stage.slack.fail_next("views.open", error="expired_trigger_id")
        await stage.slack.click(stage.ben, reply, "show_answers")
        await stage.slack.wait_for(lambda: stage.slack.ephemerals(stage.ben, stage.general))
        [told] = stage.slack.ephemerals(stage.ben, stage.general)
        assert strings.ANSWERS_TOO_LATE in stage.slack.render(told)
        assert stage.slack.current_modal(stage.ben) is None
        await stage.slack.click(stage.ben, reply, "show_answers")
        await stage.opened_view(stage.ben, WRITTEN)
        assert stage.replies(ts) == [reply]


async def test_a_failing_run_store_does_not_leave_the_modal_loading(tmp_path: Path) -> None:
    """If the answers cannot be loaded, the modal shows an error ID and works again later."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await _execute(stage, "ALTER TABLE answers RENAME TO hidden")
        await stage.slack.click(stage.ana, reply, "show_answers")
        view = await stage.opened_view(stage.ana, strings.ANSWERS_FAILED)
        shown = stage.slack.render(view)
        assert "include error ID" in shown
        assert "hidden" not in shown
        assert "answers WHERE" not in shown
        await _execute(stage, "ALTER TABLE hidden RENAME TO answers")
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, WRITTEN)


async def _execute(stage: Stage, statement: str) -> None:
    async with stage.bot.database.begin() as connection:
        await connection.execute(text(statement))


async def test_a_view_that_slack_refuses_is_replaced_by_a_short_one(tmp_path: Path) -> None:
    """If the modal cannot be filled, it says so instead of loading forever."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        stage.slack.fail_next("views.update", error="invalid_arguments")
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, strings.ANSWERS_FAILED)


async def test_a_failed_membership_check_is_explained(tmp_path: Path) -> None:
    """If Slack can't say who is in the channel, nothing is shown, and the text blames no one."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        stage.slack.fail_next("conversations.members", error="internal_error")
        await stage.slack.click(stage.ben, reply, "show_answers")
        view = await stage.opened_view(stage.ben, strings.ANSWERS_UNKNOWN)
        assert "written by" not in stage.slack.render(view)
        await stage.slack.click(stage.ben, reply, "show_answers")
        await stage.opened_view(stage.ben, WRITTEN)


async def test_an_open_modal_is_authorised_at_every_click(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds after someone leaves the channel, or it is shared, they see no more answers."""
    monkeypatch.setattr(recent, "REMEMBERED_S", 0.0)
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        for person in (stage.ana, stage.ben):
            await reveal(stage, person, reply)
        stage.general.ext_shared = True
        assert strings.ANSWERS_OUTSIDE in await turn(stage, stage.ben, "reveal_go:next")
        assert "The answer of red-1." in await turn(stage, stage.ana, "reveal_go:next")
        await stage.slack.leave(stage.ana, stage.general)
        assert ONLY_MEMBERS in await turn(stage, stage.ana, "reveal_go:next")


async def test_a_slow_click_does_not_undo_a_later_one(tmp_path: Path) -> None:
    """A slow update for a view that already shows something newer is dropped silently."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ana, reply)
        stage.slack.fail_next("views.update", error="hash_conflict")
        await stage.slack.click(stage.ana, view, "reveal_go:next")
        await stage.slack.wait_for_deliveries()
        assert "The answer of red-1." in await turn(stage, stage.ana, "reveal_go:next")
        updates = stage.slack.calls("views.update")
        assert [call.error for call in updates] == [None, "hash_conflict", None]
        assert all(call.args["hash"] for call in updates)
