"""Actions of people and the events they cause."""

from __future__ import annotations

import pytest

from bot.playground.errors import UnknownInWorkspaceError
from tests.playground.apps import SocketApp, button
from tests.playground.conftest import Scene


async def test_no_events_from_channels_without_the_bot(scene: Scene) -> None:
    """A channel without the bot causes no event, not even for a mention."""
    outside = scene.slack.add_channel("outside", members=[scene.ana], bot_member=False)
    await scene.slack.post(scene.ana, outside, f"<@{scene.slack.bot_user_id}> hi")
    assert scene.slack.deliveries == []


async def test_no_events_without_subscription_and_scope(scene: Scene) -> None:
    """The app gets no event without its subscription and scope."""
    scene.slack.app.events.discard("app_mention")
    scene.slack.app.scopes.discard("channels:history")
    await scene.ask()
    assert scene.slack.deliveries == []


async def test_edits_and_deletions_cause_events(scene: Scene) -> None:
    """`message_changed` and `message_deleted` contain the previous message."""
    ts = await scene.ask("before")
    async with SocketApp(scene.slack) as app:
        await scene.slack.edit(scene.ana, scene.general, ts, "after")
        await scene.slack.delete(scene.general, ts)
        await scene.slack.wait_for(lambda: len(scene.slack.deliveries) == 4)
        await app.wait_for_requests(2)
    changed, deleted = sorted(app.events("message"), key=lambda event: event["event_ts"])[-2:]
    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "after")
    assert changed["previous_message"]["text"].endswith("before")
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)


async def test_app_receives_its_own_messages(scene: Scene) -> None:
    """As in Slack, they have its bot id and are never an `app_mention`."""
    async with SocketApp(scene.slack) as app:
        text = f"<@{scene.slack.bot_user_id}>"
        await scene.web.chat_postMessage(channel=scene.general.id, text=text)
        await scene.slack.wait_for_deliveries()
    assert app.events("message")[0]["bot_id"] == scene.slack.app.bot_id
    assert app.events("app_mention") == []


async def test_other_bots_and_integrations_can_post(scene: Scene) -> None:
    """A bot has a user and bot id; an integration has the subtype and no user."""
    robot = scene.slack.add_user("Robot", bot=True)
    async with SocketApp(scene.slack) as app:
        await scene.slack.invite(robot, scene.general)
        await scene.slack.post(robot, scene.general, "beep")
        await scene.slack.post(robot, scene.general, "boop", subtype="bot_message")
        await scene.slack.wait_for_deliveries()
    beep, boop = app.events("message")[-2:]
    assert (beep["user"], beep["bot_id"]) == (robot.id, robot.bot_id)
    assert (boop["subtype"], "user" in boop) == ("bot_message", False)


async def test_messages_from_outside_organisations_name_the_team(scene: Scene) -> None:
    """In a shared channel the event names the author's team."""
    partner = scene.slack.add_user("Pat", team_id="T00000099")
    shared = scene.slack.add_channel("shared", members=[partner], connected=["T00000099"])
    async with SocketApp(scene.slack) as app:
        await scene.slack.post(partner, shared, "hi")
        await scene.slack.wait_for_deliveries()
    assert app.requests[0].payload["is_ext_shared_channel"]
    assert app.requests[0].payload["event"]["user_team"] == "T00000099"


async def test_joining_causes_one_event(scene: Scene) -> None:
    """The app gets one event per new member, itself included."""
    scene.slack.app.events.add("member_joined_channel")
    empty = scene.slack.add_channel("empty", bot_member=False)
    async with SocketApp(scene.slack) as app:
        await scene.slack.invite(scene.slack.bot_user_id, empty, inviter=scene.ana)
        await scene.slack.invite(scene.ana, empty)
        await scene.slack.invite(scene.ana, empty)
        await scene.slack.wait_for_deliveries()
    joined = app.events("member_joined_channel")
    assert [event["user"] for event in joined] == [scene.slack.bot_user_id, scene.ana.id]
    assert joined[0]["inviter"] == scene.ana.id
    await scene.slack.leave(scene.ana, empty)
    assert scene.ana.id not in empty.members


