"""response_url: five uses in half an hour, to post, replace or delete."""

from __future__ import annotations

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.state.models import SlackMessage
from tests.playground.apps import SocketApp, button, section
from tests.playground.conftest import Scene


async def _click(scene: Scene) -> tuple[SlackMessage, AsyncWebhookClient]:
    """Return a message with a button, and the webhook that a click on it created."""
    blocks = [{"type": "actions", "elements": [button("go")]}]
    sent = await scene.web.chat_postMessage(channel=scene.general.id, text="x", blocks=blocks)
    message = scene.slack.message(scene.general, sent["ts"])
    async with SocketApp(scene.slack):
        result = await scene.slack.click(scene.ana, message, "go")
    return message, AsyncWebhookClient(result.response_url)


async def test_url_is_valid_for_five_uses(scene: Scene) -> None:
    """The sixth use fails."""
    _, hook = await _click(scene)
    for number in range(5):
        assert (await hook.send(text=f"answer {number}")).body == "ok"
    sixth = await hook.send(text="one too many")
    assert (sixth.status_code, "used_url" in sixth.body) == (404, True)
    assert len(scene.slack.ephemerals(scene.ana, scene.general)) == 5


async def test_url_is_valid_for_half_an_hour(frozen: Scene) -> None:
    """After thirty minutes the URL fails."""
    url = (await frozen.slack.command(frozen.ana, frozen.general, "/moa")).response_url
    hook = AsyncWebhookClient(url)
    frozen.slack.clock.advance(1_800)
    assert (await hook.send(text="just in time")).status_code == 200
    frozen.slack.clock.advance(1)
    assert "expired_url" in (await hook.send(text="too late")).body
    unknown = AsyncWebhookClient(url[:-3] + "abc")
    assert "invalid_url" in (await unknown.send(text="x")).body


async def test_response_can_be_public(scene: Scene) -> None:
    """`in_channel` posts for everyone, in a thread if one is given."""
    message, hook = await _click(scene)
    await hook.send_dict(
        {
            "text": "public",
            "response_type": "in_channel",
            "thread_ts": message.ts,
            "unfurl_links": False,
            "unfurl_media": False,
        }
    )
    assert [m.text for m in scene.slack.messages(scene.general, message.ts)] == ["x", "public"]


async def test_response_can_replace_or_delete_the_original(scene: Scene) -> None:
    """The clicked message is updated or deleted."""
    message, hook = await _click(scene)
    await hook.send(text="replaced", blocks=[section("replaced")], replace_original=True)
    assert scene.slack.render(message) == "replaced"
    await hook.send(delete_original=True)
    assert scene.slack.messages(scene.general) == []


async def test_an_ephemeral_original_can_be_replaced_and_deleted(scene: Scene) -> None:
    """This is the only way to change an ephemeral message."""
    blocks = [{"type": "actions", "elements": [button("go")]}]
    tell = scene.web.chat_postEphemeral
    await tell(channel=scene.general.id, user=scene.ana.id, text="x", blocks=blocks)
    message = scene.slack.ephemerals(scene.ana, scene.general)[0]
    async with SocketApp(scene.slack) as app:
        result = await scene.slack.click(scene.ana, message, "go")
    assert app.requests[0].payload["container"]["is_ephemeral"]
    assert "message" not in app.requests[0].payload
    hook = AsyncWebhookClient(result.response_url)
    await hook.send(text="changed", replace_original=True)
    assert [m.text for m in scene.slack.ephemerals(scene.ana, scene.general)] == ["changed"]
    await hook.send(delete_original=True)
    assert scene.slack.ephemerals(scene.ana, scene.general) == []


async def test_deleted_original_cannot_be_changed(scene: Scene) -> None:
    """If a second click finds its message gone, the response is an error, not a crash."""
    _, hook = await _click(scene)
    await _assert_gone_after_deletion(hook)
    blocks = [{"type": "actions", "elements": [button("go")]}]
    tell = scene.web.chat_postEphemeral
    await tell(channel=scene.general.id, user=scene.ana.id, text="x", blocks=blocks)
    message = scene.slack.ephemerals(scene.ana, scene.general)[0]
    async with SocketApp(scene.slack):
        result = await scene.slack.click(scene.ana, message, "go")
    await _assert_gone_after_deletion(AsyncWebhookClient(result.response_url))


async def _assert_gone_after_deletion(hook: AsyncWebhookClient) -> None:
    assert (await hook.send(delete_original=True)).status_code == 200
    for again in (
        await hook.send(delete_original=True),
        await hook.send(text="changed", replace_original=True),
    ):
        assert (again.status_code, "message_not_found" in again.body) == (404, True)


async def test_responses_are_validated_like_messages(scene: Scene) -> None:
    """Invalid blocks, missing text and invalid JSON are rejected."""
    _, hook = await _click(scene)
    assert "invalid_blocks" in (await hook.send(text="x", blocks=[section("")])).body
    assert "no_text" in (await hook.send_dict({"response_type": "ephemeral"})).body
    async with aiohttp.ClientSession() as session:
        for body in ("{", "[]"):
            async with session.post(hook.url, data=body) as answer:
                assert (answer.status, "invalid_payload" in await answer.text()) == (400, True)
