"""A kept trial continues where it ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from tests.trial.scene import on_trial, opened_modal


async def test_a_kept_trial_shows_the_same_and_answers_the_first_question(tmp_path: Path) -> None:
    """Messages, files and answers are restored, and no event is mistaken for an earlier one."""
    async with on_trial(tmp_path, keep=True) as visitor:
        room = visitor.room("team")
        await visitor.act("ana", "post", {"a.txt": b"12"}, channel=room, text="@MoA Which one?")
        first = await visitor.reply()
        before = [m.text for m in visitor.trial.slack.messages("team")]
        ids = {each.event_id for each in visitor.trial.slack.deliveries}
        kept = visitor.trial.slack.conversations[-1].id
    async with on_trial(tmp_path, keep=True) as visitor:
        slack = visitor.trial.slack
        assert [m.text for m in slack.messages("team")] == before
        assert slack.conversations[-1].id == kept
        asked = slack.message("team", str(first.thread_ts))
        assert (await visitor.get(f"/file/{asked.files[0]['id']}"))[1] == "12"
        assert asked.files[0]["url_private"].startswith(slack.api_url.removesuffix("api/"))
        await visitor.act("ana", "post", channel=room, text="@MoA And now?")
        second = await visitor.reply(count=2)
        assert second.thread_ts != first.thread_ts
        assert second.ts > first.ts
        assert not ids & {each.event_id for each in slack.deliveries}
        button = next(block for block in first.blocks if block["type"] == "actions")
        await visitor.act(
            "ana",
            "click",
            channel=room,
            ts=first.ts,
            block=button["block_id"],
            action=button["elements"][0]["action_id"],
            value=None,
        )
        assert await opened_modal(visitor, "Ana", "One reply from 2 answers")
    assert (tmp_path / "slack.json").stat().st_mode & 0o777 == 0o600


async def test_a_folder_is_used_by_one_trial_at_a_time(tmp_path: Path) -> None:
    """A second trial in the same folder is refused before it changes anything."""
    async with on_trial(tmp_path, keep=True, ready=False):
        with pytest.raises(ConfigurationError, match="Another trial uses"):
            async with on_trial(tmp_path, keep=True):
                pass


async def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    """The error names a file that isn't a saved trial, and the file stays as it is."""
    for text in ("no JSON", json.dumps({"version": 99}), json.dumps([1]), '{"version": 1}'):
        (tmp_path / "slack.json").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationError, match="isn't a saved trial"):
            async with on_trial(tmp_path, keep=True):
                pass
        assert (tmp_path / "slack.json").read_text(encoding="utf-8") == text