async def test_stop_and_other_events_are_sent(scene: Scene) -> None:
    """Stop names the thread and messages; any subscribed event can be sent."""
    scene.slack.app.events.add("app_uninstalled")
    ts = await scene.ask()
    async with SocketApp(scene.slack) as app:
        await scene.slack.press_stop(scene.ana, scene.general, ts)
        scene.slack.emit("app_uninstalled")
        scene.slack.emit("team_rename", name="x")
        await scene.slack.wait_for(lambda: app.events("app_uninstalled"))
    stopped = app.events("agent_session_stopped")[0]
    assert (stopped["thread_ts"], stopped["streaming_message_ts"]) == (ts, [])
    assert app.events("team_rename") == []


async def test_reactions_cause_events(scene: Scene) -> None:
    """An app that subscribes to `reaction_added` gets it."""
    scene.slack.app.events = {"reaction_added"}
    ts = await scene.ask()
    async with SocketApp(scene.slack) as app:
        await scene.slack.react(scene.ana, scene.general, ts, "tada")
        await scene.slack.wait_for_deliveries()
    assert app.events("reaction_added")[0]["reaction"] == "tada"


async def test_shortcuts_reach_the_app(scene: Scene) -> None:
    """A message shortcut contains the message; a global one contains only the user."""
    ts = await scene.ask("what is this?")
    message = scene.slack.message(scene.general, ts)
    async with SocketApp(scene.slack) as app:
        on_message = await scene.slack.shortcut(scene.ana, "ask", message)
        await scene.slack.shortcut(scene.ana, "new")
    first, second = (request.payload for request in app.requests)
    assert (first["type"], first["callback_id"]) == ("message_action", "ask")
    assert first["message"]["ts"] == ts
    assert on_message.response_url == first["response_url"]
    assert (second["type"], "channel" in second) == ("shortcut", False)


async def test_click_payload_is_complete(scene: Scene) -> None:
    """It has the user, channel, thread, message and value."""
    ts = await scene.ask()
    feedback = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "up"},
        "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "down"},
    }
    blocks = [
        {"type": "actions", "block_id": "b", "elements": [button("show", value="run-1")]},
        {"type": "context_actions", "elements": [feedback]},
    ]
    where = {"channel": scene.general.id, "thread_ts": ts}
    sent = await scene.web.chat_postMessage(**where, text="x", blocks=blocks)
    message = scene.slack.message(scene.general, sent["ts"])
    async with SocketApp(scene.slack) as app:
        await scene.slack.click(scene.ana, message, "show")
        await scene.slack.click(scene.ana, message, "rate", "Bad")
        with pytest.raises(UnknownInWorkspaceError):
            await scene.slack.click(scene.ana, message, "rate", "so so")
    payload, rated = (request.payload for request in app.requests)
    assert payload["user"]["id"] == scene.ana.id
    assert payload["container"]["thread_ts"] == ts
    assert payload["message"]["ts"] == sent["ts"]
    action = payload["actions"][0]
    assert (action["block_id"], action["value"]) == ("b", "run-1")
    assert rated["actions"][0]["value"] == "down"


async def test_files_travel_with_their_message(scene: Scene) -> None:
    """A message with a file has the subtype `file_share`."""
    where = scene.slack.dm(scene.ana)
    await scene.slack.post(scene.ana, where, "look", files=[{"id": "F1", "name": "a.txt"}])
    event = scene.slack.deliveries[0].body["event"]
    assert (event["subtype"], event["files"][0]["id"]) == ("file_share", "F1")


async def test_typed_text_becomes_rich_text(scene: Scene) -> None:
    """Mentions, broadcasts, channels and URLs become elements, as in Slack's message box."""
    typed = f"<@{scene.ana.id}> <!here> <#{scene.general.id}> https://e.org ok"
    ts = await scene.slack.post(scene.ana, scene.general, typed)
    message = scene.slack.message(scene.general, ts)
    kinds = [part["type"] for part in message.blocks[0]["elements"][0]["elements"]]
    assert [kind for kind in kinds if kind != "text"] == ["user", "broadcast", "channel", "link"]
    assert scene.slack.render(message) == "@Ana @here #general https://e.org ok"


async def test_mistakes_in_tests_raise_errors(scene: Scene) -> None:
    """Unknown users, channels and threads raise at once, as do posts by non-members."""
    stranger = scene.slack.add_user("Stranger")
    for mistake in (
        scene.slack.post("Nobody", scene.general, "x"),
        scene.slack.post(scene.ana, "nowhere", "x"),
        scene.slack.post(stranger, scene.general, "x"),
        scene.slack.post(scene.ana, "general", "x", "1.1"),
        scene.slack.delete("#general", "1.1"),
        scene.slack.redeliver("Ev1"),
    ):
        with pytest.raises(UnknownInWorkspaceError):
            await mistake
