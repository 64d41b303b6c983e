"""Reading: threads page by page, channels, members and people."""

from __future__ import annotations

from tests.playground.conftest import Scene, code, refusal


async def _thread(scene: Scene, replies: int) -> str:
    ts = await scene.slack.post(scene.ana, scene.general, "start")
    for number in range(replies):
        await scene.slack.post(scene.ana, scene.general, f"reply {number}", ts)
    return ts


async def test_a_long_thread_is_read_page_by_page(scene: Scene) -> None:
    """Cursors lead through a thread of 2,500 replies, each message once and in order."""
    ts = await _thread(scene, 2_500)
    seen: list[str] = []
    pages = await scene.web.conversations_replies(channel=scene.general.id, ts=ts, limit=1_000)
    sizes: list[int] = []
    async for page in pages:
        sizes.append(len(page["messages"]))
        seen += [message["ts"] for message in page["messages"]]
    assert sizes == [1_000, 1_000, 501]
    assert len(set(seen)) == 2_501
    assert seen == sorted(seen)


async def test_a_parent_tells_of_its_replies(scene: Scene) -> None:
    """The first message counts the replies, and each reply names its thread."""
    ts = await _thread(scene, 2)
    answer = await scene.web.conversations_replies(channel=scene.general.id, ts=ts)
    parent, first, last = answer["messages"]
    assert (parent["reply_count"], parent["latest_reply"]) == (2, last["ts"])
    assert (first["thread_ts"], first["parent_user_id"]) == (ts, scene.ana.id)
    assert not answer["has_more"]


async def test_the_window_keeps_the_parent(scene: Scene) -> None:
    """`oldest` leaves out replies but never the message that began the thread."""
    ts = await _thread(scene, 3)
    newest = scene.slack.messages(scene.general, ts)[-1].ts
    answer = await scene.web.conversations_replies(
        channel=scene.general.id, ts=ts, oldest=newest, inclusive=True
    )
    assert [message["ts"] for message in answer["messages"]] == [ts, newest]


async def test_too_large_a_page_and_a_bad_cursor_are_refused(scene: Scene) -> None:
    """More than 1,000 messages are never given at once, nor a cursor guessed."""
    ts = await _thread(scene, 0)
    read = scene.web.conversations_replies
    assert await code(read(channel=scene.general.id, ts=ts, limit=1_001)) == "invalid_limit"
    assert await code(read(channel=scene.general.id, ts=ts, cursor="%%")) == "invalid_cursor"


async def test_what_cannot_be_read_is_refused(scene: Scene) -> None:
    """A deleted thread, a channel without the bot and a foreign private one each have a code."""
    read = scene.web.conversations_replies
    ts = await _thread(scene, 1)
    await scene.slack.delete_thread(scene.general, ts)
    assert await code(read(channel=scene.general.id, ts=ts)) == "thread_not_found"
    outside = scene.slack.add_channel("outside", members=[scene.ana], bot_member=False)
    theirs = await scene.slack.post(scene.ana, outside, "hi")
    assert await code(read(channel=outside.id, ts=theirs)) == "not_in_channel"
    hidden = scene.slack.add_channel("h", members=[scene.ana], bot_member=False, private=True)
    assert await code(read(channel=hidden.id, ts=theirs)) == "channel_not_found"
    assert await code(read(channel="C99999999", ts=theirs)) == "channel_not_found"


async def test_a_deleted_parent_leaves_a_tombstone(scene: Scene) -> None:
    """The replies stay readable below the words that their parent was deleted."""
    ts = await _thread(scene, 1)
    await scene.slack.delete(scene.general, ts)
    answer = await scene.web.conversations_replies(channel=scene.general.id, ts=ts)
    assert answer["messages"][0]["subtype"] == "tombstone"
    assert len(answer["messages"]) == 2


async def test_metadata_is_read_with_its_scope_only(scene: Scene) -> None:
    """Without `metadata.message:read`, or unasked, a message comes without its metadata."""
    metadata = {"event_type": "run", "event_payload": {"id": "r1"}}
    sent = await scene.web.chat_postMessage(channel=scene.general.id, text="x", metadata=metadata)
    asked = {"channel": scene.general.id, "ts": sent["ts"]}
    plain = await scene.web.conversations_replies(**asked)
    assert "metadata" not in plain["messages"][0]
    full = await scene.web.conversations_replies(**asked, include_all_metadata=True)
    assert full["messages"][0]["metadata"] == metadata
    scene.slack.app.scopes.discard("metadata.message:read")
    less = await scene.web.conversations_replies(**asked, include_all_metadata=True)
    assert "metadata" not in less["messages"][0]


