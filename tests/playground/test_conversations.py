"""conversations.*, users.* and team.info: threads, channels, members and users."""

from __future__ import annotations

from tests.playground.conftest import Scene, error_code, error_response


async def _post_thread(scene: Scene, replies: int) -> str:
    ts = await scene.slack.post(scene.ana, scene.general, "start")
    for number in range(replies):
        await scene.slack.post(scene.ana, scene.general, f"reply {number}", ts)
    return ts


async def test_a_long_thread_is_read_page_by_page(scene: Scene) -> None:
    """Cursors page through 2,500 replies, each message once and in order."""
    ts = await _post_thread(scene, 2_500)
    seen: list[str] = []
    pages = await scene.web.conversations_replies(channel=scene.general.id, ts=ts, limit=1_000)
    sizes: list[int] = []
    async for page in pages:
        sizes.append(len(page["messages"]))
        seen += [message["ts"] for message in page["messages"]]
    assert sizes == [1_000, 1_000, 501]
    assert len(set(seen)) == 2_501
    assert seen == sorted(seen)


async def test_parent_counts_its_replies(scene: Scene) -> None:
    """The parent counts its replies and each reply names its thread."""
    ts = await _post_thread(scene, 2)
    answer = await scene.web.conversations_replies(channel=scene.general.id, ts=ts)
    parent, first, last = answer["messages"]
    assert (parent["reply_count"], parent["latest_reply"]) == (2, last["ts"])
    assert (first["thread_ts"], first["parent_user_id"]) == (ts, scene.ana.id)
    assert not answer["has_more"]


async def test_time_window_keeps_the_parent(scene: Scene) -> None:
    """`oldest` omits replies but never the parent."""
    ts = await _post_thread(scene, 3)
    newest = scene.slack.messages(scene.general, ts)[-1].ts
    answer = await scene.web.conversations_replies(
        channel=scene.general.id, ts=ts, oldest=newest, inclusive=True
    )
    assert [message["ts"] for message in answer["messages"]] == [ts, newest]


async def test_large_page_and_bad_cursor_are_rejected(scene: Scene) -> None:
    """A page has at most 1,000 messages; an unreadable cursor is an error."""
    ts = await _post_thread(scene, 0)
    read = scene.web.conversations_replies
    assert await error_code(read(channel=scene.general.id, ts=ts, limit=1_001)) == "invalid_limit"
    assert await error_code(read(channel=scene.general.id, ts=ts, cursor="%%")) == "invalid_cursor"


async def test_unreadable_threads_are_rejected(scene: Scene) -> None:
    """A deleted thread, a channel without the bot and a private one each have a code."""
    read = scene.web.conversations_replies
    ts = await _post_thread(scene, 1)
    await scene.slack.delete_thread(scene.general, ts)
    assert await error_code(read(channel=scene.general.id, ts=ts)) == "thread_not_found"
    outside = scene.slack.add_channel("outside", members=[scene.ana], bot_member=False)
    theirs = await scene.slack.post(scene.ana, outside, "hi")
    assert await error_code(read(channel=outside.id, ts=theirs)) == "not_in_channel"
    hidden = scene.slack.add_channel("h", members=[scene.ana], bot_member=False, private=True)
    assert await error_code(read(channel=hidden.id, ts=theirs)) == "channel_not_found"
    assert await error_code(read(channel="C99999999", ts=theirs)) == "channel_not_found"


async def test_a_deleted_parent_leaves_a_tombstone(scene: Scene) -> None:
    """The replies stay readable below a tombstone."""
    ts = await _post_thread(scene, 1)
    await scene.slack.delete(scene.general, ts)
    answer = await scene.web.conversations_replies(channel=scene.general.id, ts=ts)
    assert answer["messages"][0]["subtype"] == "tombstone"
    assert len(answer["messages"]) == 2


async def test_metadata_needs_its_scope(scene: Scene) -> None:
    """Metadata is returned only on request and with `metadata.message:read`."""
    metadata = {"event_type": "run", "event_payload": {"id": "r1"}}
    sent = await scene.web.chat_postMessage(channel=scene.general.id, text="x", metadata=metadata)
    thread = {"channel": scene.general.id, "ts": sent["ts"]}
    plain = await scene.web.conversations_replies(**thread)
    assert "metadata" not in plain["messages"][0]
    full = await scene.web.conversations_replies(**thread, include_all_metadata=True)
    assert full["messages"][0]["metadata"] == metadata
    scene.slack.app.scopes.discard("metadata.message:read")
    less = await scene.web.conversations_replies(**thread, include_all_metadata=True)
    assert "metadata" not in less["messages"][0]


