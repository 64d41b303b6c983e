"""Unmodified Bolt works with the local Slack over Socket Mode and HTTP."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from tests.playground.apps import button, modal, plain_text, section
from tests.playground.conftest import Scene

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from bot.playground.server import LocalSlack


def _app(slack: LocalSlack) -> AsyncApp:
    """Return an app that answers mentions, direct messages, a command, a button and a form."""
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    app = AsyncApp(
        client=client, signing_secret=slack.signing_secret, raise_error_for_unhandled_request=False
    )

    async def mention(event: dict[str, Any], say: Any) -> None:
        blocks = [{"type": "actions", "elements": [button("show", "Show", value="run-1")]}]
        await say(text="mentioned", blocks=blocks, thread_ts=event["ts"])

    async def message(event: dict[str, Any], say: Any) -> None:
        if event["channel_type"] == "im":
            await say(text="messaged", thread_ts=event["ts"])

    async def command(ack: Any, respond: Any, command: dict[str, Any]) -> None:
        await ack("working")
        await respond(f"answer to {command['text']}")

    async def show(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        question = {
            "type": "input",
            "block_id": "why",
            "label": plain_text("Why"),
            "element": {"type": "plain_text_input", "action_id": "why"},
        }
        view = modal(section("*An answer*"), question, submit=plain_text("Go"), callback_id="form")
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def form(ack: Any, view: dict[str, Any]) -> None:
        reason = view["state"]["values"]["why"]["why"]["value"]
        await ack(response_action="errors", errors={"why": f"{reason} is no reason"})

    app.event("app_mention")(mention)
    app.event("message")(message)
    app.command("/moa")(command)
    app.action("show")(show)
    app.view("form")(form)
    return app


@asynccontextmanager
async def _served(app: AsyncApp) -> AsyncGenerator[str]:
    """Serve the app over HTTP with a thin adapter; yield its URL."""

    async def serve(request: web.Request) -> web.Response:
        bolt_request = AsyncBoltRequest(body=await request.text(), headers=dict(request.headers))
        answer = await app.async_dispatch(bolt_request)
        kind = answer.first_headers().get("content-type", "text/plain").split(";")[0]
        return web.Response(status=answer.status, text=answer.body, content_type=kind)

    application = web.Application()
    application.router.add_post("/", serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.fixture(params=["socket", "http"])
async def bolt(request: pytest.FixtureRequest, scene: Scene) -> AsyncGenerator[Scene]:
    """Yield a scene with that app running, over Socket Mode and over HTTP."""
    app = _app(scene.slack)
    if request.param == "socket":
        handler = AsyncSocketModeHandler(app, scene.slack.app_token)
        await handler.connect_async()
        await scene.slack.wait_for(lambda: scene.slack.connections)
        yield scene
        await handler.close_async()
        await handler.client.aiohttp_client_session.close()
        return
    async with _served(app) as address:
        scene.slack.request_url = address
        yield scene


async def test_bolt_answers_a_mention_and_a_direct_message(bolt: Scene) -> None:
    """Each event reaches its listener once."""
    slack = bolt.slack
    ts = await bolt.ask()
    direct = slack.dm(bolt.ana)
    private = await slack.post(bolt.ana, direct, "hi")
    await slack.wait_for(lambda: len(slack.messages(direct, private)) == 2)
    await slack.wait_for(lambda: len(slack.messages(bolt.general, ts)) == 2)
    await slack.wait_for_deliveries()
    assert [m.text for m in slack.messages(bolt.general, ts)[1:]] == ["mentioned"]
    assert [m.text for m in slack.messages(direct, private)[1:]] == ["messaged"]


async def test_bolt_answers_a_command(bolt: Scene) -> None:
    """The acknowledgement and the response_url both reach the asker."""
    result = await bolt.slack.command(bolt.ana, bolt.general, "/moa", "why")
    assert result.acknowledged
    ephemerals = bolt.slack.ephemerals
    await bolt.slack.wait_for(lambda: len(ephemerals(bolt.ana, bolt.general)) == 2)
    assert {m.text for m in ephemerals(bolt.ana, bolt.general)} == {"working", "answer to why"}


async def test_bolt_opens_a_modal_and_answers_its_form(bolt: Scene) -> None:
    """A button opens a modal whose input then shows an error."""
    slack = bolt.slack
    ts = await bolt.ask()
    await slack.wait_for(lambda: len(slack.messages(bolt.general, ts)) == 2)
    assert (await slack.click(bolt.ana, slack.messages(bolt.general, ts)[1], "show")).acknowledged
    view = await slack.wait_for(lambda: slack.current_modal(bolt.ana))
    assert view is not None
    assert slack.render(view).split("\n")[:2] == ["== Answers ==", "*An answer*"]
    result = await slack.submit(bolt.ana, view, {"why": "so"})
    assert result.errors == {"why": "so is no reason"}
    assert slack.current_modal(bolt.ana) is view


async def test_bolt_rejects_unsigned_requests(scene: Scene) -> None:
    """An unsigned request gets 401, so the tests above did check signatures."""
    async with (
        _served(_app(scene.slack)) as address,
        aiohttp.ClientSession() as session,
        session.post(address, data="{}") as answer,
    ):
        assert answer.status == 401
