"""Socket Mode with the SDK's own client: acknowledgements, redelivery and reconnection."""

from __future__ import annotations

import asyncio
import json

import aiohttp

from tests.playground.apps import IGNORE, SocketApp, turns
from tests.playground.conftest import Scene


async def test_a_mention_comes_as_message_and_as_app_mention(scene: Scene) -> None:
    """Both carry the same ts; the envelope looks like Slack's and is acknowledged."""
    async with SocketApp(scene.slack) as app:
        ts = await scene.ask()
        await scene.slack.wait_for_deliveries()
    assert {event["ts"] for event in app.events("message") + app.events("app_mention")} == {ts}
    mention = app.events("app_mention")[0]
    assert (mention["user"], mention["channel"]) == (scene.ana.id, scene.general.id)
    assert app.events("message")[0]["channel_type"] == "channel"
    body = app.requests[0].payload
    assert body["type"] == "event_callback"
    assert body["event_id"].startswith("Ev")
    assert body["authorizations"][0]["user_id"] == scene.slack.bot_user_id
    assert [d.state for d in scene.slack.deliveries] == ["acknowledged"] * 2


async def test_direct_messages_come_once(scene: Scene) -> None:
    """In direct messages a mention is a plain `message` of the channel type `im`."""
    direct = scene.slack.dm(scene.ana)
    async with SocketApp(scene.slack) as app:
        await scene.slack.post(scene.ana, direct, f"<@{scene.slack.bot_user_id}> hi")
        await scene.slack.wait_for_deliveries()
    assert [event["channel_type"] for event in app.events("message")] == ["im"]
    assert app.events("app_mention") == []


async def test_an_unacknowledged_event_comes_again(still: Scene) -> None:
    """After three seconds at once, then after one minute, then after five, and then no more."""
    still.slack.app.events = {"app_mention"}
    async with SocketApp(still.slack) as app:
        app.answer = lambda _request: IGNORE
        await still.ask()
        for count, pause in enumerate((0, 0, 60, 300), start=1):
            still.slack.clock.advance(max(0, pause - 1))
            await turns()
            assert len(app.requests) < count or not pause
            still.slack.clock.advance(min(1, pause))
            await app.arrived(count)
            still.slack.clock.advance(3)
            await still.slack.wait_for(lambda n=count: len(still.slack.deliveries[0].acks) == n)
        await still.slack.wait_for_deliveries()
    assert [r.retry_attempt for r in app.requests] == [0, 1, 2, 3]
    assert [r.retry_reason for r in app.requests] == ["", "timeout", "timeout", "timeout"]
    assert len({r.payload["event_id"] for r in app.requests}) == 1
    assert still.slack.deliveries[0].state == "given up"


async def test_an_event_acknowledged_late_in_its_row_comes_no_more(still: Scene) -> None:
    """Once a repetition is acknowledged Slack is done with the event."""
    still.slack.app.events = {"app_mention"}
    async with SocketApp(still.slack) as app:
        app.answer = lambda request: None if request.retry_attempt else IGNORE
        await still.ask()
        await app.arrived(1)
        still.slack.clock.advance(3)
        await still.slack.wait_for_deliveries()
        still.slack.clock.advance(1_000)
        await turns()
    assert len(app.requests) == 2
    assert still.slack.deliveries[0].state == "acknowledged"


async def test_a_lost_acknowledgement_brings_the_event_again(scene: Scene) -> None:
    """The app sees the same event id twice although it did nothing wrong."""
    scene.slack.app.events = {"app_mention"}
    async with SocketApp(scene.slack) as app:
        scene.slack.drop_acks()
        await scene.ask()
        await scene.slack.wait_for_deliveries()
        assert [r.retry_attempt for r in app.requests] == [0, 1]
        again = await scene.slack.redeliver(app.requests[0].payload["event_id"])
        assert again.ok
    assert len({r.payload["event_id"] for r in app.requests}) == 1
    assert len(app.requests) == 3