async def test_restricted_apps_read_fifteen_once_a_minute(still: Scene) -> None:
    """A commercial app outside the Marketplace is held to Slack's smaller allowance."""
    ts = await _thread(still, 20)
    still.slack.restrict_history()
    answer = await still.web.conversations_replies(channel=still.general.id, ts=ts, limit=1_000)
    assert (len(answer["messages"]), answer["has_more"]) == (15, True)
    refused = await refusal(still.web.conversations_replies(channel=still.general.id, ts=ts))
    assert refused.headers["Retry-After"] == "60"


async def test_channels_tell_what_they_are(scene: Scene) -> None:
    """Private, archived and externally shared channels and direct messages can be told apart."""
    info = scene.web.conversations_info
    shared = scene.slack.add_channel("partners", members=[scene.ana], connected=["T00000099"])
    assert (await info(channel=shared.id))["channel"]["is_ext_shared"]
    private = scene.slack.add_channel("secret", private=True, archived=True)
    shape = (await info(channel=private.id, include_num_members=True))["channel"]
    assert (shape["is_private"], shape["is_archived"], shape["num_members"]) == (True, True, 1)
    direct = (await info(channel=scene.slack.dm(scene.ana).id))["channel"]
    assert (direct["is_im"], direct["user"]) == (True, scene.ana.id)


async def test_members_come_in_pages(scene: Scene) -> None:
    """Who is in a channel is read page by page."""
    people = [scene.slack.add_user(f"Person {number}") for number in range(5)]
    crowd = scene.slack.add_channel("crowd", members=people)
    first = await scene.web.conversations_members(channel=crowd.id, limit=4)
    cursor = first["response_metadata"]["next_cursor"]
    second = await scene.web.conversations_members(channel=crowd.id, limit=4, cursor=cursor)
    assert first["members"] + second["members"] == crowd.members
    assert second["response_metadata"]["next_cursor"] == ""


async def test_people_tell_what_they_are(scene: Scene) -> None:
    """Guests, bots and people of other organisations can be told apart."""
    info = scene.web.users_info
    guest = scene.slack.add_user("Gil", guest=True)
    assert (await info(user=guest.id))["user"]["is_restricted"]
    partner = scene.slack.add_user("Pat", team_id="T00000099")
    shape = (await info(user=partner.id))["user"]
    assert (shape["is_stranger"], shape["team_id"]) == (True, "T00000099")
    assert (await info(user=scene.slack.bot_user_id))["user"]["is_bot"]
    assert await code(info(user="U99999999")) == "user_not_found"


async def test_the_bots_conversations_are_listed(scene: Scene) -> None:
    """The bot finds the channels that it is in, of the kinds asked for."""
    scene.slack.add_channel("elsewhere", bot_member=False)
    secret = scene.slack.add_channel("secret", private=True)
    public = await scene.web.users_conversations()
    assert [each["id"] for each in public["channels"]] == [scene.general.id]
    private = await scene.web.users_conversations(types=["private_channel"])
    assert [each["id"] for each in private["channels"]] == [secret.id]


async def test_direct_messages_are_opened_once(scene: Scene) -> None:
    """Opening a conversation again gives the same one, for one person and for several."""
    opened = await scene.web.conversations_open(users=scene.ana.id)
    assert opened["channel"]["id"] == scene.slack.dm(scene.ana).id
    ben = scene.slack.add_user("Ben")
    group = await scene.web.conversations_open(users=[scene.ana.id, ben.id], return_im=True)
    again = await scene.web.conversations_open(users=[ben.id, scene.ana.id])
    assert group["channel"]["is_mpim"]
    assert again["channel"]["id"] == group["channel"]["id"]
    assert await code(scene.web.conversations_open(users="U99999999")) == "user_not_found"


async def test_the_workspace_has_a_name(scene: Scene) -> None:
    """`team.info` names the workspace, and refuses one that it does not know."""
    assert (await scene.web.team_info())["team"]["name"] == "Playground"
    assert await code(scene.web.team_info(team="T99999999")) == "team_not_found"
