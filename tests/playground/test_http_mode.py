"""HTTP mode: signed requests, which the SDK's verifier accepts, and repeated ones."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.playground.apps import HttpApp, button
from tests.playground.conftest import Scene


async def test_an_event_is_signed_and_acknowledged(scene: Scene) -> None:
    """The SDK's own verifier accepts the signature, and a 200 is the acknowledgement."""
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        await scene.ask()
        await scene.slack.wait_for_deliveries()
    kinds = sorted(body["event"]["type"] for _, body in app.requests)
    assert kinds == ["app_mention", "message"]
    assert "X-Slack-Retry-Num" not in app.requests[0][0]


async def test_the_address_is_verified_by_a_challenge(scene: Scene) -> None:
    """`url_verification` passes where the app returns the challenge."""
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        app.respond = lambda body: web.Response(text=body["challenge"])
        assert await scene.slack.http.verify()
        app.respond = lambda _body: web.Response(text="?")
        assert not await scene.slack.http.verify()


async def test_a_failing_app_is_asked_again(scene: Scene) -> None:
    """A repetition carries its number and the reason, and the same event id."""
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


async def test_an_app_can_decline_repetition(scene: Scene) -> None:
    """`X-Slack-No-Retry: 1` ends it."""
    scene.slack.app.events = {"app_mention"}
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        app.respond = lambda _body: web.Response(status=500, headers={"X-Slack-No-Retry": "1"})
        await scene.ask()
        await scene.slack.wait_for_deliveries()
    assert len(app.requests) == 1
    assert scene.slack.deliveries[0].state == "given up"


async def test_a_slow_app_is_not_waited_for(still: Scene) -> None:
    """After three seconds the event counts as not received, and comes again."""
    still.slack.app.events = {"app_mention"}
    async with HttpApp(still.slack) as app:
        still.slack.request_url = app.url
        app.hold.clear()
        await still.ask()
        await app.arrived(1)
        still.slack.clock.advance(3)
        await app.arrived(2)
        app.hold.set()
        await still.slack.wait_for_deliveries()
    assert [ack.reason for ack in still.slack.deliveries[0].acks] == ["http_timeout", ""]
    assert app.requests[1][0]["X-Slack-Retry-Reason"] == "http_timeout"


async def test_an_app_that_is_not_there_is_noticed(scene: Scene) -> None:
    """A refused connection has its own reason."""
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
    result = await scene.slack.command(scene.ana, scene.general, "/moa")
    assert (result.acknowledged, result.error) == (False, "connection_failed")


@pytest.mark.parametrize("spoil", ["bad_signature", "signature_age"])
async def test_forged_and_stale_requests_can_be_tried(scene: Scene, spoil: str) -> None:
    """A wrong signature and one of six minutes ago are sent as they are, for the app to refuse."""
    scene.slack.app.events = {"app_mention"}
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        setattr(scene.slack.http, spoil, 360)
        await scene.ask()
        await scene.slack.wait_for(lambda: len(scene.slack.deliveries[0].acks) == 2)
    assert (app.refused, app.requests) == (2, [])


async def test_commands_come_as_a_form_and_are_answered(scene: Scene) -> None:
    """Plain text and JSON in the response are both shown."""
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        app.respond = lambda _body: web.Response(text="plain words")
        plain = await scene.slack.command(scene.ana, scene.general, "/moa", "a & b")
        app.respond = lambda _body: web.json_response({"text": "json words"})
        rich = await scene.slack.command(scene.ana, scene.general, "/moa", "x")
        app.respond = lambda _body: web.Response(text="{", content_type="application/json")
        broken = await scene.slack.command(scene.ana, scene.general, "/moa", "x")
    assert app.requests[0][1]["text"] == "a & b"
    assert plain.message is not None
    assert rich.message is not None
    assert (plain.message.text, rich.message.text) == ("plain words", "json words")
    assert (broken.acknowledged, broken.message) == (True, None)


async def test_interactions_come_as_a_payload(scene: Scene) -> None:
    """A pressed button arrives as the form field `payload`."""
    blocks = [{"type": "actions", "elements": [button("show", value="run-1")]}]
    await scene.web.chat_postMessage(channel=scene.general.id, text="x", blocks=blocks)
    message = scene.slack.messages(scene.general)[0]
    async with HttpApp(scene.slack) as app:
        scene.slack.request_url = app.url
        assert (await scene.slack.click(scene.ana, message, "show")).acknowledged
    payload = app.requests[0][1]
    assert (payload["type"], payload["actions"][0]["value"]) == ("block_actions", "run-1")


async def test_http_mode_can_be_left_again(scene: Scene) -> None:
    """Without a request URL everything goes over Socket Mode again."""
    scene.slack.request_url = "http://127.0.0.1:9/slack/events"
    scene.slack.request_url = None
    assert (await scene.slack.command(scene.ana, scene.general, "/moa")).error == "no_connection"
    with pytest.raises(RuntimeError, match="request_url"):
        _ = scene.slack.http
