"""HTTP mode: signed requests and redelivery, checked with the SDK's verifier."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.playground.apps import HttpApp, button
from tests.playground.conftest import Scene


async def test_an_event_is_signed_and_acknowledged(scene: Scene) -> None:
    """The SDK's verifier accepts the signature; a 200 is the acknowledgement."""
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        await scene.ask()
        await scene.slack.wait_for_deliveries()
    kinds = sorted(body["event"]["type"] for _, body in app.requests)
    assert kinds == ["app_mention", "message"]
    assert "X-Slack-Retry-Num" not in app.requests[0][0]


async def test_request_url_is_verified_by_a_challenge(scene: Scene) -> None:
    """`url_verification` passes if the app returns the challenge."""
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        app.respond = lambda body: web.Response(text=body["challenge"])
        assert await scene.slack.http.verify()
        app.respond = lambda _body: web.Response(text="?")
        assert not await scene.slack.http.verify()


async def test_failed_event_is_redelivered(scene: Scene) -> None:
    """A redelivery has its number, the reason and the same event id."""
    scene.slack.app.events = {"app_mention"}
    answers = iter([500, 200])
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        app.respond = lambda _body: web.Response(status=next(answers))
        await scene.ask()
        await scene.slack.wait_for_deliveries()
    (_, first), (headers, second) = app.requests
    assert headers["X-Slack-Retry-Num"] == "1"
    assert headers["X-Slack-Retry-Reason"] == "http_error"
    assert first["event_id"] == second["event_id"]


async def test_app_can_decline_redelivery(scene: Scene) -> None:
    """`X-Slack-No-Retry: 1` stops redelivery."""
    scene.slack.app.events = {"app_mention"}
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        app.respond = lambda _body: web.Response(status=500, headers={"X-Slack-No-Retry": "1"})
        await scene.ask()
        await scene.slack.wait_for_deliveries()
    assert len(app.requests) == 1
    assert scene.slack.deliveries[0].state == "given up"


async def test_slow_app_times_out(frozen: Scene) -> None:
    """After three seconds the event is redelivered."""
    frozen.slack.app.events = {"app_mention"}
    async with HttpApp(frozen.slack) as app:
        frozen.slack.request_url = app.url
        app.hold.clear()
        await frozen.ask()
        await app.wait_for_requests(1)
        frozen.slack.clock.advance(3)
        await app.wait_for_requests(2)
        app.hold.set()
        await frozen.slack.wait_for_deliveries()
    assert [ack.reason for ack in frozen.slack.deliveries[0].acks] == ["http_timeout", ""]
    assert app.requests[1][0]["X-Slack-Retry-Reason"] == "http_timeout"


async def test_unreachable_app_is_reported(scene: Scene) -> None:
    """A refused connection is `connection_failed`."""
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
    result = await scene.slack.command(scene.ana, scene.general, "/moa")
    assert (result.acknowledged, result.error) == (False, "connection_failed")


@pytest.mark.parametrize("fault", ["bad_signature", "signature_age"])
async def test_forged_and_stale_requests_can_be_sent(scene: Scene, fault: str) -> None:
    """Requests with a wrong or six-minute-old signature are sent for the app to reject."""
    scene.slack.app.events = {"app_mention"}
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        setattr(scene.slack.http, fault, 360)
        await scene.ask()
        await scene.slack.wait_for(lambda: len(scene.slack.deliveries[0].acks) == 2)
    assert (app.rejected, app.requests) == (2, [])


async def test_commands_are_forms_with_a_response(scene: Scene) -> None:
    """Plain text and JSON responses are both shown."""
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        app.respond = lambda _body: web.Response(text="plain reply")
        plain = await scene.slack.command(scene.ana, scene.general, "/moa", "a & b")
        app.respond = lambda _body: web.json_response({"text": "json reply"})
        rich = await scene.slack.command(scene.ana, scene.general, "/moa", "x")
        app.respond = lambda _body: web.Response(text="{", content_type="application/json")
        broken = await scene.slack.command(scene.ana, scene.general, "/moa", "x")
    assert app.requests[0][1]["text"] == "a & b"
    assert plain.message is not None
    assert rich.message is not None
    assert (plain.message.text, rich.message.text) == ("plain reply", "json reply")
    assert (broken.acknowledged, broken.message) == (True, None)


async def test_interactions_have_a_payload_field(scene: Scene) -> None:
    """A button click arrives in the form field `payload`."""
    blocks = [{"type": "actions", "elements": [button("show", value="run-1")]}]
    await scene.web.chat_postMessage(channel=scene.general.id, text="x", blocks=blocks)
    message = scene.slack.messages(scene.general)[0]
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        assert (await scene.slack.click(scene.ana, message, "show")).acknowledged
    payload = app.requests[0][1]
    assert (payload["type"], payload["actions"][0]["value"]) == ("block_actions", "run-1")


async def test_http_mode_can_be_turned_off(scene: Scene) -> None:
    """Without a request URL everything uses Socket Mode again."""
    scene.slack.request_url = "http://127.0.0.1:9/slack/events"
    scene.slack.request_url = None
    assert (await scene.slack.command(scene.ana, scene.general, "/moa")).error == "no_connection"
    with pytest.raises(RuntimeError, match="request_url"):
        _ = scene.slack.http