async def test_restricted_apps_read_fifteen_once_a_minute(frozen: Scene) -> None:
    """A commercial app outside the Marketplace gets Slack's lower limits."""
    ts = await _post_thread(frozen, 20)
    frozen.slack.restrict_history()
    answer = await frozen.web.conversations_replies(channel=frozen.general.id, ts=ts, limit=1_000)
    assert (len(answer["messages"]), answer["has_more"]) == (15, True)
    rejected = await error_response(
        frozen.web.conversations_replies(channel=frozen.general.id, ts=ts)
    )
    assert rejected.headers["Retry-After"] == "60"


async def test_channels_show_their_kind(scene: Scene) -> None:
    """Private, archived and shared channels and direct messages are distinguishable."""
    info = scene.web.conversations_info
    shared = scene.slack.add_channel("partners", members=[scene.ana], connected=["T00000099"])
    assert (await info(channel=shared.id))["channel"]["is_ext_shared"]
    private = scene.slack.add_channel("secret", private=True, archived=True)
    fields = (await info(channel=private.id, include_num_members=True))["channel"]
    assert (fields["is_private"], fields["is_archived"], fields["num_members"]) == (True, True, 1)
    direct = (await info(channel=scene.slack.dm(scene.ana).id))["channel"]
    assert (direct["is_im"], direct["user"]) == (True, scene.ana.id)


async def test_members_come_in_pages(scene: Scene) -> None:
    """The members of a channel are paginated."""
    people = [scene.slack.add_user(f"Person {number}") for number in range(5)]
    crowd = scene.slack.add_channel("crowd", members=people)
    first = await scene.web.conversations_members(channel=crowd.id, limit=4)
    cursor = first["response_metadata"]["next_cursor"]
    second = await scene.web.conversations_members(channel=crowd.id, limit=4, cursor=cursor)
    assert first["members"] + second["members"] == crowd.members
    assert second["response_metadata"]["next_cursor"] == ""


async def test_users_show_their_kind(scene: Scene) -> None:
    """Guests, bots and outside users are distinguishable."""
    info = scene.web.users_info
    guest = scene.slack.add_user("Gil", guest=True)
    assert (await info(user=guest.id))["user"]["is_restricted"]
    partner = scene.slack.add_user("Pat", team_id="T00000099")
    fields = (await info(user=partner.id))["user"]
    assert (fields["is_stranger"], fields["team_id"]) == (True, "T00000099")
    assert (await info(user=scene.slack.bot_user_id))["user"]["is_bot"]
    assert await error_code(info(user="U99999999")) == "user_not_found"


async def test_the_bots_conversations_are_listed(scene: Scene) -> None:
    """The bot finds its channels of the requested types."""
    scene.slack.add_channel("elsewhere", bot_member=False)
    secret = scene.slack.add_channel("secret", private=True)
    public = await scene.web.users_conversations()
    assert [each["id"] for each in public["channels"]] == [scene.general.id]
    private = await scene.web.users_conversations(types=["private_channel"])
    assert [each["id"] for each in private["channels"]] == [secret.id]


async def test_direct_messages_are_opened_once(scene: Scene) -> None:
    """Opening a conversation again returns the same one, for one or several people."""
    opened = await scene.web.conversations_open(users=scene.ana.id)
    assert opened["channel"]["id"] == scene.slack.dm(scene.ana).id
    ben = scene.slack.add_user("Ben")
    group = await scene.web.conversations_open(users=[scene.ana.id, ben.id], return_im=True)
    again = await scene.web.conversations_open(users=[ben.id, scene.ana.id])
    assert group["channel"]["is_mpim"]
    assert again["channel"]["id"] == group["channel"]["id"]
    assert await error_code(scene.web.conversations_open(users="U99999999")) == "user_not_found"


async def test_the_workspace_has_a_name(scene: Scene) -> None:
    """`team.info` returns the workspace and rejects unknown ids."""
    scene.slack.app.scopes.add("team:read")
    assert (await scene.web.team_info())["team"]["name"] == "Playground"
    assert await error_code(scene.web.team_info(team="T99999999")) == "team_not_found"
