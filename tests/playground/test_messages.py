"""The app's messages: posting, updating, deleting, ephemeral messages and errors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playground.apps import button, section
from tests.playground.conftest import Scene, error_code, error_response


async def test_a_message_is_posted_into_a_thread(scene: Scene) -> None:
    """A reply is in its thread, from the bot, and its blocks have ids."""
    ts = await scene.ask()
    answer = await scene.web.chat_postMessage(
        channel=scene.general.id, thread_ts=ts, text="fallback", blocks=[section("*hi*")]
    )
    parent, reply = scene.slack.messages(scene.general, ts)
    assert (parent.ts, reply.ts) == (ts, answer["ts"])
    assert (reply.user, reply.app_id) == (scene.slack.bot_user_id, scene.slack.app.app_id)
    assert answer["message"]["blocks"][0]["block_id"]
    assert float(reply.ts) > float(ts)


async def test_a_reply_to_a_reply_joins_the_thread(scene: Scene) -> None:
    """A reply's ts resolves to its thread, as in Slack."""
    ts = await scene.ask()
    inner = await scene.slack.post(scene.ana, scene.general, "more", ts)
    await scene.web.chat_postMessage(channel=scene.general.id, thread_ts=inner, text="hi")
    assert len(scene.slack.messages(scene.general, ts)) == 3


async def test_user_id_works_as_a_channel(scene: Scene) -> None:
    """Posting to a user id posts to the direct messages with them."""
    answer = await scene.web.chat_postMessage(channel=scene.ana.id, text="hi")
    assert answer["channel"] == scene.slack.dm(scene.ana).id


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"markdown_text": "x", "text": "y"}, "markdown_text_conflict"),
        ({"text": "x", "blocks": "[oops"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"text": "x", "blocks": [{"type": "header"}]}, "invalid_blocks"),
        ({"text": "x", "attachments": "{"}, "invalid_attachments"),
        ({"text": "x", "attachments": {}}, "invalid_attachments"),
        ({"text": "x", "metadata": "{"}, "invalid_metadata_format"),
        ({"text": "x", "metadata": []}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_schema"),
        (
            {"text": "x", "metadata": {"event_type": "a", "event_payload": {"b": "c" * 8_000}}},
            "metadata_too_large",
        ),
        ({"text": "x", "channel": "C99999999"}, "channel_not_found"),
    ],
)
async def test_invalid_message_is_rejected(
    scene: Scene, fields: dict[str, Any], expected: str
) -> None:
    """Each kind of invalid message has Slack's error code and posts nothing."""
    body = {"channel": scene.general.id, **fields}
    assert await error_code(scene.web.api_call("chat.postMessage", json=body)) == expected
    assert scene.slack.messages(scene.general) == []


async def test_longest_text_passes(scene: Scene) -> None:
    """Text at the limit is accepted."""
    await scene.web.chat_postMessage(channel=scene.general.id, text="x" * 40_000)
    await scene.web.chat_postMessage(channel=scene.general.id, markdown_text="x" * 12_000)
    assert len(scene.slack.messages(scene.general)) == 2


async def test_posting_permissions(scene: Scene) -> None:
    """Membership, `chat:write.public` and archived channels each have their own code."""
    post = scene.web.chat_postMessage
    scene.slack.app.scopes.add("chat:write.public")
    public = scene.slack.add_channel("public", bot_member=False)
    await post(channel=public.id, text="hi")
    scene.slack.app.scopes.discard("chat:write.public")
    assert await error_code(post(channel=public.id, text="hi")) == "not_in_channel"
    private = scene.slack.add_channel("private", bot_member=False, private=True)
    assert await error_code(post(channel=private.id, text="hi")) == "channel_not_found"
    old = scene.slack.add_channel("old", archived=True)
    assert await error_code(post(channel=old.id, text="hi")) == "is_archived"


async def test_update_replaces_given_fields(scene: Scene) -> None:
    """Text alone keeps the blocks; an empty list removes them."""
    sent = await scene.web.chat_postMessage(
        channel=scene.general.id, text="a", blocks=[section("kept")]
    )
    where = {"channel": scene.general.id, "ts": sent["ts"]}
    await scene.web.chat_update(**where, text="b")
    message = scene.slack.message(scene.general, sent["ts"])
    assert (message.text, scene.slack.render(message)) == ("b", "kept")
    assert message.edited_by == scene.slack.bot_user_id
    await scene.web.chat_update(**where, text="c", blocks=[])
    assert scene.slack.render(message) == "c"


