"""Settings in Slack: what they change, and who can't change them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.preferences import ChannelChoice, Choices, Defaults, Preferences
from bot.slack.settings.form import parse_channel
from bot.slack.ui.strings import settings as strings
from bot.slack.ui.strings.answers_modal import ANSWERS_FORBIDDEN
from bot.slack.ui.strings.commands import SETTINGS_TOO_LATE
from tests.slack.home_actions import STRANGERS, choose, settings, stored, stranger
from tests.stage import Stage, on_stage

REFUSED = strings.SETTINGS_REFUSED


async def test_a_channels_pipeline_is_used_from_then_on(tmp_path: Path) -> None:
    """The next question in this channel uses it; other channels keep theirs."""
    async with on_stage(tmp_path) as stage:
        done = await choose(stage, stage.ana, pipeline="is:single")
        assert done.acknowledged
        assert stage.slack.current_modal(stage.ana) is None, "the modal closes by itself"
        shown = stage.slack.render(await stage.replied(await stage.ask("What is the risk?")))
        assert "single" in shown
        other = stage.slack.add_channel("other", members=[stage.ana])
        ts = await stage.slack.post(stage.ana, other, f"{stage.mention} What is the risk?")
        assert "balanced" in stage.slack.render(await stage.replied(ts, channel=other))
        assert "<single ▾>" in stage.slack.render(await settings(stage, stage.ben))


async def test_a_channels_reveal_policy_applies_to_the_next_click(tmp_path: Path) -> None:
    """It also applies to earlier replies, since each click checks it."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await choose(stage, stage.ana, reveal="is:requester")
        await stage.slack.click(stage.ben, reply, "show_answers")
        await stage.opened_view(stage.ben, ANSWERS_FORBIDDEN["requester"])
        await choose(stage, stage.ana, reveal="is:nobody")
        await stage.slack.click(stage.ana, reply, "show_answers")
        await stage.opened_view(stage.ana, ANSWERS_FORBIDDEN["nobody"])


@pytest.mark.parametrize("floor", ["requester", "nobody"])
async def test_looser_policies_are_not_offered(tmp_path: Path, floor: str) -> None:
    """A forged value is refused, and nothing is stored."""
    async with on_stage(tmp_path, extra=f'\n[slack]\nreveal = "{floor}"\n') as stage:
        view = await settings(stage, stage.ana)
        [menu] = [b["element"] for b in view.blocks if b.get("block_id") == "reveal"]
        values = [option["value"] for option in menu["options"]]
        assert "is:members" not in values
        assert f"is:{floor}" in values
        menu["options"].append({"text": menu["options"][0]["text"], "value": "is:members"})
        done = await stage.slack.submit(stage.ana, view, {"reveal": "is:members"})
        assert done.errors == {"reveal": strings.SETTINGS_NOT_OFFERED}
        assert await stored(stage) == []


async def test_a_missing_pipeline_cannot_be_chosen(tmp_path: Path) -> None:
    """The field shows an error if `moa.toml` changed while the modal was open."""
    async with on_stage(tmp_path) as stage:
        view = await settings(stage, stage.ana)
        [menu] = [b["element"] for b in view.blocks if b.get("block_id") == "pipeline"]
        menu["options"][1]["value"] = "is:gone"
        done = await stage.slack.submit(stage.ana, view, {"pipeline": "is:gone"})
        assert done.errors == {"pipeline": strings.SETTINGS_NOT_OFFERED}
        assert await stored(stage) == []


@pytest.mark.parametrize("kind", STRANGERS)
async def test_strangers_cannot_open_or_submit_settings(tmp_path: Path, kind: str) -> None:
    """They can't use the command or a modal that another person opened."""
    async with on_stage(tmp_path) as stage:
        person = await stranger(stage, kind)
        refusal = REFUSED[STRANGERS[kind]]
        await settings(stage, person, shows=refusal)
        view = await settings(stage, stage.ana)
        await stage.slack.submit(person, view, {"pipeline": "is:single"})
        assert refusal in stage.slack.render(view)
        assert await stored(stage) == []


async def test_a_former_member_cannot_submit_an_open_modal(tmp_path: Path) -> None:
    """Permissions are checked again when the modal is submitted."""
    async with on_stage(tmp_path) as stage:
        view = await settings(stage, stage.ben)
        await stage.slack.leave(stage.ben, stage.general)
        await stage.slack.submit(stage.ben, view, {"reveal": "is:nobody"})
        assert REFUSED["no"] in stage.slack.render(view)
        assert await stored(stage) == []


