"""Messages of the app: posted, changed, deleted, shown to one person, and refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playground.apps import button, section
from tests.playground.conftest import Scene, code, refusal


async def test_a_message_is_posted_into_a_thread(scene: Scene) -> None:
    """A reply stands in its thread, as the bot's, with blocks that have ids."""
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
    """A ts inside a thread leads to that thread, as in Slack."""
    ts = await scene.ask()
    inner = await scene.slack.post(scene.ana, scene.general, "more", ts)
    await scene.web.chat_postMessage(channel=scene.general.id, thread_ts=inner, text="hi")
    assert len(scene.slack.messages(scene.general, ts)) == 3


async def test_a_person_can_be_written_to_by_id(scene: Scene) -> None:
    """A user's id as the channel means the direct messages with them."""
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
async def test_a_bad_message_is_refused(
    scene: Scene, fields: dict[str, Any], expected: str
) -> None:
    """Each way in which a message can be wrong has Slack's own code, and nothing is posted."""
    body = {"channel": scene.general.id, **fields}
    assert await code(scene.web.api_call("chat.postMessage", json=body)) == expected
    assert scene.slack.messages(scene.general) == []


async def test_the_longest_text_passes(scene: Scene) -> None:
    """The limits themselves are allowed."""
    await scene.web.chat_postMessage(channel=scene.general.id, text="x" * 40_000)
    await scene.web.chat_postMessage(channel=scene.general.id, markdown_text="x" * 12_000)
    assert len(scene.slack.messages(scene.general)) == 2


async def test_where_the_bot_may_write(scene: Scene) -> None:
    """Membership, `chat:write.public` and archives decide, each with its code."""
    post = scene.web.chat_postMessage
    public = scene.slack.add_channel("public", bot_member=False)
    await post(channel=public.id, text="hi")
    scene.slack.app.scopes.discard("chat:write.public")
    assert await code(post(channel=public.id, text="hi")) == "not_in_channel"
    private = scene.slack.add_channel("private", bot_member=False, private=True)
    assert await code(post(channel=private.id, text="hi")) == "channel_not_found"
    old = scene.slack.add_channel("old", archived=True)
    assert await code(post(channel=old.id, text="hi")) == "is_archived"


async def test_an_update_replaces_what_it_names(scene: Scene) -> None:
    """Text alone leaves the blocks; an empty list of blocks takes them away."""
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
    """Markdown text is content, not a block to be kept."""
    sent = await scene.web.chat_postMessage(channel=scene.general.id, markdown_text="**a**")
    await scene.web.chat_update(channel=scene.general.id, ts=sent["ts"], text="b")
    assert scene.slack.render(scene.slack.message(scene.general, sent["ts"])) == "b"


async def test_only_own_messages_can_be_changed(scene: Scene) -> None:
    """A person's message, and one that is not there, are refused."""
    theirs = await scene.ask()
    update, delete = scene.web.chat_update, scene.web.chat_delete
    where = {"channel": scene.general.id, "ts": theirs}
    assert await code(update(**where, text="x")) == "cant_update_message"
    assert await code(delete(**where)) == "cant_delete_message"
    gone = {"channel": scene.general.id, "ts": "1.000001"}
    assert await code(update(**gone, text="x")) == "message_not_found"


async def test_a_deleted_message_is_gone(scene: Scene) -> None:
    """After a deletion nobody sees it and it cannot be deleted again."""
    sent = await scene.web.chat_postMessage(channel=scene.general.id, text="oops")
    await scene.web.chat_delete(channel=scene.general.id, ts=sent["ts"])
    assert scene.slack.messages(scene.general) == []
    again = scene.web.chat_delete(channel=scene.general.id, ts=sent["ts"])
    assert await code(again) == "message_not_found"


async def test_an_ephemeral_message_is_for_one_member(scene: Scene) -> None:
    """Only its reader sees it, a stranger cannot be one, and it cannot be edited by its ts."""
    ben = scene.slack.add_user("Ben")
    tell = scene.web.chat_postEphemeral
    sent = await tell(channel=scene.general.id, user=scene.ana.id, text="just you")
    assert [m.text for m in scene.slack.ephemerals(scene.ana, scene.general)] == ["just you"]
    assert scene.slack.messages(scene.general) == []
    stranger = tell(channel=scene.general.id, user=ben.id, text="no")
    assert await code(stranger) == "user_not_in_channel"
    edit = scene.web.chat_update(channel=scene.general.id, ts=sent["message_ts"], text="x")
    assert await code(edit) == "message_not_found"


async def test_permalinks_name_the_thread(scene: Scene) -> None:
    """A reply's address leads to its thread."""
    ts = await scene.ask()
    reply = await scene.slack.post(scene.ana, scene.general, "more", ts)
    link = scene.web.chat_getPermalink
    answer = await link(channel=scene.general.id, message_ts=reply)
    assert answer["permalink"].endswith(f"?thread_ts={ts}&cid={scene.general.id}")
    assert await code(link(channel=scene.general.id, message_ts="1.1")) == "message_not_found"


async def test_faults_in_blocks_are_pointed_at(scene: Scene) -> None:
    """An app learns which block is wrong and why, in Slack's form."""
    blocks = [section("good"), {"type": "actions", "elements": [button("a", "x" * 76)]}]
    answer = await refusal(
        scene.web.chat_postMessage(channel=scene.general.id, text="x", blocks=blocks)
    )
    told = "must be less than 76 characters [json-pointer:/blocks/1/elements/0/text/text]"
    assert answer["errors"] == [told]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {told}"]


async def test_reactions_are_counted_once_each(scene: Scene) -> None:
    """Adding twice, removing what is not there and odd names are refused."""
    ts = await scene.ask()
    item = {"channel": scene.general.id, "timestamp": ts}
    await scene.web.reactions_add(**item, name="eyes")
    assert await code(scene.web.reactions_add(**item, name="eyes")) == "already_reacted"
    got = await scene.web.reactions_get(**item)
    assert got["message"]["reactions"][0]["count"] == 1
    await scene.web.reactions_remove(**item, name="eyes")
    assert await code(scene.web.reactions_remove(**item, name="eyes")) == "no_reaction"
    assert await code(scene.web.reactions_add(**item, name="Big Smile")) == "invalid_name"