async def test_an_update_of_markdown_replaces_it(scene: Scene) -> None:
    """Blocks generated from markdown text are replaced."""
    sent = await scene.web.chat_postMessage(channel=scene.general.id, markdown_text="**a**")
    await scene.web.chat_update(channel=scene.general.id, ts=sent["ts"], text="b")
    assert scene.slack.render(scene.slack.message(scene.general, sent["ts"])) == "b"


async def test_only_own_messages_can_be_updated(scene: Scene) -> None:
    """A person's message and a missing one are rejected."""
    theirs = await scene.ask()
    update, delete = scene.web.chat_update, scene.web.chat_delete
    where = {"channel": scene.general.id, "ts": theirs}
    assert await error_code(update(**where, text="x")) == "cant_update_message"
    assert await error_code(delete(**where)) == "cant_delete_message"
    gone = {"channel": scene.general.id, "ts": "1.000001"}
    assert await error_code(update(**gone, text="x")) == "message_not_found"


async def test_a_deleted_message_is_gone(scene: Scene) -> None:
    """A deleted message is invisible and cannot be deleted again."""
    sent = await scene.web.chat_postMessage(channel=scene.general.id, text="oops")
    await scene.web.chat_delete(channel=scene.general.id, ts=sent["ts"])
    assert scene.slack.messages(scene.general) == []
    again = scene.web.chat_delete(channel=scene.general.id, ts=sent["ts"])
    assert await error_code(again) == "message_not_found"


async def test_an_ephemeral_message_is_for_one_member(scene: Scene) -> None:
    """Only its recipient sees it, who must be a member; its ts cannot be updated."""
    ben = scene.slack.add_user("Ben")
    tell = scene.web.chat_postEphemeral
    sent = await tell(channel=scene.general.id, user=scene.ana.id, text="just you")
    assert [m.text for m in scene.slack.ephemerals(scene.ana, scene.general)] == ["just you"]
    assert scene.slack.messages(scene.general) == []
    stranger = tell(channel=scene.general.id, user=ben.id, text="no")
    assert await error_code(stranger) == "user_not_in_channel"
    edit = scene.web.chat_update(channel=scene.general.id, ts=sent["message_ts"], text="x")
    assert await error_code(edit) == "message_not_found"


async def test_permalinks_name_the_thread(scene: Scene) -> None:
    """A reply's permalink contains its thread."""
    ts = await scene.ask()
    reply = await scene.slack.post(scene.ana, scene.general, "more", ts)
    link = scene.web.chat_getPermalink
    answer = await link(channel=scene.general.id, message_ts=reply)
    assert answer["permalink"].endswith(f"?thread_ts={ts}&cid={scene.general.id}")
    assert await error_code(link(channel=scene.general.id, message_ts="1.1")) == "message_not_found"


async def test_block_errors_have_a_pointer(scene: Scene) -> None:
    """The response says which block is wrong and why, in Slack's format."""
    blocks = [section("good"), {"type": "actions", "elements": [button("a", "x" * 76)]}]
    answer = await error_response(
        scene.web.chat_postMessage(channel=scene.general.id, text="x", blocks=blocks)
    )
    error = "must be less than 76 characters [json-pointer:/blocks/1/elements/0/text/text]"
    assert answer["errors"] == [error]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {error}"]


async def test_reactions_are_counted_once_each(scene: Scene) -> None:
    """Adding twice, removing a missing reaction and invalid names are rejected."""
    scene.slack.app.scopes.add("reactions:read")
    ts = await scene.ask()
    item = {"channel": scene.general.id, "timestamp": ts}
    await scene.web.reactions_add(**item, name="eyes")
    assert await error_code(scene.web.reactions_add(**item, name="eyes")) == "already_reacted"
    got = await scene.web.reactions_get(**item)
    assert got["message"]["reactions"][0]["count"] == 1
    await scene.web.reactions_remove(**item, name="eyes")
    assert await error_code(scene.web.reactions_remove(**item, name="eyes")) == "no_reaction"
    assert await error_code(scene.web.reactions_add(**item, name="Big Smile")) == "invalid_name"