@pytest.mark.parametrize("forged", ["", "C99999999", "None", '["C1"]', "secret", "direct"])
async def test_a_forged_channel_is_refused(tmp_path: Path, forged: str) -> None:
    """A channel named in the modal's metadata is checked like any other."""
    async with on_stage(tmp_path) as stage:
        secret = stage.slack.add_channel("secret", members=[stage.ben], private=True)
        places = {"secret": secret.id, "direct": stage.slack.dm(stage.ben).id}
        view = await settings(stage, stage.ana)
        view.content["private_metadata"] = places.get(forged, forged)
        await stage.slack.submit(stage.ana, view, {"pipeline": "is:single"})
        shown = stage.slack.render(view)
        assert any(REFUSED[kind] in shown for kind in ("no", "unseen", "unknown"))
        assert await stored(stage) == []


@pytest.mark.parametrize("admin", [True, False])
async def test_settings_can_be_restricted_to_admins(tmp_path: Path, *, admin: bool) -> None:
    """With `settings = "admins"` members get a refusal and admins the settings."""
    async with on_stage(tmp_path, extra='\n[slack]\nsettings = "admins"\n') as stage:
        view = await settings(stage, stage.ana, shows=REFUSED["admins"])
        assert "[Save]" not in stage.slack.render(view)
        stage.ben.is_admin = admin
        view = await settings(stage, stage.ben, shows="[Save]" if admin else REFUSED["admins"])
        if admin:
            stage.ben.is_admin = False
            await stage.slack.submit(stage.ben, view, {"pipeline": "is:single"})
            assert REFUSED["admins"] in stage.slack.render(view)
        assert await stored(stage) == []


@pytest.mark.parametrize("method", ["users.info", "conversations.info", "conversations.members"])
async def test_a_failed_check_changes_nothing(tmp_path: Path, method: str) -> None:
    """If Slack fails, settings stay closed and the person can try again."""
    async with on_stage(tmp_path) as stage:
        view = await settings(stage, stage.ana)
        stage.slack.fail_next(method, error="internal_error")
        await stage.slack.submit(stage.ana, view, {"pipeline": "is:single"})
        assert REFUSED["unknown"] in stage.slack.render(view)
        assert await stored(stage) == []


async def test_a_slow_check_is_refused_in_time(tmp_path: Path) -> None:
    """A submission gets a response within 3 s, however slow Slack's own calls are."""
    async with on_stage(tmp_path) as stage:
        view = await settings(stage, stage.ana)
        stage.slack.delay("users.info", 30)
        done = await stage.slack.submit(stage.ana, view, {"pipeline": "is:single"})
        assert done.acknowledged
        assert REFUSED["unknown"] in stage.slack.render(view)
        assert await stored(stage) == []
        stage.slack.delay("users.info", 0)


async def test_a_failing_database_is_explained(tmp_path: Path) -> None:
    """The modal never stays at "Fetching…" and shows no exception text."""
    async with on_stage(tmp_path) as stage:
        view = await settings(stage, stage.ana)
        await _execute(stage, "ALTER TABLE preferences RENAME TO hidden")
        with capture_logs() as logged:  # rendering a traceback takes seconds
            await stage.slack.submit(stage.ana, view, {"pipeline": "is:single"})
        assert "settings_not_stored" in str(logged)
        shown = stage.slack.render(view)
        assert strings.SETTINGS_FAILED in shown
        assert "include error ID" in shown
        assert "hidden" not in shown
        await settings(stage, stage.ana, shows=strings.SETTINGS_FAILED)
        await _execute(stage, "ALTER TABLE hidden RENAME TO preferences")
        await settings(stage, stage.ana)


async def _execute(stage: Stage, statement: str) -> None:
    async with stage.bot.database.begin() as connection:
        await connection.execute(text(statement))


async def test_a_modal_that_does_not_open_is_explained(tmp_path: Path) -> None:
    """The command's response then says what to do."""
    async with on_stage(tmp_path) as stage:
        stage.slack.fail_next("views.open", error="expired_trigger_id")
        done = await stage.slack.command(stage.ana, stage.general, "/moa", "settings")
        assert SETTINGS_TOO_LATE in str(done.payload)


async def test_a_channel_without_the_bot_has_no_settings(tmp_path: Path) -> None:
    """The person is asked to invite the bot."""
    async with on_stage(tmp_path) as stage:
        secret = stage.slack.add_channel(
            "secret", members=[stage.ana], bot_member=False, private=True
        )
        await settings(stage, stage.ana, secret, shows=REFUSED["unseen"])


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {"values": 3},
        {"values": {"pipeline": None, "listening": {"listening": {"selected_options": 1}}}},
        {"values": {"reveal": {"reveal": {"selected_option": "is:nobody"}}}},
        {"values": {"listening": {"listening": {"selected_options": ["follow_ups", None]}}}},
    ],
)
def test_a_submission_of_any_shape_breaks_nothing(state: Any) -> None:
    """Missing or malformed fields count as not chosen."""
    unused: Any = None
    held = Preferences(unused, Defaults(), ["single"], "single")
    assert parse_channel({"state": state}, Choices(), held) == ChannelChoice(
        follow_ups=None, offer_brainstorms=None
    )
