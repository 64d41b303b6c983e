"""Socket Mode with the SDK's client: acknowledgement, redelivery and reconnection."""

from __future__ import annotations

import asyncio
import json

import aiohttp

from tests.playground.apps import IGNORE, SocketApp, run_pending_tasks
from tests.playground.conftest import Scene


async def test_mention_sends_message_and_app_mention(scene: Scene) -> None:
    """Both have the same ts; the envelope matches Slack's and is acknowledged."""
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


async def test_direct_messages_are_sent_once(scene: Scene) -> None:
    """A mention in direct messages is only a `message` of channel type `im`."""
    direct = scene.slack.dm(scene.ana)
    async with SocketApp(scene.slack) as app:
        await scene.slack.post(scene.ana, direct, f"<@{scene.slack.bot_user_id}> hi")
        await scene.slack.wait_for_deliveries()
    assert [event["channel_type"] for event in app.events("message")] == ["im"]
    assert app.events("app_mention") == []


async def test_unacknowledged_event_is_redelivered(frozen: Scene) -> None:
    """Redeliveries follow at once, after one minute and after five, then stop."""
    frozen.slack.app.events = {"app_mention"}
    async with SocketApp(frozen.slack) as app:
        app.answer = lambda _request: IGNORE
        await frozen.ask()
        for count, pause in enumerate((0, 0, 60, 300), start=1):
            frozen.slack.clock.advance(max(0, pause - 1))
            await run_pending_tasks()
            assert len(app.requests) < count or not pause
            frozen.slack.clock.advance(min(1, pause))
            await app.wait_for_requests(count)
            frozen.slack.clock.advance(3)
            await frozen.slack.wait_for(lambda n=count: len(frozen.slack.deliveries[0].acks) == n)
        await frozen.slack.wait_for_deliveries()
    assert [r.retry_attempt for r in app.requests] == [0, 1, 2, 3]
    assert [r.retry_reason for r in app.requests] == ["", "timeout", "timeout", "timeout"]
    assert len({r.payload["event_id"] for r in app.requests}) == 1
    assert frozen.slack.deliveries[0].state == "given up"


async def test_acknowledged_redelivery_ends_delivery(frozen: Scene) -> None:
    """An acknowledged redelivery is the last one."""
    frozen.slack.app.events = {"app_mention"}
    async with SocketApp(frozen.slack) as app:
        app.answer = lambda request: None if request.retry_attempt else IGNORE
        await frozen.ask()
        await app.wait_for_requests(1)
        frozen.slack.clock.advance(3)
        await frozen.slack.wait_for_deliveries()
        frozen.slack.clock.advance(1_000)
        await run_pending_tasks()
    assert len(app.requests) == 2
    assert frozen.slack.deliveries[0].state == "acknowledged"


async def test_lost_acknowledgement_causes_redelivery(scene: Scene) -> None:
    """The app receives the same event id twice."""
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
    """Two processes of an app share the events; each event is sent once."""
    scene.slack.app.events = {"app_mention"}
    async with SocketApp(scene.slack) as one, SocketApp(scene.slack) as other:
        for _ in range(10):
            await scene.ask()
        await scene.slack.wait_for_deliveries()
    ids = [r.payload["event_id"] for r in one.requests + other.requests]
    assert len(ids) == len(set(ids)) == 10
    assert len(one.requests) == len(other.requests) == 5


async def test_client_reconnects_on_refresh_requested(scene: Scene) -> None:
    """The SDK opens a new connection and no event is lost."""
    scene.slack.app.events = {"app_mention"}
    async with SocketApp(scene.slack) as app:
        old = app.client.current_session
        await scene.slack.disconnect_sockets()
        await scene.ask()
        await scene.slack.wait_for_deliveries()
        assert app.client.current_session is not old
        assert [len(d.acks) for d in scene.slack.deliveries] == [1]


async def test_warning_keeps_the_connection(scene: Scene) -> None:
    """The app gets the reason and the connection stays open."""
    url = (await scene.web.apps_connections_open(app_token=scene.slack.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        hello = json.loads((await socket.receive()).data)
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        await scene.slack.disconnect_sockets("warning")
        disconnect = json.loads((await socket.receive()).data)
        assert (disconnect["type"], disconnect["reason"]) == ("disconnect", "warning")
        await socket.send_str("not json")
        await socket.send_str("[]")
        assert scene.slack.connections == 1
        async with session.get(url.replace("ws://", "http://")) as used:
            assert used.status == 403


async def test_eleventh_connection_is_rejected(scene: Scene) -> None:
    """One connection beyond ten gets `too_many_websockets`."""
    async with aiohttp.ClientSession() as session:
        sockets: list[aiohttp.ClientWebSocketResponse] = []
        for _ in range(11):
            answer = await scene.web.apps_connections_open(app_token=scene.slack.app_token)
            sockets.append(await session.ws_connect(answer["url"]))
        first_messages = [json.loads((await socket.receive()).data) for socket in sockets]
        assert [each["type"] for each in first_messages] == ["hello"] * 10 + ["disconnect"]
        assert first_messages[-1]["reason"] == "too_many_websockets"
        await asyncio.gather(*(socket.close() for socket in sockets))


async def test_dropped_connection_fails_the_event_at_once(scene: Scene) -> None:
    """Events for an app that vanished are redelivered on Slack's schedule."""
    scene.slack.app.events = {"app_mention"}
    async with SocketApp(scene.slack) as app:
        app.client.auto_reconnect_enabled = app.client.default_auto_reconnect_enabled = False
        app.answer = lambda _request: IGNORE
        await scene.ask()
        await app.wait_for_requests(1)
        await scene.slack.drop_sockets()
        await scene.slack.wait_for(lambda: len(scene.slack.deliveries[0].acks) == 2)
    reasons = [ack.reason for ack in scene.slack.deliveries[0].acks]
    assert reasons == ["connection_failed", "no_connection"]


async def test_command_response_comes_with_the_acknowledgement(scene: Scene) -> None:
    """The acknowledgement's message is shown to the asker, or to everyone."""
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
    """The person sees an error if no app is connected."""
    result = await scene.slack.command(scene.ana, scene.general, "/moa")
    assert (result.acknowledged, result.error) == (False, "no_connection")