async def test_each_event_goes_to_one_connection(scene: Scene) -> None:
    """Two processes of an app share the events and neither sees one twice."""
    scene.slack.app.events = {"app_mention"}
    async with SocketApp(scene.slack) as one, SocketApp(scene.slack) as other:
        for _ in range(10):
            await scene.ask()
        await scene.slack.wait_for_deliveries()
    ids = [r.payload["event_id"] for r in one.requests + other.requests]
    assert len(ids) == len(set(ids)) == 10
    assert len(one.requests) == len(other.requests) == 5


async def test_the_client_moves_when_it_is_told_to(scene: Scene) -> None:
    """On `refresh_requested` the SDK opens a new connection, and no event is lost meanwhile."""
    scene.slack.app.events = {"app_mention"}
    async with SocketApp(scene.slack) as app:
        old = app.client.current_session
        await scene.slack.disconnect_sockets()
        await scene.ask()
        await scene.slack.wait_for_deliveries()
        assert app.client.current_session is not old
        assert [len(d.acks) for d in scene.slack.deliveries] == [1]


async def test_a_warning_only_warns(scene: Scene) -> None:
    """The connection is told the reason, and stays."""
    address = (await scene.web.apps_connections_open(app_token=scene.slack.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        hello = json.loads((await socket.receive()).data)
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        await scene.slack.disconnect_sockets("warning")
        told = json.loads((await socket.receive()).data)
        assert (told["type"], told["reason"]) == ("disconnect", "warning")
        await socket.send_str("not json")
        await socket.send_str("[]")
        assert scene.slack.connections == 1
        async with session.get(address.replace("ws://", "http://")) as used:
            assert used.status == 403


async def test_the_eleventh_connection_is_turned_away(scene: Scene) -> None:
    """Ten connections are taken; one more is told that there are too many."""
    async with aiohttp.ClientSession() as session:
        sockets: list[aiohttp.ClientWebSocketResponse] = []
        for _ in range(11):
            answer = await scene.web.apps_connections_open(app_token=scene.slack.app_token)
            sockets.append(await session.ws_connect(answer["url"]))
        told = [json.loads((await socket.receive()).data) for socket in sockets]
        assert [each["type"] for each in told] == ["hello"] * 10 + ["disconnect"]
        assert told[-1]["reason"] == "too_many_websockets"
        await asyncio.gather(*(socket.close() for socket in sockets))


async def test_a_cut_connection_fails_the_event_at_once(scene: Scene) -> None:
    """An app that vanished is tried again on Slack's schedule, not waited for."""
    scene.slack.app.events = {"app_mention"}
    async with SocketApp(scene.slack) as app:
        app.client.auto_reconnect_enabled = app.client.default_auto_reconnect_enabled = False
        app.answer = lambda _request: IGNORE
        await scene.ask()
        await app.arrived(1)
        await scene.slack.drop_sockets()
        await scene.slack.wait_for(lambda: len(scene.slack.deliveries[0].acks) == 2)
    reasons = [ack.reason for ack in scene.slack.deliveries[0].acks]
    assert reasons == ["connection_failed", "no_connection"]


async def test_a_command_is_answered_with_its_acknowledgement(scene: Scene) -> None:
    """What the app puts into the acknowledgement is shown to the asker alone, or to all."""
    async with SocketApp(scene.slack) as app:
        app.answer = lambda _request: {"text": "working on it"}
        quiet = await scene.slack.command(scene.ana, scene.general, "/moa", "why?")
        app.answer = lambda _request: {"text": "for all", "response_type": "in_channel"}
        await scene.slack.command(scene.ana, scene.general, "/moa", "why?")
        app.answer = lambda _request: {"text": "x", "blocks": [{"type": "header"}]}
        bad = await scene.slack.command(scene.ana, scene.general, "/moa", "why?")
    assert app.requests[0].type == "slash_commands"
    assert app.requests[0].payload["text"] == "why?"
    assert app.requests[0].accepts_response_payload
    assert quiet.message in scene.slack.ephemerals(scene.ana, scene.general)
    assert [m.text for m in scene.slack.messages(scene.general)] == ["for all"]
    assert bad.error == "invalid_blocks"


async def test_a_command_without_an_app_fails(scene: Scene) -> None:
    """The person sees an error where nobody is connected."""
    result = await scene.slack.command(scene.ana, scene.general, "/moa")
    assert (result.acknowledged, result.error) == (False, "no_connection")
