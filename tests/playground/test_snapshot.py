"""Saving and restoring a local Slack, and its unique ids."""

from __future__ import annotations

import pytest

from bot.playground.server import LocalSlack


async def test_a_second_local_slack_reuses_no_event_id() -> None:
    """A bot that knows the events of an earlier local Slack ignores none of the new ones."""
    ids: list[str] = []
    for _ in range(2):
        async with LocalSlack() as slack:
            ana = slack.add_user("Ana")
            general = slack.add_channel("general", members=[ana])
            await slack.post(ana, general, f"<@{slack.bot_user_id}> hello")
            ids += [each.event_id for each in slack.deliveries]
    assert len(ids) == len(set(ids)) == 4
    assert all(each.startswith("Ev") for each in ids)


async def test_a_restored_local_slack_has_the_same_messages_and_files() -> None:
    """People, threads, files and reactions are restored; new ids and ts follow them."""
    async with LocalSlack() as slack:
        ana = slack.add_user("Ana", guest=True)
        general = slack.add_channel("general", members=[ana], private=True)
        file = slack.upload("a.txt", b"\x00text", preview=b"picture")
        root = await slack.post(ana, general, "a & b", files=[file])
        reply = await slack.post(ana, general, "reply", thread_ts=root)
        await slack.react(ana, general, reply, "eyes")
        saved, address = slack.dump(), slack.api_url
    async with LocalSlack() as slack:
        slack.restore(saved)
        assert slack.everybody[1].is_restricted
        assert [m.text for m in slack.messages("general", root)] == ["a & b", "reply"]
        assert slack.message("general", reply).reactions == {"eyes": [ana.id]}
        shared = slack.shared_file(file.id)
        assert shared
        assert (shared.data, shared.preview) == (b"\x00text", b"picture")
        assert shared.full_json["url_private"].startswith(slack.api_url.removesuffix("api/"))
        assert address not in slack.dump()
        known = {ana.id, general.id, file.id}
        assert not known & {slack.add_user("Ben").id, slack.add_channel("more").id}
        assert await slack.post("Ana", "general", "later") > reply


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 1, "users": 3}'])
async def test_invalid_data_is_not_restored(text: str) -> None:
    """Text that `dump` did not write is rejected, and changes nothing."""
    async with LocalSlack() as slack:
        slack.add_user("Ana")
        with pytest.raises(ValueError, match=r"saved|Expecting"):
            slack.restore(text)
        assert [user.name for user in slack.everybody] == ["moa", "Ana"]
